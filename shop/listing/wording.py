"""Pieces of which filters say themselves, in the language spoken."""

from collections.abc import Iterable, Mapping

from shop.languages import gettext as _
from shop.languages import said


def listed(words: Mapping[str, object]) -> str:
    """Say which words there are: yes, no or unknown."""
    *first, last = words
    return either((", ".join(first), last)) if first else last


def spoken_of(spoken: str, words: str) -> str:
    """Put the words of a value where its {} is, else behind what is said of it."""
    found = said(spoken)
    return found.format(words) if "{}" in found else f"{found} {words}".strip()


def either(words: Iterable[str]) -> str:
    return _(" or ").join(words)


def quoted(text: str) -> str:
    """Return a text between the quotation marks of the language spoken."""
    return f"{_('“')}{text}{_('”')}"
