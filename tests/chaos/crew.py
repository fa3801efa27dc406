"""The workers under fire: started again when they die, as a supervisor does."""

import signal
from collections.abc import Mapping
from pathlib import Path

from tests.workers import Worker, is_alive, kill

SCRIPT = "tests/chaos/chaos_worker.py"


class Crew:
    """A fixed number of workers on the queues of imports."""

    def __init__(self, environment: Mapping[str, str], size: int, log: Path) -> None:
        self.environment, self.log = environment, log
        self.workers = [self.hired() for _ in range(size)]

    def hired(self) -> Worker:
        return Worker(self.environment, "imports", script=SCRIPT, log=self.log)

    def replace_the_dead(self) -> int:
        dead = [place for place, worker in enumerate(self.workers) if worker.process.poll() is not None]
        for place in dead:
            self.workers[place] = self.hired()
        return len(dead)

    def at_work(self) -> list[tuple[Worker, int]]:
        """Return the workers that have a child at work, with that child."""
        return [(worker, child) for worker in self.workers for child in worker.children()[:1] if is_alive(child)]

    def dismiss(self) -> None:
        for worker in self.workers:
            for pid in (*worker.children(), worker.pid):
                kill(pid, signal.SIGCONT)
            worker.end()
