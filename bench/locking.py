"""Watches whether anybody holds, or waits to hold, the table of lines exclusively."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

EXCLUSIVE = """
    SELECT count(*) FILTER (WHERE granted), count(*) FILTER (WHERE NOT granted) FROM pg_locks
    WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock' AND relation IN (SELECT oid FROM pg_class WHERE relname = 'order_items')"""
SAMPLE = 0.005  # seconds


@dataclass
class Sampler:
    """Looks every few milliseconds whether anybody holds the table exclusively; keeps the longest time, in seconds."""

    url: str
    longest: float = 0.0
    looks: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        since = None
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self.ended.wait(SAMPLE):
                row = connection.execute(EXCLUSIVE).fetchone()
                now = time.monotonic()
                since = (since or now) if row and row[0] else None
                self.longest = max(self.longest, now - since if since else 0)
                self.looks += 1


@contextmanager
def sampled(url: str) -> Iterator[Sampler]:
    sampler = Sampler(url)
    thread = threading.Thread(target=sampler.run, daemon=True)
    thread.start()
    try:
        yield sampler
    finally:
        sampler.ended.set()
        thread.join()
