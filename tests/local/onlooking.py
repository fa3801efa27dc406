"""What the tests of the embedded servers look at: pid files, processes, one value from the database."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from shop.local.servers import Addresses

SMALL = {"shared_buffers": "16MB", "fsync": "off"}
USER = """
import sys, time
from pathlib import Path
from shop.local.servers import LocalServers
servers = LocalServers(Path(sys.argv[1]), {"shared_buffers": "16MB", "fsync": "off"})
servers.start()
print("joined", flush=True)
sys.stdin.readline()
servers.stop()
"""
COMMAND = """
import sys
from pathlib import Path
from shop.local.servers import ensure
print(ensure(Path(sys.argv[1]), database=True, redis=True).database_url, flush=True)
sys.stdin.readline()
"""


@contextmanager
def another_process(folder: Path, program: str = USER) -> Iterator[subprocess.Popen[str]]:
    """A process that uses the servers until it reads a line."""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline()
        yield process
        process.kill()


def pid_of(folder: Path, server: str) -> int | None:
    file = {"postgres": "pg*/postmaster.pid", "valkey": "valkey/valkey.pid"}[server]
    found = list((folder / "local").glob(file))
    return int(found[0].read_text().split()[0]) if found else None


def value(addresses: Addresses, query: str) -> object:
    with psycopg.connect(addresses.database_url) as connection:
        row = connection.execute(query).fetchone()
        assert row
        return row[0]


def is_gone(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "State:\tZ" in status.read_text()


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while not is_gone(pid):
        assert time.monotonic() < deadline, f"process {pid} still runs"
        time.sleep(0.02)
