"""Clocks and waits of everything that talks to a platform; a test hands in its own."""

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from shop.platforms.failures import LONGEST_WAIT

SECONDS = re.compile(r"\s*(\d{1,18})(?:\.\d*)?\s*")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Timing:
    """How long things may take, and by which clock. All in seconds."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = utc_now
    jitter: Callable[[], float] = random.random
    patience: float = 30.0  # a call waits this long in all before it gives up and lets the run wait
    connect: float = 10.0
    read: float = 30.0  # without a single byte
    answer: float = 120.0  # for a whole answer of an API
    file: float = 4 * 3600.0  # for a whole result file


def retry_after(given: str | None, server_date: str | None, now: datetime) -> float | None:
    """Read the header as seconds or as a date, measured by the server's own clock; an hour at most, None where it says nothing."""
    if given is None:
        return None
    if seconds := SECONDS.fullmatch(given):
        return min(float(seconds[1]), LONGEST_WAIT)
    until = http_date(given)
    if until is None:
        return None
    return min(max((until - (http_date(server_date) or now)) / timedelta(seconds=1), 0.0), LONGEST_WAIT)


def http_date(given: str | None) -> datetime | None:
    """Read `Mon, 01 Jul 2024 12:01:11 GMT`; None for anything else."""
    try:
        moment = parsedate_to_datetime(given or "")
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
