"""Search words: what is folded alike finds each other, whatever characters it is made of."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection

from shop.search import LONGEST_WORD, exactly, fold, marks, query, vector, words

# Whatever text can stand in a column: everything but NUL and lone surrogates.
texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=30)


def finds(sweeper: Connection[Any], lexemes: set[str], typed: str) -> bool:
    return matches(sweeper, vector(lexemes), query(typed))


def matches(sweeper: Connection[Any], stored: str, asked: str) -> bool:
    row = sweeper.execute("SELECT %s::tsvector @@ %s::tsquery", (stored, asked)).fetchone()
    assert row is not None
    return bool(row[0])


def test_letters_lose_their_accents_and_capitals() -> None:
    assert fold("Žluťoučký KŮŇ") == "zlutoucky kun"
    assert fold("Łódź, Größe, Æther, İstanbul, ﬁnance ™") == "lodz, grosse, aether, istanbul, finance tm"
    assert fold("ABC-123") == "abc-123"


@given(texts)
def test_folding_twice_is_folding_once(typed: str) -> None:
    assert fold(fold(typed)) == fold(typed)


def test_a_name_is_cut_at_spaces_and_punctuation() -> None:
    assert words("Jana Nováková-Malá, s.r.o.") == ["jana", "novakova", "mala", "s", "r", "o"]
    assert words(" -- ") == []


def test_the_same_words_always_give_the_same_vector() -> None:
    assert vector(["b", "a", "b", ""]) == vector({"a", "b"}) == "'a' 'b'"


def test_every_word_must_be_found_each_as_a_beginning(sweeper: Connection[Any]) -> None:
    lexemes = {"jana", "novakova", "jana.n@example.com", "2026001", "#ab-12", "%product"}
    for typed in ("nov", "Nováková jan", "JANA.N@", "2026", "ab-1", "#AB-12", "jana ab-12"):
        assert finds(sweeper, lexemes, typed), typed
    for typed in ("novotny", "jana petr", "ana", "b-12", "product", "%product", "#b"):
        assert not finds(sweeper, lexemes, typed), typed


def test_a_name_with_punctuation_is_found_as_it_is_written(sweeper: Connection[Any]) -> None:
    assert finds(sweeper, set(words("Jana Nováková-Malá")), "nováková-malá")
    assert finds(sweeper, set(words("Shane O'Brien")), "o'brien")


@settings(max_examples=200, deadline=None)
@given(st.sets(texts, max_size=5), texts)
def test_no_text_breaks_a_vector_or_a_query(sweeper: Connection[Any], stored: set[str], typed: str) -> None:
    finds(sweeper, {fold(lexeme) for lexeme in stored}, typed)


@settings(max_examples=200, deadline=None)
@given(st.sets(texts.map(fold).filter(bool), min_size=1, max_size=5))
def test_what_was_stored_is_found_exactly(sweeper: Connection[Any], stored: set[str]) -> None:
    for lexeme in stored:
        assert matches(sweeper, vector(stored), exactly(lexeme)), lexeme


def test_nothing_typed_finds_nothing(sweeper: Connection[Any]) -> None:
    assert query("  ") == ""
    assert not finds(sweeper, {"a"}, "  ")


def test_very_long_words_and_very_many_of_them_still_fit(sweeper: Connection[Any]) -> None:
    long = "x" * 5000
    assert finds(sweeper, {long}, long)
    assert len(vector({long})) == LONGEST_WORD + 2
    many = {f"sku-{number:06}-{'y' * 90}" for number in range(9000)}
    assert finds(sweeper, many, "sku-000000")


def test_marks_name_country_currency_and_payment() -> None:
    assert marks("CZ", "CZK", paid=True) == {"~cz", "$czk", "=yes"}
    assert marks(None, "EUR", paid=None) == {"$eur", "=unknown"}
