"""The dump: by PostgreSQL's own program, in parallel, of one exported snapshot."""

import re
from collections.abc import Callable
from pathlib import Path

import psycopg

from shop.backups.contents import NOT_COPIED
from shop.backups.tools import ToolFailed, environment, run
from shop.local.binaries import Tools
from shop.making_way import watching_over

JOBS = 2  # tables at once; one core is left to the site on the smallest machine
BEGUN = re.compile(r'dumping contents of table "([^"]+)\.([^"]+)"')
GLOBALS = "globals.sql"


def dump(
    tools: Tools, conninfo: str, snapshot: str, folder: Path, sizes: dict[str, int], progress: Callable[[int], None]
) -> None:
    """Write the whole database, but for what runs have put aside. `progress` hears the bytes of the tables begun before."""
    begun: list[str] = []
    name = f"pult dump {snapshot}"

    def told(line: str) -> None:
        if found := BEGUN.search(line):
            begun.append(f"{found[1]}.{found[2]}")
            progress(sum(sizes.get(table, 0) for table in begun[:-JOBS]))

    command: list[str | Path] = [
        tools.folder / "pg_dump", "--format=directory", f"--jobs={JOBS}", "--compress=1", f"--snapshot={snapshot}", "--verbose",
        "--no-password", "--lock-wait-timeout=30s", *(f"--exclude-schema={name}" for name in NOT_COPIED), f"--file={folder}",
    ]  # fmt: skip
    with psycopg.connect(conninfo, autocommit=True) as watching:
        run(command, environment(conninfo) | {"PGAPPNAME": name}, told, look=watching_over(watching, name))


def dump_globals(tools: Tools, conninfo: str, folder: Path) -> str | None:
    """Write the roles and settings that a fresh server needs, without passwords; returns why not, where that is refused."""
    place = folder / GLOBALS
    try:
        run(
            [tools.folder / "pg_dumpall", "--globals-only", "--no-role-passwords", "--no-password"],
            environment(conninfo),
            output=place,
        )
    except ToolFailed as error:
        place.unlink(missing_ok=True)
        return error.message
    return None
