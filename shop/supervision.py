"""Keeps a handful of processes running, tells what matters in a few words, and takes them all down together."""

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

GRACE = 10.0  # seconds between asking and killing; a worker finishes its chunk in less
TURN = 0.1
LONGEST_WAIT = 30.0
LASTED = 60.0  # seconds after which a process counts as sound again
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

Say = Callable[[str], None]
Hear = Callable[[str, str], None]


@dataclass(frozen=True)
class Process:
    """Something to keep running, and the name it has in the terminal."""

    name: str
    command: Sequence[str]
    is_needed: bool = False  # by the others, until they are gone


class Child:
    """One process at one time: its run, its output, and when it may start again."""

    def __init__(self, process: Process, environment: Mapping[str, str]) -> None:
        self.process, self.environment = process, environment
        self.running: subprocess.Popen[bytes] | None = None
        self.unfinished = b""
        self.failures = 0
        self.started_at = self.due_at = 0.0

    @property
    def name(self) -> str:
        return self.process.name

    def start(self) -> subprocess.Popen[bytes]:
        """Start in a session of its own: Ctrl-C comes to the supervisor alone, and a kill reaches the whole group."""
        self.started_at = time.monotonic()
        self.running = subprocess.Popen(
            self.process.command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dying_with(os.getpid()),  # noqa: PLW1509 - the supervisor has one thread
        )
        return self.running

    def ended(self) -> int | None:
        """Return the exit code once the process is gone, and clear away what it left behind in its group."""
        code = self.running.poll() if self.running else None
        if self.running and code is not None:
            self.send(signal.SIGKILL)
            self.running = None
        return code

    def rest(self) -> float:
        """Decide how long to wait before the next start: twice as long after each failure in a row."""
        lived = time.monotonic() - self.started_at
        self.failures = 1 if lived > LASTED else self.failures + 1
        wait = min(LONGEST_WAIT, 0.25 * (1 << min(self.failures, 10)))
        self.due_at = time.monotonic() + wait
        return wait

    def is_due(self) -> bool:
        return self.running is None and time.monotonic() >= self.due_at

    def send(self, number: signal.Signals) -> None:
        """Signal the process; SIGKILL goes to its whole group."""
        if self.running is None:
            return
        with suppress(ProcessLookupError):
            if number is signal.SIGKILL:
                os.killpg(self.running.pid, number)
            else:
                self.running.send_signal(number)

    def lines(self, output: bytes) -> Iterator[str]:
        """Cut output into whole lines; the last one waits for its end."""
        *whole, self.unfinished = (self.unfinished + output).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip()


class Supervisor:
    """A loop of one thread: relay output, start again what died, until a signal asks for the end."""

    def __init__(self, children: Sequence[Child], say: Say, hear: Hear) -> None:
        self.children, self.say, self.hear = children, say, hear
        self.selector = selectors.DefaultSelector()
        self.asked_to_stop = 0

    def turn(self) -> None:
        self.relay(TURN)
        for child in self.children:
            code = child.ended()
            if code is not None:
                self.say(f"{child.name} {ending(code)}; it starts again in {child.rest():g} s")
            elif child.is_due():
                self.start(child)

    def start(self, child: Child) -> None:
        output = child.start().stdout
        assert output is not None
        self.selector.register(output, selectors.EVENT_READ, child)

    def relay(self, timeout: float) -> None:
        """Pass on what the children wrote; wait for it that long, in seconds."""
        for key, _ in self.selector.select(timeout) or []:
            child: Child = key.data
            output = os.read(key.fd, 65536)
            for line in child.lines(output or b"\n"):
                if line:
                    self.hear(child.name, line)
            if not output:
                self.forget(key)

    def forget(self, key: selectors.SelectorKey) -> None:
        """Close a pipe that nobody writes to any more."""
        self.selector.unregister(key.fileobj)
        key.fileobj.close()  # type: ignore[union-attr]  # only pipes are registered, never bare numbers

    def stop(self) -> None:
        """Ask everybody to finish, wait a little, kill who did not. A second request shortens the wait to nothing."""
        asked = self.asked_to_stop
        for is_needed in (False, True):
            self.end([child for child in self.children if child.process.is_needed is is_needed], asked)
        self.relay(0)
        for key in list(self.selector.get_map().values()):
            self.forget(key)
        self.selector.close()

    def end(self, children: Sequence[Child], asked: int) -> None:
        """Return when these processes are gone, in order or killed. `asked`: the requests to stop there were at first."""
        for child in children:
            child.send(signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while remaining(children) and time.monotonic() < deadline and self.asked_to_stop == asked:
            self.relay(TURN)
        for child in remaining(children):
            child.send(signal.SIGKILL)
        while remaining(children):
            self.relay(TURN)

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Count the requests to stop: Ctrl-C, SIGTERM, a closed terminal."""

        def note(_number: int, _frame: FrameType | None) -> None:
            self.asked_to_stop += 1

        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def remaining(children: Sequence[Child]) -> list[Child]:
    return [child for child in children if child.running and child.ended() is None]


def supervise(
    processes: Sequence[Process], environment: Mapping[str, str], say: Say, hear: Hear, watch: Callable[[], None]
) -> None:
    """Run the processes until SIGINT, SIGTERM or SIGHUP, then stop them all.

    `say` takes one human line, `hear` a child's name and a line it wrote, `watch` is called every tenth of a second.
    """
    supervisor = Supervisor([Child(process, environment) for process in processes], say, hear)
    with supervisor.heeding_signals():
        try:
            while not supervisor.asked_to_stop:
                supervisor.turn()
                watch()
            say("Stopping. Press Ctrl-C once more to stop without waiting.")
        finally:
            supervisor.stop()


def dying_with(parent: int) -> Callable[[], None]:
    """Return what a child does before it starts: ask the kernel to end it if its parent is killed (on Linux)."""

    def before_start() -> None:
        if LIBC is not None:
            LIBC.prctl(DIE_WITH_PARENT, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return before_start


def ending(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
