"""The simulator's time, which tests can move, and the things that are to happen at a time."""

import heapq
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Condition, Thread, current_thread

Action = Callable[[], None]
LEAVE = 5.0  # seconds that an action under way may take when the simulator stops


class Clock:
    """Runs with real time from the moment it is made, or stands still; `advance` moves it on."""

    def __init__(self, at: datetime | None = None, *, running: bool = True) -> None:
        self.started = (at or datetime.now(UTC)).astimezone(UTC)
        self.running = running
        self.since = time.monotonic()
        self.ahead = timedelta(0)
        self.moved = Condition()

    def now(self) -> datetime:
        gone = timedelta(seconds=time.monotonic() - self.since) if self.running else timedelta(0)
        return self.started + self.ahead + gone

    def advance(self, *, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        with self.moved:
            self.ahead += timedelta(hours=hours, minutes=minutes, seconds=seconds)
            self.moved.notify_all()


class Agenda:
    """Does things when their time has come, each in a thread of its own: a long export delays nothing else."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.entries: list[tuple[datetime, int, Action]] = []
        self.numbers = count()
        self.under_way: set[Thread] = set()
        self.stopped = False
        self.thread = Thread(target=self.run, name="simulator-agenda", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def at(self, when: datetime, action: Action) -> None:
        with self.clock.moved:
            heapq.heappush(self.entries, (when, next(self.numbers), action))
            self.clock.moved.notify_all()

    def run(self) -> None:
        while True:
            with self.clock.moved:
                while not self.stopped and not self.is_due():
                    self.clock.moved.wait(self.pause())
                if self.stopped:
                    return
                _, _, action = heapq.heappop(self.entries)
                thread = Thread(target=self.perform, args=(action,), daemon=True)
                self.under_way.add(thread)
            thread.start()

    def is_due(self) -> bool:
        return bool(self.entries) and self.entries[0][0] <= self.clock.now()

    def pause(self) -> float | None:
        if not self.entries or not self.clock.running:
            return None
        return max((self.entries[0][0] - self.clock.now()).total_seconds(), 0.001)

    def perform(self, action: Action) -> None:
        try:
            action()
        finally:
            with self.clock.moved:
                self.under_way.discard(current_thread())
                self.clock.moved.notify_all()

    def settle(self, timeout: float = 10.0) -> None:
        """Wait until everything that is due has been done."""
        with self.clock.moved:
            if not self.clock.moved.wait_for(lambda: not self.under_way and not self.is_due(), timeout):
                raise TimeoutError(f"After {timeout} s the simulator is still at work.")

    def stop(self) -> None:
        with self.clock.moved:
            self.stopped = True
            self.entries.clear()
            self.clock.moved.notify_all()
            threads = list(self.under_way)
        self.thread.join(LEAVE)
        for thread in threads:
            thread.join(LEAVE)
