"""The leaky bucket of one client: two hundred drops, ten a second run out, a request's cost falls in after it."""

import math
from datetime import datetime, timedelta
from email.utils import format_datetime
from threading import Lock

from shop.simulator.clock import Clock

SIZE = 200
LEAK = 10  # a second
CONNECTIONS = 3  # of one token at once


class Bucket:
    """One for each shop and way in: the private token has its own, and so has the addon."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.level = 0.0
        self.seen = clock.now()
        self.lock = Lock()

    def leak(self) -> float:
        now = self.clock.now()
        self.level = max(0.0, self.level - (now - self.seen).total_seconds() * LEAK)
        self.seen = now
        return self.level

    def is_full(self) -> bool:
        with self.lock:
            return self.leak() > SIZE - 1

    def add(self, cost: float) -> None:
        with self.lock:
            self.level = min(self.leak() + cost, SIZE)

    def filling(self) -> str:
        with self.lock:
            return f"{math.ceil(self.leak())}/{SIZE}"

    def free_again(self) -> str:
        """Return when a request fits again, as an HTTP date of whole seconds."""
        with self.lock:
            wait = max(self.leak() - (SIZE - LEAK), 0) / LEAK
            return http_date(self.seen + timedelta(seconds=wait + 1))


def http_date(when: datetime) -> str:
    return format_datetime(when.replace(microsecond=0), usegmt=True)
