"""Fits plain JSON values into a struct and says exactly which value does not fit."""

import re
from typing import Any, TypeVar

import msgspec

from shop.languages import N_
from shop.languages import gettext as _
from shop.platforms.json_tree import shown
from shop.platforms.records import BadRecord

T = TypeVar("T")

STEP = re.compile(r"\.([^.\[]+)|\[([0-9]+|\.\.\.)\]")
LARGEST_ID = 2**63  # beyond the database's whole numbers
MISSING = re.compile(r"missing required field `([^`]+)`")
EXPECTED = re.compile(r"Expected `([^`]+)`")
KINDS = {"str": N_("a text"), "bool": N_("true or false"), "array": N_("a list"), "object": N_("an object")}
TOGETHER = (  # as a refusal joins them, so that it can be said anew
    N_("a text or null"),
    N_("a number or null"),
    N_("a number or a text"),
    N_("a text or a number"),
    N_("a number or a text or null"),
    N_("a text or a number or null"),
    N_("true or false or null"),
    N_("a list or null"),
    N_("an object or null"),
)


def fit(tree: Any, shape: type[T]) -> T:
    """Return the struct; whole numbers where a text is meant (an EAN, an order's number) are taken as their digits."""
    mended: set[tuple[str, ...]] = set()
    while True:
        try:
            return msgspec.convert(tree, shape)
        except msgspec.ValidationError as error:
            message, path = parted(error)
            place = tuple(key or "[]" for key, _index in STEP.findall(path))
            if "`str" not in message or place in mended or not digits_to_text(tree, place):
                raise refusal(tree, message, path) from error
            mended.add(place)


def parted(error: msgspec.ValidationError) -> tuple[str, str]:
    """Return msgspec's message and its path."""
    message, _at, path = str(error).partition(" - at `")
    return message, path.rstrip("`") or "$"


def digits_to_text(tree: Any, place: tuple[str, ...]) -> bool:
    """Turn integers at the place, in every element of its lists, into text; says whether there were any."""
    if not place:
        return False
    holders, found = [tree], False
    for step in place[:-1]:
        holders = [child for holder in holders for child in children(holder, step)]
    for holder in holders:
        if isinstance(holder, dict) and type(holder.get(place[-1])) is int:
            holder[place[-1]] = str(holder[place[-1]])
            found = True
    return found


def children(holder: Any, step: str) -> list[Any]:
    if isinstance(holder, list):
        return holder if step == "[]" else []
    return [holder[step]] if isinstance(holder, dict) and step in holder else []


def refusal(tree: Any, message: str, path: str) -> BadRecord:
    """Make the refusal with its place and a sentence about what stands there."""
    if missing := MISSING.search(message):
        return BadRecord(
            "missing_field", f"{path}.{missing[1]}", _("The field “%(name)s” is missing.", name=missing[1])
        )
    value = value_at(tree, path)
    expected = EXPECTED.search(message)
    kinds = " or ".join(dict.fromkeys(map(word, expected[1].split(" | ")))) if expected else ""
    if value is None:
        said = _("The value is null; it must be %(kinds)s.", kinds=kinds)
        return BadRecord("missing_field", path, said if expected else f"The value is null; {message}.")
    if type(value) is int and abs(value) >= LARGEST_ID:
        return BadRecord("out_of_range", path, _("%(value)s is too large a number.", value=shown(str(value))))
    said = _("The value is %(value)s; it must be %(kinds)s.", value=spoken(value), kinds=kinds)
    return BadRecord("bad_value", path, said if expected else f"The value is {spoken(value)}; {message}.")


def value_at(tree: Any, path: str) -> Any:
    for key, index in STEP.findall(path):
        tree = tree[key] if key else tree[int(index)]
    return tree


def word(kind: str) -> str:
    """Return a type of JSON in the words of people."""
    return KINDS.get(kind, kind) if kind not in ("int", "float") else N_("a number")


def spoken(value: object) -> str:
    """Name a value in a sentence: texts and numbers as they are, the rest by their kind."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return shown(str(value))
    names = {type(None): "null", bool: "true or false", list: "a list"}
    return names.get(type(value), "an object")
