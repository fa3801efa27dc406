"""Real worker processes, and faults that strike in them at named points."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests import canaries
from tests.warm import Warm

Found = TypeVar("Found")
HASTY = "tests/hasty_worker.py"  # with leases of five seconds


class Worker:
    """`python worker.py` in a process group of its own, as a supervisor would start it."""

    def __init__(
        self, environment: Mapping[str, str], *queues: str, script: str = "worker.py", log: Path | None = None
    ) -> None:
        path = log or Path(tempfile.mkstemp(prefix="worker-", suffix=".log")[1])
        self.log = path.open("a+b")
        self.begins = self.log.seek(0, os.SEEK_END)
        self.process = Warm([script, *queues], environment, stderr=str(path))
        self.passing = None if log else path

    @property
    def pid(self) -> int:
        return self.process.pid

    def children(self) -> list[int]:
        """Return the processes that it has forked or started."""
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(word) for word in path.read_text().split()] if path.exists() else []

    def horse(self, within: float = 60) -> int:
        """Return the child that works on a job, once there is one."""
        return until(lambda: next(iter(self.children()), 0), within)

    def terminate(self) -> float:
        """Ask it to end; return the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        return time.monotonic() - began

    def end(self) -> None:
        """Leave nothing of it behind, and look for secrets in what it has told."""
        for pid in (*self.children(), self.pid):
            kill(pid, signal.SIGKILL)
        self.process.wait(20)
        if not self.log.closed:
            with self.log:
                self.log.seek(self.begins)
                told = self.log.read().decode(errors="replace")
            if self.passing:
                self.passing.unlink()
            canaries.assert_unheard(told, "a worker")


@contextmanager
def working(
    environment: Mapping[str, str], *queues: str, script: str = "worker.py", log: Path | None = None
) -> Iterator[Worker]:
    worker = Worker(environment, *queues, script=script, log=log)
    try:
        yield worker
    finally:
        worker.end()


def kill(pid: int, how: signal.Signals = signal.SIGKILL) -> None:
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return


def until(found: Callable[[], Found], within: float = 60) -> Found:
    """Return the first answer that is true; fail when none came in time."""
    deadline = time.monotonic() + within
    while not (answer := found()):
        assert time.monotonic() < deadline, f"nothing came within {within} s"
        time.sleep(0.05)
    return answer


def is_alive(pid: int) -> bool:
    """Whether a process runs: one that has ended and is not reaped yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"
