"""One server, many processes: the first to come starts it, the last to leave stops it.

Three lock files beside a server's data say everything, and the kernel frees them when a process is killed:
`NAME.start` is held while somebody starts or stops it, `NAME.users` is held (shared) by every process that uses it,
`NAME.alive` is inherited by the server itself and is free only when its last process is gone.
"""

import enum
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from shop.errors import ShopError
from shop.local.launching import last_words, open_private, reap

RETRY = 10.0  # seconds to try again after a start that failed: a killed server needs a moment to be gone
SILENCE = 15.0  # seconds a living server may answer nothing at all
RECOVERY = 300.0  # seconds a server may replay its log before it takes connections
SHUTDOWN = 30.0  # seconds for an orderly stop before a quick one
STEP = 0.02


class State(enum.Enum):
    READY = "ready"
    STARTING = "starting"
    SILENT = "silent"


class Server(Protocol):
    """What Share needs to know about a server."""

    name: str
    title: str
    folder: Path
    stop_signals: tuple[signal.Signals, signal.Signals]

    @property
    def url(self) -> str: ...

    def state(self) -> State: ...

    def launch(self, alive: int) -> None: ...

    def prepare(self) -> None: ...

    def pid(self) -> int | None: ...


class Share:
    """The part of this process in one server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.users: int | None = None

    def join(self) -> None:
        """Become a user; start the server if nobody has. Does nothing when joined already."""
        if self.users is not None:
            return
        with self.starting():
            users = self.open_lock("users")
            try:
                fcntl.flock(users, fcntl.LOCK_SH)
                self.bring_up()
            except BaseException:
                os.close(users)
                raise
            self.users = users

    def revive(self) -> bool:
        """Start the server again if it died under us; return whether it had."""
        if self.users is None or self.is_alive():
            return False
        with self.starting():
            if self.is_alive():
                return False
            self.bring_up()
        return True

    def leave(self) -> None:
        """Stop being a user; the last one out stops the server. Its data stays."""
        if self.users is None:
            return
        users, self.users = self.users, None
        with self.starting():
            if taken(users):
                self.shut_down()
            os.close(users)

    def bring_up(self) -> None:
        """Return when the server takes connections; try again for a while, as a killed one needs time to be gone."""
        deadline = time.monotonic() + RETRY
        while not self.came_up():
            if time.monotonic() > deadline:
                raise ShopError(
                    f"{self.server.title} does not start; its data was kept. "
                    f"The end of its log {self.log} says: {last_words(self.log)}"
                )
            time.sleep(0.25)
        self.server.prepare()

    def came_up(self) -> bool:
        """Launch the server unless it lives; return False when its processes are gone again."""
        reap()
        if not self.is_alive():
            alive = self.open_lock("alive")
            try:
                fcntl.flock(alive, fcntl.LOCK_EX)
                self.server.launch(alive)
            finally:
                os.close(alive)
        started = time.monotonic()
        patience = started + SILENCE
        while (now := time.monotonic()) < patience:
            state = self.server.state()
            if state is State.READY:
                return True
            if state is State.STARTING:
                patience = min(now + SILENCE, started + RECOVERY)
            elif not self.is_alive():
                return False
            time.sleep(STEP)
        raise ShopError(
            f"{self.server.title} is running and does not answer; its data was kept. Try again in a minute. "
            f"The end of its log {self.log} says: {last_words(self.log)}"
        )

    def shut_down(self) -> None:
        """Ask for an orderly stop, then for a quick one, and wait until every process is gone."""
        for kind in self.server.stop_signals:
            pid = self.server.pid()
            if pid is None or not self.is_alive():
                break
            with suppress(ProcessLookupError):
                os.kill(pid, kind)
            deadline = time.monotonic() + SHUTDOWN
            while self.is_alive() and time.monotonic() < deadline:
                time.sleep(STEP)
        reap()

    def is_alive(self) -> bool:
        """Tell whether any process of the server lives, whoever started it."""
        lock = self.open_lock("alive")
        try:
            return not taken(lock)
        finally:
            os.close(lock)

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Let one process at a time start or stop this server."""
        lock = self.open_lock("start")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def open_lock(self, kind: str) -> int:
        """Open a lock file. Servers do not inherit it, except the one lock that is handed to them."""
        path = self.server.folder / f"{self.server.name}.{kind}"
        try:
            return open_private(path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise ShopError(f"{path} cannot be opened: {error.strerror}. Is the folder another user's?") from error

    @property
    def log(self) -> Path:
        return self.server.folder / f"{self.server.name}.log"


def taken(lock: int) -> bool:
    """Try to hold a lock alone; return whether that worked."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
