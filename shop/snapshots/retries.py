"""How long a run rests before it is tried again by itself, and how often."""

from datetime import timedelta
from random import uniform

RESTS = (30, 120, 600)  # seconds before each of the automatic retries, give or take a fifth
SPREAD = 0.2
BETWEEN_SWEEPS = timedelta(hours=1)
MOST_SWEEPS = 24  # hourly tries of one failure, after which it waits for a person


def rest_of(tries: int, retry_after: float | None) -> float:
    """Return the seconds before the next try, after so many that failed (from 1); longer where the platform asks for it."""
    usual = RESTS[tries - 1] * uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311 no secret
    return max(usual, retry_after or 0.0)
