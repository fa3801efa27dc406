"""Reads one JSON line into a struct: fast for the ordinary line, strict and exact about the rest.

The fast way is one msgspec decode plus four cheap looks at the bytes. A line in which any of them finds something
goes the careful way: Python's json, a walk over every value, and msgspec's checks of types. Both ways give the same
struct for a good line (a property test holds them together); only the careful one knows how to say what is wrong.
"""

import re
from typing import Generic, TypeVar

import msgspec

from shop.languages import gettext as _
from shop.platforms.json_tree import parse, replace_controls
from shop.platforms.json_types import fit, spoken
from shop.platforms.records import BadRecord

T = TypeVar("T")

# Escapes that may stand for a control character: \u0000 to \u001f, \b and \f.
CONTROL_ESCAPE = re.compile(rb"\\(?:u00[01]|[bf])")
# A number written with more digits than a float carries; strings of digits are read exactly anyway.
LONG_FRACTION = re.compile(rb"\.\d{9}\d*(?![\"\d])")
# Every 128th byte of a line: 900 digits in a row show up as at least seven.
STRIDE = 128
LONG_DIGITS = re.compile(rb"\d{7}")
# What is left of a line when only this is kept is its shape: which objects with how many keys, and no values.
NO_SHAPE = bytes(byte for byte in range(256) if byte not in b'{}[]":\\')
MOST_SHAPES = 8_192


class LineDecoder(Generic[T]):
    """Decodes lines of one file into `shape`; keeps what it learnt about their shapes, so use one per run and thread.

    `wrappers` are the keys that may stand around the entity: a file has it bare, an API answer has it under
    "data" and its kind.
    """

    def __init__(self, shape: type[T], wrappers: tuple[str, ...]) -> None:
        self.shape = shape
        self.wrappers = wrappers
        self.decode = msgspec.json.Decoder(shape).decode
        self.known_shapes: set[bytes] = set()

    def read(self, raw: bytes) -> tuple[T, list[str]]:
        """Return the entity and what had to be changed to read it; raises BadRecord."""
        entity = self.read_quickly(raw)
        return self.read_carefully(raw) if entity is None else (entity, [])

    def read_quickly(self, raw: bytes) -> T | None:
        """Return the entity of an ordinary line, None of one that wants a closer look."""
        if is_unusual(raw):
            return None
        try:
            entity = self.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        self.check_keys(raw)
        return entity

    def check_keys(self, raw: bytes) -> None:
        """Refuse keys given twice, and nesting without end, which msgspec lets pass.

        Only lines with a shape not met before are looked at closely: one key more in an object is another shape.
        """
        shapes = raw.translate(None, NO_SHAPE).split(b"}{")
        if self.known_shapes.issuperset(shapes):
            return
        parse(raw)
        if len(self.known_shapes) > MOST_SHAPES:
            self.known_shapes.clear()
        self.known_shapes.update(shapes)

    def read_carefully(self, raw: bytes) -> tuple[T, list[str]]:
        """Read the line without haste; the verdict on it is the same in any company of other lines."""
        entity = unwrapped(parse(raw), self.wrappers)
        changes = replace_controls(entity)
        return fit(entity, self.shape), changes


def is_unusual(raw: bytes) -> bool:
    """Whether the line holds bytes that the fast way would read wrongly or not at all."""
    if b"\\" in raw and CONTROL_ESCAPE.search(raw):
        return True
    if LONG_FRACTION.search(raw) or LONG_DIGITS.search(raw[::STRIDE]):
        return True
    if raw.isascii():
        return False
    try:
        raw.decode()  # msgspec looks only into the strings that it reads
    except UnicodeDecodeError:
        return True
    return False


def unwrapped(tree: object, wrappers: tuple[str, ...]) -> object:
    """Take the entity out of {"data": {"order": …}}, {"order": …} or leave it as it is."""
    for wrapper in ("data", *wrappers):
        if isinstance(tree, dict) and isinstance(tree.get(wrapper), dict):
            tree = tree[wrapper]
    if not isinstance(tree, dict):
        raise BadRecord("bad_value", "$", _("The line holds %(value)s, not an object.", value=spoken(tree)))
    return tree
