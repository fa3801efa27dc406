"""How often values were read, from where, and how fast: counted in each process, added up in Redis for all of them."""

import os
import threading
import time
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import structlog
from flask import current_app
from redis.exceptions import RedisError

EDGES = (10, 20, 50, 100, 200, 500, 1_000, 5_000, 20_000, 100_000)  # microseconds, upper ends; more is beyond the last
EVERY = 5.0  # seconds between two additions to Redis
AWAY = 60.0  # seconds until the next try while Redis does not answer
TOTALS = "pult:settings:reads"
log = structlog.get_logger()


class Source(StrEnum):
    """Where a value came from; or a question for the version alone, which is a query and no read."""

    TRANSACTION = "transaction"
    PROCESS = "process"
    REDIS = "redis"
    DATABASE = "database"
    VERSION = "version"


class Meter:
    """The counts of one process since they were last added to the totals."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.due = 0.0

    def note(self, source: Source, seconds: float | None) -> None:
        with self.lock:
            self.counts[source.value] += 1
            if seconds is not None:
                self.counts[f"under:{bisect_left(EDGES, seconds * 1e6)}"] += 1
            now = time.monotonic()
            if now < self.due:
                return
            self.due, counts, self.counts = now + EVERY, self.counts, Counter()
        self.add(counts)

    def add(self, counts: Counter[str]) -> None:
        """Add to the totals; kept for later where Redis does not answer."""
        try:
            with current_app.extensions["impatient_redis"].pipeline(transaction=False) as pipe:
                for name, count in counts.items():
                    pipe.hincrby(TOTALS, name, count)
                pipe.execute()
        except RedisError as error:
            log.warning("reads_not_added", error=str(error))
            with self.lock:
                self.counts += counts
                self.due = time.monotonic() + AWAY


METER = Meter()
os.register_at_fork(after_in_child=METER.start)  # what the parent has counted is the parent's, and so is its lock


def note(source: Source, seconds: float | None = None) -> None:
    METER.note(source, seconds)


@dataclass(frozen=True)
class Reads:
    """Reads of all processes since Redis was last emptied. `p95` is in microseconds, the upper end of its step."""

    counts: dict[str, int]

    @property
    def reads(self) -> int:
        return sum(self.of(source) for source in Source if source is not Source.VERSION)

    @property
    def queries(self) -> int:
        """Statements that the database saw for the settings alone."""
        return self.of(Source.DATABASE) + self.of(Source.VERSION)

    @property
    def hit_rate(self) -> float | None:
        """The share of reads that needed no values from the database."""
        return None if not self.reads else 1 - self.of(Source.DATABASE) / self.reads

    @property
    def p95(self) -> int | None:
        steps = [self.counts.get(f"under:{step}", 0) for step in range(len(EDGES) + 1)]
        seen, wanted = 0, 0.95 * sum(steps)
        for edge, count in zip(EDGES, steps, strict=False):
            seen += count
            if count and seen >= wanted:
                return edge
        return None

    @property
    def hit_percent(self) -> float | None:
        return None if self.hit_rate is None else 100 * self.hit_rate

    @property
    def p95_ms(self) -> float | None:
        return None if self.p95 is None else self.p95 / 1_000

    def of(self, source: Source) -> int:
        return self.counts.get(source.value, 0)


def totals() -> Reads | None:
    """Return what all processes have counted; None where Redis does not tell."""
    try:
        found: dict[Any, Any] = current_app.extensions["impatient_redis"].hgetall(TOTALS)
        return Reads({bytes(name).decode(): int(count) for name, count in found.items()})
    except (RedisError, ValueError) as error:
        log.warning("reads_not_known", error=type(error).__name__)
        return None
