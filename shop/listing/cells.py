"""A row's values as programs read them: JSON members, and CSV cells that no spreadsheet takes for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

Value = str | int | float | bool | Decimal | datetime | date | None
Member = str | int | float | bool | None
Fields = Mapping[str, Value]

FORMULA = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"-?\d+(\.\d+)?")  # a status code of -1 is a number to a spreadsheet too
FLUSHED_AT = 64 * 1024  # characters


def member(value: Value) -> Member:
    """Return a value for JSON: money is a string, a time is ISO 8601 with its offset."""
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def members(fields: Fields) -> dict[str, Member]:
    return {name: member(value) for name, value in fields.items()}


def cell(value: Value) -> str:
    """Return a value for CSV. Only texts are neutralised: numbers stay numbers, a negative one too."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return neutral(value) if isinstance(value, str) else str(member(value))


def neutral(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run. A text that looks so already gets one more, so none is lost."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) and not NUMBER.fullmatch(text) else text


def written(rows: Iterable[Fields], header: Iterable[str]) -> Iterator[str]:
    """Write rows as CSV by RFC 4180, header first, in pieces of some 64 kB."""
    piece = io.StringIO()
    writer = csv.writer(piece, lineterminator="\r\n")
    writer.writerow(header)
    for fields in rows:
        writer.writerow([cell(value) for value in fields.values()])
        if piece.tell() > FLUSHED_AT:
            yield piece.getvalue()
            piece.seek(0)
            piece.truncate()
    yield piece.getvalue()
