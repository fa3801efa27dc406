"""Catalogues: words, forms that go with a count, and stored sentences that are said anew."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shop.catalogues import Catalogue
from shop.languages import AT_WORK, CZECH, ENGLISH, gettext, language, ngettext, retold, said, spoken

Written = Callable[[str], Catalogue]
FILE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=3; plural=(n == 1 ? 0 : n >= 2 && n <= 4 ? 1 : 2);\\n"

#: shop/work.py
msgid "Nothing was changed."
msgstr "Nic se nezměnilo."

#: shop/work.py
msgid "The file is cut off after line %(line)s."
msgstr "Soubor je za řádkem %(line)s useknutý."

#: shop/work.py
msgid "%(what)s waits for %(who)s."
msgstr "Čeká: %(what)s, na: %(who)s."

#: shop/work.py
msgid "Stored %(orders)s of %(most)s. Go on at %(shop)s."
msgstr "Uloženo %(orders)s z %(most)s. Pokračujte v obchodě %(shop)s."

#: shop/work.py
msgid "order"
msgid_plural "orders"
msgstr[0] "objednávka"
msgstr[1] "objednávky"
msgstr[2] "objednávek"

#: shop/work.py
msgid "%(num)s order waits in %(shop)s"
msgid_plural "%(num)s orders wait in %(shop)s"
msgstr[0] "%(num)s objednávka čeká v %(shop)s"
msgstr[1] "%(num)s objednávky čekají v %(shop)s"
msgstr[2] "%(num)s objednávek čeká v %(shop)s"

msgid "%(file)s is here"
msgstr "%(file)s je zde"

#, fuzzy
msgid "A guess"
msgstr "Odhad"
"""


@pytest.fixture
def czech(tmp_path: Path) -> Catalogue:
    place = tmp_path / "cs" / "LC_MESSAGES"
    place.mkdir(parents=True)
    (place / "a.po").write_text(FILE, encoding="utf-8")
    return Catalogue(tmp_path / "cs")


def test_a_sentence_is_looked_up_and_what_is_unknown_or_guessed_stays(czech: Catalogue) -> None:
    assert czech.word("Nothing was changed.") == "Nic se nezměnilo."
    assert czech.word("Something else") == "Something else"
    assert czech.word("A guess") == "A guess", "a fuzzy entry is nobody's word yet"


@pytest.mark.parametrize(
    ("count", "form"), [(0, "objednávek"), (1, "objednávka"), (2, "objednávky"), (4, "objednávky"), (5, "objednávek"), (22, "objednávek"), (-1, "objednávka")]
)  # fmt: skip
def test_czech_has_three_forms(czech: Catalogue, count: int, form: str) -> None:
    assert czech.counted("order", "orders", count) == form


def test_a_language_without_files_says_everything_as_it_is(tmp_path: Path) -> None:
    plain = Catalogue(tmp_path)
    assert (plain.counted("order", "orders", 1), plain.counted("order", "orders", 3)) == ("order", "orders")
    assert plain.retold("Nothing was changed.") == "Nothing was changed."


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("Nothing was changed.", "Nic se nezměnilo."),
        ("The file is cut off after line 1\u00a0204.", "Soubor je za řádkem 1\u00a0204 useknutý."),
        ("The file is cut off after line 3. Nothing was changed.", "Soubor je za řádkem 3 useknutý. Nic se nezměnilo."),
        ("Stored 3 of 5. Go on at Praha. Nothing was changed.", "Uloženo 3 z 5. Pokračujte v obchodě Praha. Nic se nezměnilo."),
        ("3\u00a0orders", "3\u00a0objednávky"),
        ("1\u00a0204\u00a0orders", "1\u00a0204\u00a0objednávek"),
        ("5 orders wait in Brno", "5 objednávek čeká v Brno"),
        ("3\u00a0orders waits for Nothing was changed..", "Čeká: 3\u00a0objednávky, na: Nic se nezměnilo.."),
        ("The platform says: über", "The platform says: über"),
        ("a.json is here", "a.json is here"),  # only a page's own label
        ("Nothing was changed. The platform says: no", "Nic se nezměnilo. The platform says: no"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_stored_sentence_is_said_anew_with_what_stands_in_it(czech: Catalogue, stored: str, told: str) -> None:
    assert czech.retold(stored) == told


def test_a_sentence_of_strangers_is_not_taken_for_a_pattern_of_ours(czech: Catalogue) -> None:
    """A long text without an end must not keep a page waiting either: patterns are tried, never nested."""
    text = "The file is cut off after line " * 2_000
    assert czech.retold(text) == text.strip() or czech.retold(text) == text


def test_outside_of_a_request_everything_is_english_as_it_was() -> None:
    assert language() is AT_WORK
    assert gettext("Order %(code)s is gone.", code="7%") == "Order 7% is gone."
    assert ngettext("%(num)s order waits", "%(num)s orders wait", 1204) == "1\u00a0204 orders wait"
    assert retold(None) == ""


def test_a_language_is_spoken_for_a_while_and_then_the_one_before() -> None:
    with spoken(CZECH.code) as now:
        assert now is CZECH
        assert said("Orders") == "Objednávky"
        with spoken(ENGLISH.code):
            assert said("Orders") == "Orders"
        assert said("Praha") == "Praha"
    assert said("Orders") == "Orders"


def test_a_short_sentence_of_values_is_known_by_them() -> None:
    with spoken(CZECH.code):
        assert retold("12 of 1\u00a0204") == "12 z 1\u00a0204"
        assert retold("relation orders of that name is gone") == "relation orders of that name is gone"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text", ["x, " * 330, "a and b, " * 100, "The platform says no. " * 45, "a of b in c: " * 70, "=1, " * 5_000]
)
def test_a_text_of_strangers_costs_a_page_no_more_than_a_look(text: str) -> None:
    """Five values between commas, tried in every way, would take an expression most of a minute."""
    with spoken(CZECH.code):
        assert retold(text.strip()) == text.strip()
