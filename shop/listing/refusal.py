"""The refusal of an address that a list cannot read."""

from collections.abc import Iterable

from shop.errors import ShopError
from shop.languages import gettext as _


class BadListing(ShopError):
    """A parameter or its value is not one that the list knows; the sentence names it and what is allowed."""


def refused(name: str, given: str, allowed: str) -> BadListing:
    """Return the refusal of one value."""
    return BadListing(
        _(
            "“%(given)s” is not a value of “%(name)s”. It takes %(allowed)s.",
            given=shown(given),
            name=name,
            allowed=allowed,
        )
    )


def unknown(name: str, known: Iterable[str]) -> BadListing:
    """Return the refusal of a parameter that does not exist."""
    return BadListing(
        _("“%(name)s” is not a parameter of this list. It takes %(known)s.", name=shown(name), known=", ".join(known))
    )


def shown(text: str) -> str:
    """Return what was given, short enough for a sentence and without what cannot be printed."""
    printable = "".join(letter if letter.isprintable() else "�" for letter in text)
    return printable if len(printable) <= 60 else printable[:59] + "…"
