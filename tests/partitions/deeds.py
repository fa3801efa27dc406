"""What a child of the hatchery can do with the form of the table: with leases that end soon, and in many small batches."""

from collections.abc import Callable

from shop import locks
from shop.partitions import backfilling, turns
from shop.partitions.conversion import become_partitioned

locks.LASTS, locks.BEAT, turns.LASTS = 1, 0.25, 1


def convert(size: int) -> None:
    """Convert the table in batches of so many rows; 200 where none are said."""
    backfilling.SMALLEST = backfilling.LARGEST = size or 200
    become_partitioned()


DEEDS: dict[str, Callable[[int], object]] = {"convert": convert}
