"""PostgreSQL of our own: made once, on a private socket, safe against a pulled plug."""

import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg

from shop.errors import ShopError
from shop.local import binaries
from shop.local.launching import clean_environment, launch, private_folder, socket_folder, unprivileged
from shop.local.sharing import State

NAME = "pult"  # the role and the database
PORT = "5432"  # a part of the socket's name; no port is opened
SETTINGS = {  # for a machine of two cores and a few gigabytes; nothing here trades safety for speed
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": PORT,
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",  # our queries are short; compiling them costs more than it saves
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
    "log_checkpoints": "off",
    "client_connection_check_interval": "1s",  # a killed client's query ends, and does not commit
}


class Postgres:
    """One cluster under `folder`, named after its major version: a newer PostgreSQL cannot read an older one's files."""

    title = "PostgreSQL"
    stop_signals = (signal.SIGINT, signal.SIGQUIT)  # fast, then immediate

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.settings = SETTINGS | dict(settings)
        self.tools = binaries.postgres(made_by(folder))
        self.name = f"pg{self.tools.major}"
        self.cluster = folder / self.name
        self.sockets = socket_folder(folder)

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}@/{NAME}?host={self.sockets}&port={PORT}"

    def state(self) -> State:
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError as error:
            refused = error.sqlstate == "57P03" or "starting up" in str(error) or "recovery" in str(error)
            return State.STARTING if refused else State.SILENT
        return State.READY

    def connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.sockets), port=PORT, user=NAME, dbname=database, connect_timeout=5, autocommit=True
        )

    def launch(self, alive: int) -> None:
        private_folder(self.sockets)
        if not self.cluster.exists():
            self.make_cluster()
        self.clear_leftovers()
        given = [f"--{name.replace('_', '-')}={value}" for name, value in self.settings.items()]
        program = self.command("postgres", "-D", self.cluster, "-k", self.sockets)
        launch([*program, *given], self.folder / f"{self.name}.log", alive)

    def make_cluster(self) -> None:
        """Make the cluster aside and move it into place whole, so that a kill leaves nothing half made."""
        aside = self.folder / f"{self.name}.new"
        if aside.exists():
            shutil.rmtree(aside)
        made = subprocess.run(
            [
                *self.command("initdb", "-D", aside, "-U", NAME, "--auth=trust", "-k", "-E", "UTF8"),
                *locale(self.tools.major),
            ],
            capture_output=True,
            text=True,
            env=clean_environment(),
            cwd=self.folder,
            check=False,
        )
        if made.returncode:
            raise ShopError(f"PostgreSQL could not make its folder {self.cluster}: {made.stderr.strip()[-500:]}")
        aside.rename(self.cluster)

    def command(self, program: str, *words: str | Path) -> list[str]:
        return [*unprivileged(), str(self.tools.folder / program), *map(str, words)]

    def clear_leftovers(self) -> None:
        """Remove the pid files of a killed server. Called when none of its processes lives.

        PostgreSQL would refuse to start while any process has that number: its own zombie that nobody reaps,
        or, in a container that was started again, a program that has nothing to do with it.
        """
        for leftover in (self.cluster / "postmaster.pid", self.sockets / f".s.PGSQL.{PORT}.lock"):
            pid = first_number(leftover)
            if pid is not None and not is_postgres(pid):
                leftover.unlink(missing_ok=True)

    def prepare(self) -> None:
        with self.connect("postgres") as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (NAME,)).fetchone():
                connection.execute(f"CREATE DATABASE {NAME}")

    def pid(self) -> int | None:
        return first_number(self.cluster / "postmaster.pid")


def made_by(folder: Path) -> tuple[int, ...]:
    """Return the major versions whose clusters lie in the folder already, the newest first."""
    found = [int(path.name[2:]) for path in folder.glob("pg[0-9][0-9]") if (path / "PG_VERSION").exists()]
    return tuple(sorted(found, reverse=True))


def locale(major: int) -> tuple[str, ...]:
    """Sort by code point and know every letter, the same on each machine; from 17 on without the C library."""
    if major >= 17:
        return ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    return ("--locale=C.UTF-8",)


def first_number(path: Path) -> int | None:
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def is_postgres(pid: int) -> bool:
    """Tell whether that process is a living PostgreSQL. Without /proc it may be, and PostgreSQL decides itself."""
    if not Path("/proc/self/status").exists():
        return True
    try:
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
        )
    except OSError:
        return False
    return status.get("Name") == "postgres" and not status.get("State", "Z").startswith("Z")
