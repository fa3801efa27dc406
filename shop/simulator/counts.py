"""What the simulator has been asked, counted: tests and the benchmark read how well a client behaves."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any


@dataclass
class Counts:
    """A path with a code or a number in it is counted as its pattern, as in /api/orders/{code}."""

    requests: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)  # by errorCode
    token_refreshes: int = 0
    bucket_overflows: int = 0  # requests refused because the bucket was full
    connection_overflows: int = 0
    job_reads: Counter[str] = field(default_factory=Counter)
    downloads: int = 0
    downloads_with_token: int = 0  # a client must not show its token there
    webhooks_sent: int = 0
    connections_now: int = 0
    connections_peak: int = 0  # of one token
    lock: Lock = field(default_factory=Lock, repr=False)

    def add(self, name: str, key: str | None = None) -> None:
        with self.lock:
            if key is None:
                setattr(self, name, getattr(self, name) + 1)
            else:
                getattr(self, name)[key] += 1

    @contextmanager
    def connection(self, held: Counter[str], token: str) -> Iterator[int]:
        """Count one connection of a token while it lasts; gives how many it has."""
        with self.lock:
            held[token] += 1
            now = held[token]
            self.connections_now += 1
            self.connections_peak = max(self.connections_peak, now)
        try:
            yield now
        finally:
            with self.lock:
                held[token] -= 1
                self.connections_now -= 1

    def listed(self) -> dict[str, Any]:
        with self.lock:
            values = {name: value for name, value in vars(self).items() if name != "lock"}
            return {name: dict(value) if isinstance(value, Counter) else value for name, value in values.items()}
