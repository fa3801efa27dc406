"""What a streamed file holds, counted while it goes by: rows, sums of its amounts by currency, bytes, checksum."""

import hashlib
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shop.listing.cells import Fields

Sums = dict[str, dict[str, Decimal]]  # column of amounts: currency: amount
Keep = Callable[["Held | None"], None]  # told what a file holds once it was sent as a whole, None if it was cut


@dataclass(frozen=True)
class Held:
    """What a whole file holds."""

    rows: int
    sums: Sums
    bytes: int
    sha256: str


class Counting:
    """Counts one file; memory does not grow with it."""

    def __init__(self, money: Mapping[str, str], keep: Keep | None) -> None:
        self.money, self.keep = money, keep
        self.rows, self.bytes, self.digest = 0, 0, hashlib.sha256()
        self.sums: Sums = {column: {} for column in money}

    def through(self, source: Generator[Fields]) -> Generator[Fields]:
        """Hand the rows on, counted."""
        try:
            for fields in source:
                self.rows += 1
                self.add(fields)
                yield fields
        finally:
            source.close()

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row's amounts; one without an amount or a currency adds nothing."""
        for column, currency in self.money.items():
            amount, unit = row.get(column), row.get(currency)
            if amount not in (None, "") and unit:
                sums = self.sums[column]
                sums[str(unit)] = sums.get(str(unit), Decimal(0)) + Decimal(amount)

    def sent(self, piece: bytes) -> bytes:
        self.bytes += len(piece)
        self.digest.update(piece)
        return piece

    def end(self, *, whole: bool) -> None:
        """Tell once how it ended."""
        keep, self.keep = self.keep, None
        if keep is not None:
            keep(self.held() if whole else None)

    def cut(self) -> None:
        self.end(whole=False)

    def held(self) -> Held:
        return Held(self.rows, self.sums, self.bytes, self.digest.hexdigest())
