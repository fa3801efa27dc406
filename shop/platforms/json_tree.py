"""Parses one JSON line into plain values, refusing what is no JSON, no UTF-8 or no honest object."""

import json
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from shop.languages import gettext as _
from shop.platforms.records import BadRecord

BOM = b"\xef\xbb\xbf"
DEEPEST = 64
MOST_KEYS = 2_000  # of one object
MOST_DIGITS = 1_000  # of one number; more than the 900 that the fast way is sure to see
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # also of whole pairs; those pass the closer look
REPLACED = {code: "\ufffd" for code in range(32) if chr(code) not in "\t\n\r"}


class Malformed(str):
    """Stands in the tree for a number that is none, until its place is known."""

    __slots__ = ()


def parse(raw: bytes) -> Any:
    """Return the line's value. Numbers that a float would bend are strings of just what was written."""
    text = decoded(raw.removeprefix(BOM))
    parts = Parts()
    try:
        tree = json.loads(
            text,
            object_pairs_hook=parts.object_of,
            parse_float=parts.fraction,
            parse_int=parts.whole,
            parse_constant=parts.malformed,
        )
    except json.JSONDecodeError as error:
        raise BadRecord(
            "not_json", "$", _("The line is not JSON: %(what)s at character %(at)s.", what=error.msg, at=error.pos + 1)
        ) from error
    except RecursionError as error:
        raise too_deep() from error
    if depth_of(tree) > DEEPEST:
        raise too_deep()
    if parts.suspicious or SURROGATE.search(text):
        refuse_first(tree, parts.doubled)
    return tree


class Parts:
    """Makes the objects and numbers of one line, and remembers whether one of them must not pass."""

    def __init__(self) -> None:
        self.suspicious = False
        self.doubled: list[tuple[dict[str, Any], str]] = []  # objects with a key given twice

    def object_of(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _value in pairs]
            self.doubled.append((found, next(key for key in keys if keys.count(key) > 1)))
            self.suspicious = True
        elif len(found) > MOST_KEYS:
            self.suspicious = True
        return found

    def fraction(self, token: str) -> float | str:
        """Return a float where it is exact, else what was written, for Decimal to read."""
        if len(token) > MOST_DIGITS:
            return self.malformed(token)
        value = float(token)
        if math.isinf(value):
            return token  # refused where it is read, harmless elsewhere
        exponent = "e" in token or "E" in token
        return value if exponent or Decimal(repr(value)) == Decimal(token) else token

    def whole(self, token: str) -> int | str:
        return int(token) if len(token) <= MOST_DIGITS else self.malformed(token)

    def malformed(self, token: str) -> Malformed:
        self.suspicious = True
        return Malformed(token)


def too_deep() -> BadRecord:
    return BadRecord("too_deep", "$", _("The line is nested deeper than %(most)s levels.", most=DEEPEST))


def decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        if error.end == len(raw) and error.reason == "unexpected end of data":
            raise BadRecord("not_json", "$", _("The line breaks off in the middle of a letter.")) from error
        raise BadRecord(
            "not_utf8", "$", _("The line is not UTF-8 text: byte %(at)s cannot be read.", at=error.start + 1)
        ) from error


def depth_of(tree: Any) -> int:
    """Return how many objects and lists stand inside one another; stops counting one above what is allowed."""
    depth, level = 0, [tree]
    while (level := [each for each in level if isinstance(each, dict | list)]) and depth <= DEEPEST:
        depth += 1
        level = [child for each in level for child in (each.values() if isinstance(each, dict) else each)]
    return depth


def refuse_first(tree: Any, doubled: list[tuple[dict[str, Any], str]]) -> None:
    """Refuse the first thing that must not pass, in the order of the file, with its place."""
    for path, value in walk(tree):
        if isinstance(value, Malformed):
            raise BadRecord("bad_number", path, _("%(value)s is not a number that can be kept.", value=shown(value)))
        if isinstance(value, str):
            refuse_surrogates(path, value)
        elif isinstance(value, dict):
            inspect_object(path, value, doubled)


def inspect_object(path: str, found: dict[str, Any], doubled: list[tuple[dict[str, Any], str]]) -> None:
    for holder, key in doubled:
        if holder is found:
            raise BadRecord(
                "duplicate_key", f"{path}.{key}", _("The key %(key)s stands twice in one object.", key=shown(key))
            )
    if len(found) > MOST_KEYS:
        raise BadRecord(
            "too_many_keys",
            path,
            _("One object has %(count)s keys; %(most)s are the most.", count=len(found), most=MOST_KEYS),
        )
    for key in found:
        refuse_surrogates(path, key)


def refuse_surrogates(path: str, text: str) -> None:
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadRecord("lone_surrogate", path, _("A text holds half of a character (a lone surrogate)."))


def walk(tree: Any) -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of every value, parents first, in the order of the file."""
    waiting: list[tuple[str, Any]] = [("$", tree)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        if isinstance(value, dict):
            waiting.extend((f"{path}.{key}", child) for key, child in reversed(value.items()))
        elif isinstance(value, list):
            waiting.extend((f"{path}[{index}]", value[index]) for index in range(len(value) - 1, -1, -1))


def replace_controls(tree: Any) -> list[str]:
    """Put U+FFFD for control characters, in place; return where that was done."""
    changes: list[str] = []
    for path, value in walk(tree):
        children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, child in list(children):
            if isinstance(child, str) and (clean := child.translate(REPLACED)) != child:
                value[key] = clean
                place = f"{path}[{key}]" if isinstance(value, list) else f"{path}.{key}"
                place = place.removeprefix("$.")
                is_null = "\0" in child
                changes.append(
                    _("%(place)s: NUL replaced", place=place)
                    if is_null
                    else _("%(place)s: control character replaced", place=place)
                )
    return changes


def shown(value: str, most: int = 40) -> str:
    """Quote a value for a sentence, cut to a readable length."""
    clean = value.translate(REPLACED)
    return f"“{clean[:most]}…”" if len(clean) > most else f"“{clean}”"
