"""Checks a file against its manifest: whether it is byte for byte what was sent, and if not, in what it differs."""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import BinaryIO

from shop.errors import ShopError
from shop.exports.keeping import written
from shop.exports.models import Export
from shop.formatting import number
from shop.languages import gettext as _
from shop.listing.manifest import Counting

BLOCK = 1 << 20


@dataclass(frozen=True)
class Verdict:
    """How a file stands to an export. `differences` are sentences; none where it is what was sent."""

    export: Export
    differences: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        return not self.differences


def sha256_of(stream: BinaryIO) -> str:
    """Return the checksum of the stream, and leave it at its start."""
    digest = hashlib.sha256()
    stream.seek(0)
    while block := stream.read(BLOCK):
        digest.update(block)
    stream.seek(0)
    return digest.hexdigest()


def compared(stream: BinaryIO, sha256: str, export: Export) -> Verdict:
    """Compare a file with the manifest of one export. Memory does not grow with the file."""
    if export.state != "whole":
        return Verdict(export, (_("This export was never sent as a whole, so there is no whole file of it."),))
    if sha256 == export.sha256:
        return Verdict(export)
    return Verdict(export, (_("The bytes are not those that were sent."), *in_contents(stream, export)))


def in_contents(stream: BinaryIO, export: Export) -> Iterator[str]:
    counting = Counting(export.money, None)
    try:
        for row in records(stream):
            counting.rows += 1
            counting.add(row)
    except (UnicodeDecodeError, csv.Error, InvalidOperation) as error:
        yield _("It cannot be read as a table to the end (%(error)s).", error=type(error).__name__)
        return
    if counting.rows != export.rows:
        yield _("It has %(rows)s rows; %(sent)s were sent.", rows=number(counting.rows), sent=number(export.rows))
    found, sent = written(counting.sums), export.sums or {}
    for column in export.money:
        for currency in sorted({*found[column], *sent.get(column, {})}):
            here, there = found[column].get(currency, "0"), sent.get(column, {}).get(currency, "0")
            if Decimal(here) != Decimal(there):
                yield _(
                    "The column %(column)s adds up to %(here)s %(currency)s; %(there)s %(currency)s were sent.",
                    column=column, here=here, there=there, currency=currency,
                )  # fmt: skip
    if counting.rows == export.rows and found == sent:
        yield _(
            "It has as many rows and the same sums: another program may have saved it again, or a text in it was changed."
        )


def records(stream: BinaryIO) -> Iterable[Mapping[str, str]]:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        yield from csv.DictReader(text)
    finally:
        text.detach()  # the stream is the caller's to close


class UnknownFile(ShopError):
    """No export is known by the file's bytes or name."""
