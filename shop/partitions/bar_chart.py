"""The map of quarters as bars: how high each is drawn, and the number that stands below it."""

from collections.abc import Sequence
from dataclasses import dataclass

from shop.formatting import number
from shop.partitions.survey import Standing

HEIGHT = 120  # pixels
LOWEST = 3  # pixels of a bar that holds something or stands ready
UNITS = (("kB", 10**3), ("MB", 10**6), ("GB", 10**9), ("TB", 10**12))


@dataclass(frozen=True)
class Bar:
    """One quarter: `top` and `height` in pixels, its size in the unit of the map."""

    standing: Standing
    top: int
    height: int
    label: str


@dataclass(frozen=True)
class Bars:
    """All of them, with the unit in which their sizes are told."""

    unit: str
    bars: list[Bar]


def bars(standings: Sequence[Standing]) -> Bars:
    most = max((one.bytes for one in standings), default=0)
    unit, scale = next((each for each in reversed(UNITS) if most >= each[1]), UNITS[0])
    made = []
    for one in standings:
        height = max(LOWEST, round((HEIGHT - 2) * one.bytes / most)) if most else LOWEST
        made.append(Bar(one, HEIGHT - height, height, told(one.bytes / scale)))
    return Bars(unit, made)


def told(size: float) -> str:
    """Return a size in few signs: one decimal below ten, and a plain zero for what would be less than that."""
    return number(round(size, 1), 1) if 0.05 <= size < 9.95 else number(round(size))
