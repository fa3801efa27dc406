"""Loads a dump into an empty database, with PostgreSQL's own program."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from shop.backups.tools import environment, run
from shop.local.binaries import Tools
from shop.making_way import watching_over

FINISHED = re.compile(r'processing data for table "([^"]+)"')

JOBS = 1  # tables at once: with two, whoever opens a page meanwhile waits three times as long, and a proof has the time


def load(tools: Tools, folder: Path, conninfo: str, rows: dict[str, int], progress: Callable[[int], None]) -> None:
    """Restore everything or fail. `progress` hears the rows of the tables that were begun before.

    Owners and grants are those of whoever restores: the roles of another server may not exist here.
    """
    begun: list[str] = []

    def told(line: str) -> None:
        if found := FINISHED.search(line):
            begun.append(found[1])
            progress(sum(rows.get(name, 0) for name in begun[:-JOBS]))

    command = (
        tools.folder / "pg_restore", f"--jobs={JOBS}", "--no-owner", "--no-acl", "--exit-on-error", "--verbose", "--no-password",
        f"--dbname={conninfo_to_dict(conninfo).get('dbname', '')}", folder,
    )  # fmt: skip
    name = f"pult restore {os.getpid()}"
    with psycopg.connect(conninfo, autocommit=True) as watching:
        run(command, environment(conninfo) | {"PGAPPNAME": name}, told, look=watching_over(watching, name))
