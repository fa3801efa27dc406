"""Search words: folded text, tsvector literals for the loader, tsquery literals for the search box."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# Letters that Unicode does not take apart into a base letter and a mark, though readers type them without it.
STROKES = str.maketrans({
    "ł": "l", "đ": "d", "ð": "d", "ø": "o", "ħ": "h", "ŧ": "t", "ı": "i",
    "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th",
})  # fmt: skip
BETWEEN_WORDS = re.compile(r"[\W_]+")
SKU, ITEM_TYPE, COUNTRY, CURRENCY, PAID = "#", "%", "~", "$", "="  # what stands before a lexeme that is no word
LONGEST_WORD = 200  # characters; PostgreSQL takes lexemes up to 2,046 bytes
MOST_TEXT = 250_000  # characters of one vector; PostgreSQL takes a megabyte
MOST_ASKED = 12  # words of one search


def fold(text: str) -> str:
    """Return the text in lower case and without accents: Žluťoučký → zlutoucky."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return plain.lower().translate(STROKES)


def words(text: str) -> list[str]:
    """Return the folded words of a name: what stands between spaces and punctuation."""
    return [word for word in BETWEEN_WORDS.split(fold(text)) if word]


@lru_cache(maxsize=4096)
def marks(country: str | None, currency: str, paid: bool | None) -> frozenset[str]:
    """Return the lexemes by which an order is found by what is no word of it: its country, its currency, its payment."""
    found = {CURRENCY + fold(currency), PAID + {True: "yes", False: "no", None: "unknown"}[paid]}
    return frozenset(found | {COUNTRY + fold(country)} if country else found)


def vector(lexemes: Iterable[str]) -> str:
    """Return a tsvector literal of lexemes that are folded already; the same set always gives the same text."""
    kept = sorted({lexeme[:LONGEST_WORD] for lexeme in lexemes if lexeme})
    if len(kept) * LONGEST_WORD > MOST_TEXT:
        kept = fitting(kept)
    return " ".join(map(quoted, kept))


def query(text: str, within: str = "") -> str:
    """Return a tsquery literal that finds rows with every word of the text, empty where it has none.

    A word matches as the beginning of a lexeme or of a SKU; one with punctuation inside also matches part by part.
    `within` is what stands before every lexeme of the vector that is looked into.
    """
    asked = fold(text).replace("\0", "").split()[:MOST_ASKED]
    return " & ".join(found for word in asked if (found := asking(word, within)))


def exactly(lexeme: str, within: str = "") -> str:
    """Return a tsquery literal that finds rows with exactly this folded lexeme."""
    return quoted(within + lexeme[:LONGEST_WORD])


def of_shop(shop_id: int) -> str:
    """Return what stands before every lexeme of one shop in the index that knows whose words they are."""
    return f"{shop_id}:"


def asking(word: str, within: str) -> str:
    """Return the alternatives of one typed word."""

    def beginning(start: str) -> str:
        return exactly(start, within) + ":*"

    if word.startswith(SKU) and len(word) > 1:
        return beginning(word)
    whole = word.lstrip(SKU + ITEM_TYPE + COUNTRY + CURRENCY + PAID)
    if not whole:
        return ""
    parts = words(whole)
    found = [beginning(whole), beginning(SKU + whole)]
    if parts and parts != [whole]:
        found.append("(" + " & ".join(map(beginning, parts)) + ")")
    return "(" + " | ".join(found) + ")"


def quoted(lexeme: str) -> str:
    """Return the lexeme as PostgreSQL reads it back unchanged, whatever characters it is made of."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def fitting(lexemes: list[str]) -> list[str]:
    """Return as many lexemes as one vector can hold; an order with that many SKUs is found by the first of them."""
    kept, room = [], MOST_TEXT
    for lexeme in lexemes:
        room -= len(lexeme)
        if room < 0:
            break
        kept.append(lexeme)
    return kept
