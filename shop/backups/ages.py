"""What `flask doctor` says of copies: whether one could be restored today, and what stands about beside the live database."""

from collections.abc import Iterator
from typing import Any

import psycopg

from shop import task_runs
from shop.backups.beside import Beside, databases
from shop.backups.queries import newest_restorable
from shop.backups.restorability import too_old, worry
from shop.findings import Finding, State, finding
from shop.formatting import plural, size

FORGOTTEN = 7  # days that a database beside the live one may stand there before it is named
THROW = "Open Backups: look at it and drop it, or switch. It takes the room of a whole database."


def findings(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """Yield everything there is to say. Ages are those of the database's clock."""
    yield restorable()
    for one in databases(connection, connection.info.dbname):
        if one.since is None or one.days >= FORGOTTEN:
            yield Finding("database beside", State.NOTE, words(one), THROW)


def restorable() -> Finding:
    """See that there is a proven copy, and that it is not old. A new installation has none before its first night."""
    newest = newest_restorable()
    if newest is None:
        mend = "Take one: `flask backups create`; else the night does."
        return Finding("backups", State.NOTE, "none is proven yet", mend)
    wrong = worry(newest, task_runs.now(), too_old())
    found = wrong or f"proven, of {newest.started_at:%Y-%m-%d %H:%M} UTC"
    return finding("backups", not wrong, found, "See why: `flask backups list`.")


def words(one: Beside) -> str:
    age = f"{plural(one.days, 'day', 'days')} old" if one.since else "of unknown age"
    return f"{one.name}, {one.what or 'left behind'}, {size(one.bytes)}, {age}"
