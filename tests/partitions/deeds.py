"""What a child of the hatchery can do with the form of the table: with leases that end soon, and in many small batches."""

from collections.abc import Callable

from shop import locks
from shop.partitions import backfilling, turns
from shop.partitions.conversion import become_partitioned

locks.LASTS, locks.BEAT, turns.LASTS = 1, 0.25, 1
backfilling.SMALLEST = backfilling.LARGEST = 200
DEEDS: dict[str, Callable[[int], object]] = {"convert": lambda _argument: become_partitioned()}
