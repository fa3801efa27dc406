"""Real processes that begin warm: forked from one that has imported what Pult imports.

The imports are the longest part of a start. They live as those that a supervisor starts: a session, an environment and an
entry of their own. What a start itself must do right (the interpreter, the imports) is tested by processes that start cold.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

ROOT = Path(__file__).parents[1]
ADDED_TO = os.O_WRONLY | os.O_CREAT | os.O_APPEND
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.preloaded"])


class Warm:
    """A process, with the part of subprocess.Popen that tests use."""

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        *,
        stdin: str = os.devnull,
        stdout: str = os.devnull,
        stderr: str = os.devnull,
    ) -> None:
        """Start `python WORDS`; it reads and adds to these files."""
        self.words = list(words)
        self.process: BaseProcess = CONTEXT.Process(
            target=lived, args=(self.words, dict(environment), stdin, stdout, stderr), daemon=False
        )
        self.process.start()
        assert self.process.pid is not None
        self.pid = self.process.pid

    @property
    def returncode(self) -> int | None:
        return self.process.exitcode

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired(self.words, timeout or 0)
        return self.process.exitcode

    def send_signal(self, what: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, what)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(
    words: Sequence[str], environment: Mapping[str, str], timeout: float = 280, typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Let `python WORDS` come to its end and return what it said, as subprocess.run does."""
    with tempfile.TemporaryDirectory() as folder:
        heard, said, complained = (Path(folder, name) for name in ("stdin", "stdout", "stderr"))
        heard.write_text(typed)
        process = Warm(words, environment, stdin=str(heard), stdout=str(said), stderr=str(complained))
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        texts = [path.read_text() if path.exists() else "" for path in (said, complained)]
    return subprocess.CompletedProcess(process.words, code, *texts)


def lived(words: list[str], environment: dict[str, str], stdin: str, stdout: str, stderr: str) -> None:
    """Be, in a forked child, what the words name: a script, or a module after -m."""
    os.setsid()
    os.chdir(ROOT)
    for number, (path, mode) in enumerate(((stdin, os.O_RDONLY), (stdout, ADDED_TO), (stderr, ADDED_TO))):
        given = os.open(path, mode, 0o600)
        os.dup2(given, number)
        os.close(given)
    sys.stdin = os.fdopen(0, closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    from shop import fault_points

    fault_points.FAULT_AT, fault_points.FAULTS = environment.get("PULT_FAULT_AT"), environment.get("PULT_FAULTS")
    if words[0] == "-m":
        sys.argv = list(words[1:])
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(words)
        runpy.run_path(words[0], run_name="__main__")
