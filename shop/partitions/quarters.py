"""Quarters of a year, in UTC: their bounds, their names, and which of them there should be."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

PARENT = "order_items"
NAME = re.compile(rf"{PARENT}_(\d{{4}})q([1-4])")
AHEAD = 4  # quarters made ahead of the one that is going on


@dataclass(frozen=True, order=True)
class Quarter:
    """A quarter of a year. It begins with `starts_at` and ends before `ends_at`."""

    year: int
    number: int  # 1 to 4

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """Return the quarter of a moment, whatever zone it is told in."""
        moment = moment.astimezone(UTC)
        return cls(moment.year, (moment.month + 2) // 3)

    @classmethod
    def named(cls, table: str) -> Self | None:
        """Return the quarter that a partition's name tells, None where it tells none."""
        found = NAME.fullmatch(table)
        return cls(int(found[1]), int(found[2])) if found else None

    @property
    def starts_at(self) -> datetime:
        return datetime(self.year, 3 * self.number - 2, 1, tzinfo=UTC)

    @property
    def ends_at(self) -> datetime:
        return self.plus(1).starts_at

    @property
    def table(self) -> str:
        return f"{PARENT}_{self.year:04}q{self.number}"

    def plus(self, count: int) -> Self:
        """Return the quarter that many later; earlier with a negative count."""
        years, index = divmod(self.year * 4 + self.number - 1 + count, 4)
        return type(self)(years, index + 1)

    def __str__(self) -> str:
        return f"{self.year:04}-Q{self.number}"


ALWAYS = (Quarter(2024, 1), Quarter(2026, 4))  # there in every installation, whatever the day and the data


def through(first: Quarter, last: Quarter) -> Iterator[Quarter]:
    """Yield the quarters from `first` to `last`, both included."""
    while first <= last:
        yield first
        first = first.plus(1)


def standing(now: datetime) -> set[Quarter]:
    """Return the quarters that every installation has at a moment, before retention takes any away."""
    return {*through(*ALWAYS), *through(Quarter.of(now), Quarter.of(now).plus(AHEAD))}
