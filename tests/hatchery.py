"""A warm process whose children each do one thing and may be killed: a start costs seconds, a fork none.

Its argument is the module whose `DEEDS` it knows. Standard input takes lines of JSON: what, its argument, and the point at
which the child kills itself. Each is answered by the child's number at once, and by its status when it has ended.
"""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from shop import fault_points
from shop.factory import create_app

ROOT = Path(__file__).parents[1]
Deeds = Mapping[str, Callable[[int], object]]


class Hatchery:
    """The warm process, as a test talks to it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def begin(self, what: str, argument: int = 0, point: str = "") -> int:
        """Start a child and return its number; it dies at the point, if one is named."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([what, argument, point]) + "\n")
        self.process.stdin.flush()
        return self.heard()

    def heard(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def done(self, what: str, argument: int = 0) -> None:
        self.begin(what, argument)
        assert self.heard() == 0, f"{what} did not come to its end"

    def killed_at(self, point: str, what: str, argument: int = 0) -> None:
        self.begin(what, argument, point)
        assert self.heard() == 9, f"{what} did not come to {point}"


@contextmanager
def hatchery(environment: Mapping[str, str], deeds: str) -> Iterator[Hatchery]:
    """Start a warm process that knows the deeds of a module, such as "tests.backups.deeds"."""
    command = [sys.executable, "-m", "tests.hatchery", deeds]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        found = Hatchery(process)
        assert found.heard() == process.pid
        yield found
        assert process.stdin is not None
        process.stdin.close()


def say(answers: IO[str], number: int) -> None:
    answers.write(f"{number}\n")
    answers.flush()


def main(module: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what is logged is no answer
    deeds: Deeds = importlib.import_module(module).DEEDS
    app = create_app()
    say(answers, os.getpid())
    for line in sys.stdin:
        what, argument, point = json.loads(line)
        pid = os.fork()
        if pid == 0:
            fault_points.FAULT_AT = point or None
            with app.app_context():
                deeds[what](argument)
            os._exit(0)
        say(answers, pid)
        say(answers, os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    main(sys.argv[1])
