"""The client programs of PostgreSQL: of the server's own major version, told where to go by their environment alone."""

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from shop import stopping
from shop.errors import ShopError
from shop.languages import N_
from shop.languages import gettext as _
from shop.local.binaries import Tools, installations
from shop.local.launching import clean_environment
from shop.making_way import make_way

IN_ENVIRONMENT = {  # a connection's parameter: the variable that carries it, so that no password stands in a command line
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER",
    "password": "PGPASSWORD", "passfile": "PGPASSFILE", "options": "PGOPTIONS", "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY", "service": "PGSERVICE",
    "channel_binding": "PGCHANNELBINDING", "target_session_attrs": "PGTARGETSESSIONATTRS",
}  # fmt: skip
BETWEEN = 0.2  # seconds between two looks at a program that works
MOST_LINES = 200  # of what it says that are kept
LAST_WORDS = 600  # characters of its errors that are told
Told = Callable[[str], None]


class ToolFailed(ShopError):
    """A program of PostgreSQL ended with an error; the sentence carries its own words."""


def tools_for(server_version: int) -> Tools:
    """Return the client programs for a server, given `server_version_num`. Raises ShopError where only others are here."""
    major = server_version // 10_000
    found = list(installations())
    for tools in found:
        if tools.major == major and (tools.folder / "pg_dump").exists():
            return tools
    others = ", ".join(tools.version for tools in found) or "none"
    raise ShopError(
        _(
            "The server is PostgreSQL %(major)s, and its own client programs are not on this machine (%(others)s found). "
            "No copy was begun: a dump by another version may not be restorable. Install postgresql-client-%(major)s and "
            "postgresql-%(major)s.",
            major=major,
            others=others,
        )
    )


def server_version(connection: psycopg.Connection[Any]) -> int:
    return connection.info.server_version


def environment(conninfo: str) -> dict[str, str]:
    """Return the environment in which a program of PostgreSQL reaches the database of `conninfo`."""
    given = conninfo_to_dict(conninfo)
    unknown = given.keys() - IN_ENVIRONMENT.keys() - {"application_name", "connect_timeout"}
    if unknown:
        raise ShopError(
            _(
                "DATABASE_URL carries %(names)s, which cannot be passed on to PostgreSQL’s own programs. No copy was begun. "
                "Name it in a service file instead.",
                names=", ".join(sorted(unknown)),
            )
        )
    told = {IN_ENVIRONMENT[name]: str(value) for name, value in given.items() if name in IN_ENVIRONMENT and value}
    return clean_environment() | told | {"PGCONNECT_TIMEOUT": "10", "PGAPPNAME": "pult backup"}


def run(
    command: Sequence[str | Path],
    environ: Mapping[str, str],
    told: Told | None = None,
    output: Path | None = None,
    look: Callable[[], None] = lambda: None,
) -> None:
    """Run a program to its end; `told` hears each line of its standard error at once, `output` takes its standard output.

    `look` is called a few times a second meanwhile.

    Ends it, with all that it has started, when this process is asked to stop. Raises `ToolFailed` with its own words.
    """
    with (
        ExitStack() as opened,
        subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=opened.enter_context(output.open("wb")) if output else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=dict(environ),
            umask=0o077,
            start_new_session=True,
        ) as program,
    ):
        make_way(program.pid)
        said: deque[str] = deque(maxlen=MOST_LINES)
        ear = threading.Thread(target=listen, args=(program, said, told), name="ear", daemon=True)
        ear.start()
        try:
            while program.poll() is None:
                stopping.check()
                look()
                time.sleep(BETWEEN)
        finally:
            end(program)
            ear.join(timeout=5)
    if program.returncode:
        raise ToolFailed(_("%(program)s failed: %(said)s", program=Path(command[0]).name, said=last_words(said)))


def listen(program: subprocess.Popen[str], said: deque[str], told: Told | None) -> None:
    for line in program.stderr or ():
        said.append(line.rstrip())
        if told:
            told(line.rstrip())


def end(program: subprocess.Popen[str]) -> None:
    """Leave no process of the program behind, however we come here."""
    if program.poll() is None:
        try:
            os.killpg(program.pid, signal.SIGTERM)
            program.wait(timeout=5)
        except ProcessLookupError:
            program.wait()
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()


def last_words(said: Sequence[str]) -> str:
    """Return the errors among what was said, else its end."""
    lines = [line for line in said if "error:" in line or "FATAL" in line] or list(said)[-3:]
    return " / ".join(lines)[-LAST_WORDS:] or N_("it said nothing")
