"""The faults: each strikes something that runs, or says that it found nothing to strike."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import redis
from redis.exceptions import RedisError

from shop.local.servers import LocalServers
from tests.chaos.crew import Crew
from tests.workers import kill

POINTS = ("stage.before_chunk", "stage.done", "publish.before", "publish.before_commit", "publish.after")
PATIENCE = 10.0  # seconds that a trap waits
BEYOND_LEASE = 6.0  # seconds, where a lease lasts four
WEIGHTS = {
    "child killed": 30, "child killed at a boundary": 30, "parent killed": 5, "group killed": 5, "child frozen": 6,
    "frozen at a boundary": 6, "group frozen": 3, "worker told to end": 5, "database crashed": 4, "Redis wiped": 6,
    "Redis killed": 3,
}  # fmt: skip


class Faults:
    """Draws faults by the seed and lets them strike."""

    def __init__(self, dice: random.Random, crew: Crew, servers: LocalServers, redis_url: str, armed: Path) -> None:
        self.dice, self.crew, self.servers, self.redis_url, self.armed = dice, crew, servers, redis_url, armed
        self.thawing: list[tuple[float, int]] = []
        self.traps: dict[Path, tuple[str, float]] = {}  # with the fault's name, and until when it waits
        self.ways: dict[str, Callable[[], bool]] = {
            "child killed": self.kill_child,
            "child killed at a boundary": lambda: self.arm("child killed at a boundary", "kill"),
            "parent killed": self.kill_parent,
            "group killed": self.kill_group,
            "child frozen": self.freeze_child,
            "frozen at a boundary": lambda: self.arm("frozen at a boundary", "stop"),
            "group frozen": self.freeze_group,
            "worker told to end": self.tell_to_end,
            "database crashed": self.crash_database,
            "Redis wiped": self.wipe_redis,
            "Redis killed": self.kill_redis,
        }

    def strike(self) -> str | None:
        """Let one fault strike; return its name, None where there was nothing to strike, or where it is a trap yet."""
        name = self.dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        return name if self.ways[name]() else None

    def kill_child(self) -> bool:
        return self.to_one(lambda _parent, child: kill(child))

    def kill_parent(self) -> bool:
        return self.to_one(lambda parent, _child: kill(parent))

    def kill_group(self) -> bool:
        def strike(parent: int, child: int) -> None:
            kill(parent)
            kill(child)

        return self.to_one(strike)

    def freeze_child(self) -> bool:
        return self.to_one(lambda _parent, child: self.freeze(child))

    def freeze_group(self) -> bool:
        def strike(parent: int, child: int) -> None:
            self.freeze(parent)
            self.freeze(child)

        return self.to_one(strike)

    def tell_to_end(self) -> bool:
        return self.to_one(lambda parent, _child: kill(parent, signal.SIGTERM))

    def to_one(self, strike: Callable[[int, int], None]) -> bool:
        busy = self.crew.at_work()
        if busy:
            worker, child = self.dice.choice(busy)
            strike(worker.pid, child)
        return bool(busy)

    def freeze(self, pid: int) -> None:
        kill(pid, signal.SIGSTOP)
        self.thawing.append((time.monotonic() + BEYOND_LEASE, pid))

    def arm(self, name: str, word: str) -> bool:
        """Set a trap at a named boundary, where there is none; `sprung` tells when something has stepped on it."""
        trap = self.armed / self.dice.choice(POINTS)
        if trap not in self.traps:
            trap.write_text(word)
            self.traps[trap] = name, time.monotonic() + PATIENCE
        return False

    def sprung(self) -> list[str]:
        """Return the faults of traps that were stepped on since; those that nobody finds are taken away."""
        found = [trap for trap in self.traps if not trap.exists()]
        names = [self.traps.pop(trap)[0] for trap in found]
        for trap, (_name, until) in list(self.traps.items()):
            if time.monotonic() > until:
                trap.unlink(missing_ok=True)
                del self.traps[trap]
        if "frozen at a boundary" in names:
            self.note_frozen()
        return names

    def disarm(self) -> None:
        """Take the traps away that nobody has stepped on; those that somebody has are still to be counted."""
        for trap in list(self.traps):
            try:
                trap.unlink()
            except FileNotFoundError:
                continue
            del self.traps[trap]

    def note_frozen(self) -> None:
        """Find who stopped itself, to wake it up beyond its lease."""
        known = {pid for _when, pid in self.thawing}
        for _worker, child in self.crew.at_work():
            if child not in known and state_of(child) == "T":
                self.thawing.append((time.monotonic() + BEYOND_LEASE, child))

    def crash_database(self) -> bool:
        assert self.servers.postgres is not None
        pid = self.servers.postgres.server.pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGQUIT)
        return self.revived()

    def kill_redis(self) -> bool:
        assert self.servers.valkey is not None
        pid = self.servers.valkey.server.pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGKILL)
        return self.revived()

    def revived(self) -> bool:
        deadline = time.monotonic() + 30
        while not self.servers.revive():
            assert time.monotonic() < deadline, "a server was struck and did not die"
            time.sleep(0.1)
        return True

    def wipe_redis(self) -> bool:
        try:
            redis.Redis.from_url(self.redis_url).flushall()
        except RedisError:
            return False
        return True

    def thaw(self, *, everybody: bool = False) -> None:
        """Wake up those whose time has come."""
        now = time.monotonic()
        for when, pid in list(self.thawing):
            if everybody or when <= now:
                kill(pid, signal.SIGCONT)
                self.thawing.remove((when, pid))


def state_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
