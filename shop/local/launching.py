"""How a server process is started: detached, private, and never as root where it refuses that."""

import hashlib
import os
import re
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from shop.errors import ShopError

NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
LONGEST_SOCKET = 107  # bytes, the limit of sockaddr_un on Linux with its closing zero
LONGEST_NAME = "/.s.PGSQL.5432"
PLAIN = re.compile(r"[A-Za-z0-9/._-]+")
LARGEST_LOG = 5_000_000  # bytes; an older log is kept beside it, once


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can enter, and refuse one that belongs to somebody else."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ShopError(f"The folder {path} cannot be made: {error.strerror}. Nothing was started.") from error
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise ShopError(
            f"The folder {path} belongs to another user. Nothing was started. "
            "Run Pult as that user, or name another folder in PULT_DATA_DIR."
        )
    if stat.S_IMODE(found.st_mode) != 0o700:
        path.chmod(0o700)
    return path


def socket_folder(folder: Path) -> Path:
    """Return where the sockets lie: inside the data folder, or under /tmp where that path is too long for a socket.

    Every process must come to the same answer, so the place is /tmp itself and not this process's TMPDIR.
    Paths with commas, blanks or quotes go the same way: libpq reads a comma in a host as a list of hosts.
    """
    inside = folder / "run"
    fits = len(os.fsencode(inside)) + len(LONGEST_NAME) <= LONGEST_SOCKET
    if fits and PLAIN.fullmatch(str(inside)):
        return inside
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return Path("/tmp") / f"pult-{os.geteuid()}-{digest}"  # noqa: S108 - made 0700, and refused if it is anybody else's


def unprivileged() -> tuple[str, ...]:
    """Return the words to put before a PostgreSQL command: none for a plain user, a user namespace for root.

    PostgreSQL refuses to run as root. Inside the namespace root is user 1000 with no powers, and on the disk
    the files stay root's own: no account is made and no folder opened to others.
    """
    if os.geteuid() != 0:
        return ()
    try:
        subprocess.run([*NAMESPACE, "true"], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError) as error:
        raise ShopError(
            "PostgreSQL does not run as root, and root may not make a user namespace on this machine. "
            "Nothing was started. Run Pult as an ordinary user, or set DATABASE_URL."
        ) from error
    return NAMESPACE


def clean_environment() -> dict[str, str]:
    """Return our environment without what would steer PostgreSQL elsewhere (PGDATA, PGPORT, locales)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"TZ": "UTC", "LC_ALL": "C"}


started_here: list[subprocess.Popen[bytes]] = []


def launch(command: Sequence[str | Path], log: Path, alive: int) -> None:
    """Start a server in a session of its own, so that Ctrl-C in our terminal does not reach it.

    `alive` is a locked file that the server inherits: the lock is free again when its last process is gone.
    """
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.rename(log.with_suffix(".log.old"))
    output = open_private(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=(alive,),
            env=clean_environment(),
            cwd=log.parent,
            umask=0o077,
        )
    finally:
        os.close(output)
    started_here.append(server)


def reap() -> None:
    """Take leave of the servers we started that ended since; whoever starts a process must, or it stays a zombie."""
    started_here[:] = [server for server in started_here if server.poll() is None]


def open_private(path: Path, flags: int) -> int:
    """Open a file that only its owner reads. Like all of Python's files it is not inherited by programs we start."""
    return os.open(path, flags, 0o600)


def last_words(log: Path, lines: int = 3) -> str:
    """Return the end of a server's log, for the sentence that says why it did not start."""
    try:
        with log.open("rb") as source:
            source.seek(max(0, log.stat().st_size - 4000))
            text = source.read().decode(errors="replace")
    except OSError:
        return "(no log)"
    return " / ".join(text.strip().splitlines()[-lines:]) or "(an empty log)"
