"""How long a run rests before it is tried again by itself, and how often."""

from datetime import timedelta
from random import uniform

from shop.settings.options import HOURLY_TRIES, MAX_RETRIES
from shop.settings.values import value

RESTS = (30, 120, 600)  # seconds before each of the automatic retries, give or take a fifth; the last one repeats
SPREAD = 0.2
BETWEEN_SWEEPS = timedelta(hours=1)


def most_retries() -> int:
    """Return how often a run is tried again by itself, before it stands on the page of recovery."""
    return value(MAX_RETRIES)


def most_sweeps() -> int:
    """Return how many hourly tries a failure has, after which it waits for a person."""
    return value(HOURLY_TRIES)


def rest_of(tries: int, retry_after: float | None) -> float:
    """Return the seconds before the next try, after so many that failed (from 1); longer where the platform asks for it."""
    usual = RESTS[min(tries, len(RESTS)) - 1] * uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311 no secret
    return max(usual, retry_after or 0.0)
