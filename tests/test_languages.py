"""Two languages: nothing that people read is left out of the catalogue, and what is in it says the same."""

import ast
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from babel import Locale
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from shop import languages, sentences
from shop.catalogues import Catalogue, catalogue
from shop.db import raw_connection
from tests import hostile
from tests.builders import signed_in
from tests.hostile import make_hostile
from tests.house import pages, whole_house
from tests.html_tree import INLINE, Node, parsed

OPENED, CLOSED = "⟦", "⟧"
TRANSLATED = re.compile(f"{OPENED}[^{OPENED}{CLOSED}]*{CLOSED}")
WORD = re.compile(r"[^\W\d_]{2,}")
ADDRESS = re.compile(
    r"\S*[/@=]\S*|\w+_\w+|\.\w+|\b[0-9a-f]{6,}\b|`[^`]*`"
)  # addresses, ends of files, hashes, what one types
READ_ALOUD = ("title", "aria-label", "placeholder", "alt", "data-words", "aria-description")
AS_IT_IS = ("code", "kbd", "pre", "script", "style")
UNDRAWN = (".json", ".csv", "/metrics", "/live", "/ready", "/progress")
ONLY = os.environ.get("PULT_PAGES", "")  # look at pages that begin so, while one translates
CZECH = Locale("cs")
NAMES = {  # the same in both languages
    "Pult", "English", "Čeština", "Czech", "numbers", "and", "days", "Ctrl", "Esc", "CZ", "min", "kB", "MB", "GB", "API", "SKU", "EAN", "CSV", "JSON", "GUID", "TLS",
    "SMTP", "Shoptet", "WooCommerce", "PostgreSQL", "Redis", "UTC", "CET", "CEST", "CZK", "EUR", "Kč", "ms",
} | {word for names in (CZECH.days, CZECH.months) for widths in names.values() for all_ in widths.values() for word in WORD.findall(" ".join(all_.values()))}  # fmt: skip


class Pseudo(Catalogue):
    """A language in which every sentence stands in brackets: what stands outside them was never translated."""

    def word(self, text: str, _context: str = "") -> str:
        return f"{OPENED}{text}{CLOSED}"

    def counted(self, one: str, many: str, count: int) -> str:
        return f"{OPENED}{one if count == 1 else many}{CLOSED}"

    def said_anew(self, sentence: str) -> str:
        return f"{OPENED}{sentence}{CLOSED}"


def outside(text: str) -> set[str]:
    """Return the words of a text that stand in no brackets."""
    while (left := TRANSLATED.sub(" ", text)) != text:
        text = left
    return {word for word in WORD.findall(ADDRESS.sub(" ", text)) if word not in NAMES}


def read_texts(node: Node) -> Iterator[str]:
    """Yield every text of a page that somebody reads or hears, a block at a time: a sentence may have tags inside."""
    run: list[str] = []
    for piece in pieces(node):
        if piece is None:
            yield "".join(run)
            run.clear()
        else:
            run.append(piece)
    yield "".join(run)
    for child in node.all():
        if child.tag not in AS_IT_IS:
            yield from (child[name] for name in READ_ALOUD if child.get(name))


def pieces(node: Node) -> Iterator[str | None]:
    """Yield the texts inside, and None where a block begins or ends."""
    for child in node.inside:
        if isinstance(child, str):
            yield child
        elif child.tag in AS_IT_IS:
            yield " "
        else:
            edge = [] if child.tag in INLINE else [None]
            yield from (*edge, *pieces(child), *edge)


def untranslated(html: str, asked_for: set[str]) -> set[str]:
    return {" ".join(text.split())[:120] for text in read_texts(parsed(html)) if outside(text) - asked_for}


def test_no_page_says_a_word_that_is_not_in_the_catalogue(
    app: Flask, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every text of the database is a number here, so that each word that is left is one of ours."""
    house = whole_house(app, db)
    # A code of its own: what is kept of pages made in Czech, before or after, is not shown for it, nor the other way round.
    monkeypatch.setitem(languages.LANGUAGES, "pseudo", replace(languages.CZECH, code="pseudo", words="pseudo"))
    house.owner.language = "pseudo"
    db.session.commit()
    addresses = [address for _, address in pages(app, db) if not address.partition("?")[0].endswith(UNDRAWN)]
    monkeypatch.setattr(hostile, "hostile", lambda number: f"{number % 97}")
    monkeypatch.setattr(hostile, "KEPT", {**hostile.KEPT, "staff.language": "it is what this test is about"})
    browser = signed_in(app.test_client(), house.owner)
    db.session.remove()
    with raw_connection(autocommit=True) as connection:
        make_hostile(connection)
    pseudo = Pseudo(Path("no folder"))
    monkeypatch.setattr(languages, "catalogue", lambda words: pseudo if words == "pseudo" else catalogue(words))
    found = defaultdict(set)
    for address in addresses:
        if address.startswith(ONLY):
            with browser.get(address) as answer:
                if answer.status_code == 200 and answer.mimetype == "text/html":
                    asked_for = set(WORD.findall(address.partition("?")[2]))
                    for text in untranslated(answer.get_data(as_text=True), asked_for):
                        found[text].add(address)
    lines = [f"{min(where)}: {text}" for text, where in sorted(found.items(), key=lambda pair: sorted(pair[1]))]
    assert not lines, "\n".join(["words in no catalogue:", *lines])


def placeholders(text: str) -> list[str]:
    return sorted(set(re.findall(r"%\((\w+)\)s", text)))


def test_every_sentence_of_the_sources_is_translated() -> None:
    known = sentences.known("cs")
    assert sorted(map(str, sentences.everything().messages - set(known))) == []


def test_translations_say_what_is_asked_with_the_same_values() -> None:
    wrong = []
    for message, translated in sentences.known("cs").items():
        texts = message if isinstance(message, tuple) else (message,)
        forms = translated if isinstance(translated, tuple) else (translated,)
        asked = {name for text in texts for name in placeholders(text)}
        wrong += [f"{texts[0]}: {form}" for form in forms if set(placeholders(form)) - {"num"} != asked - {"num"}]
        wrong += [f"{texts[0]}: {form}" for form in forms if form.count("<") != texts[0].count("<")]
    assert wrong == []


def test_the_files_hold_what_the_sources_say_and_nothing_else() -> None:
    said = sentences.everything().messages
    nouns = {message[0] for message in said if isinstance(message, tuple)}
    assert set(sentences.known("cs")) <= said | nouns


def test_no_function_that_says_sentences_has_another_underscore() -> None:
    """`_` as the name of what nobody needs would take the place of gettext, and fail where a sentence is said."""
    wrong = []
    for file in sorted((sentences.ROOT / "shop").rglob("*.py")):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                names = [node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == "_"]
                says = any(isinstance(node.ctx, ast.Load) for node in names)
                if says and any(isinstance(node.ctx, ast.Store) for node in names):
                    wrong.append(f"{file.name}: {function.name}")
    assert wrong == []
