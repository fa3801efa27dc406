"""The end of a conversion: one of the two tables goes, after its keys to other tables were taken off it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from shop.errors import ShopError
from shop.fault_points import fault_point
from shop.locks import Lease
from shop.partitions import record, synchronising
from shop.partitions.creating import note
from shop.partitions.patience import BUDGET, in_moments
from shop.partitions.queries import exists
from shop.partitions.record import ASTRAY, BEFORE, NEXT, Conversion, Phase
from shop.partitions.swapping import swap_back

Proof = Callable[[psycopg.Connection[Any], datetime], str | None]  # names a restorable backup newer than that, if any


class NoBackup(ShopError):
    """The old table may not go: nothing could bring it back."""


def proven_backup(connection: psycopg.Connection[Any], newer_than: datetime) -> str | None:
    """Name the newest copy from after that moment that was restored and compared, and still has its files."""
    if not exists(connection, "backups"):
        return None
    row = connection.execute(
        """SELECT folder FROM backups WHERE state = 'restorable' AND pruned_at IS NULL AND started_at > %s
           ORDER BY started_at DESC LIMIT 1""",
        (newer_than,),
    ).fetchone()
    return str(row[0]) if row else None


def roll_back(
    connection: psycopg.Connection[Any], lease: Lease, conversion: Conversion, by: str, budget: float = BUDGET
) -> None:
    """Go back to the old table, from any phase but a finished one, without losing a line; then drop the new one."""
    if conversion.phase == Phase.SWAPPED:
        swap_back(connection, lease, conversion, by, budget)
    elif conversion.phase != Phase.ROLLED_BACK:

        def leave() -> None:
            lease.check(connection)
            synchronising.leave(connection)
            record.change(connection, conversion, phase=Phase.ROLLED_BACK)
            note(connection, None, "rolled back", by, direction=conversion.direction)

        in_moments(connection, leave, budget)
    fault_point("partitions.rolled_back")
    clear(connection, lease, conversion, NEXT, budget)


def finish(
    connection: psycopg.Connection[Any], lease: Lease, conversion: Conversion, by: str, *, proof: Proof = proven_backup,
    without_backup: bool = False,
) -> None:  # fmt: skip
    """Drop the old table. Raises `NoBackup` where it holds lines and no backup from after the swap can be restored."""
    if conversion.phase == Phase.SWAPPED:
        backup = require_backup(connection, conversion, proof, without_backup)

        def leave() -> None:
            lease.check(connection)
            synchronising.leave(connection)
            record.change(connection, conversion, phase=Phase.FINISHED)
            note(connection, None, "finished", by, direction=conversion.direction, backup=backup)

        in_moments(connection, leave)
    fault_point("partitions.finished")
    clear(connection, lease, conversion, BEFORE)


def require_backup(
    connection: psycopg.Connection[Any], conversion: Conversion, proof: Proof, without_backup: bool
) -> str | None:
    assert conversion.swapped_at, "a swapped conversion knows since when"
    if without_backup or is_empty(connection, BEFORE):
        return None
    found = proof(connection, conversion.swapped_at)
    if found is None:
        raise NoBackup(
            f"There is no restorable backup newer than the swap of {conversion.swapped_at:%Y-%m-%d %H:%M} UTC. Nothing was "
            "changed, and the old table is kept up to date. Take a backup first, or give --without-backup to go without."
        )
    return found


def is_empty(connection: psycopg.Connection[Any], table: str) -> bool:
    row = connection.execute(sql.SQL("SELECT NOT EXISTS (SELECT FROM {})").format(sql.Identifier(table))).fetchone()
    return bool(row and row[0])


def clear(
    connection: psycopg.Connection[Any], lease: Lease, conversion: Conversion, table: str, budget: float = BUDGET
) -> None:
    """Drop what is not live any more. Its foreign keys go first and alone: those keep `orders` locked, if for a moment."""

    def let_go() -> None:
        lease.check(connection)
        for (name,) in connection.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(%s) AND contype = 'f'", (table,)
        ).fetchall():
            connection.execute(
                sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.Identifier(table), sql.Identifier(name))
            )

    def drop() -> None:
        lease.check(connection)
        for one in (table, ASTRAY):
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(one)))
        for other in (NEXT, BEFORE):
            synchronising.drop_function(connection, other)
        record.change(connection, conversion, paused=None)
        connection.execute("UPDATE table_conversions SET ended_at = clock_timestamp() WHERE id = %s", (conversion.id,))

    if exists(connection, table):
        in_moments(connection, let_go, budget)
        fault_point("partitions.clearing")
    in_moments(connection, drop, budget)
