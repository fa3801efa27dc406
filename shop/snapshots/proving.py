"""Proves a staged file before anything of it is published: never empty, never half of what was there, without a person."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from shop.errors import ShopError
from shop.languages import gettext as _
from shop.languages import said
from shop.partitions.away import lies_archived
from shop.settings.options import DELETION_RECORDS, DELETION_SHARE
from shop.settings.values import value
from shop.snapshots.deletions import reported_where
from shop.snapshots.models import Snapshot
from shop.snapshots.staging import TooManyBad, refuse_too_many, table

FEWEST_TO_COMPARE = 20  # below this many records a shop is too small for shares to mean anything
RETIRED_RANGE = (
    "retired_range"  # of a record whose quarter is archived: it was read well, so that nothing is wrong with the file
)
ENTITIES = {
    "orders": ("orders", "code"),
    "customers": ("customer_accounts", "guid"),
    "products": ("products", "guid"),
}


class Implausible(ShopError):
    """The file is whole, but it says something that a person should look at first."""

    code = "implausible"


@dataclass(frozen=True)
class Proof:
    """What the proof found: the records in the file, and those stored that are gone from the platform."""

    records: int
    missing: int


def prove(connection: psycopg.Connection[Any], snapshot: Snapshot, planned: dict[str, int]) -> Proof:
    """Compare with the previous complete snapshot and with what is stored; raise where a person must decide.

    Records that were bad once are taken one by one: nothing follows from how many still are.
    A file with records older than the stored ones was made before them: what it lacks may be new, so nothing is missing.
    """
    lines, quarantined = connection.execute(
        "SELECT lines, quarantined FROM snapshots WHERE id = %s", (snapshot.id,)
    ).fetchone() or (0, 0)
    if snapshot.purpose == "redrive":
        return Proof(lines, 0)
    refuse_too_many(lines, quarantined, at_end=True)
    if lines == quarantined and lines > 0:
        raise TooManyBad(
            _(
                "None of the %(lines)s records in this file can be read. Nothing was published; look at their reasons on "
                "the snapshot's page.",
                lines=lines,
            )
        )
    missing = 0 if snapshot.mode == "full" and planned.get("o") else count_missing(connection, snapshot)
    if not snapshot.confirmed and snapshot.purpose != "preview":
        refuse_implausible(connection, snapshot, lines, missing)
    return Proof(lines, missing)


def refuse_implausible(connection: psycopg.Connection[Any], snapshot: Snapshot, lines: int, missing: int) -> None:
    if lines == 0 and not (snapshot.way and snapshot.mode == "partial"):  # nothing changed since: that is usual
        raise Implausible(
            _(
                "The file holds no %(kind)s. Nothing was changed. If the shop really has none, accept the empty file on "
                "the snapshot's page (`--confirm` on the command line).",
                kind=said(snapshot.kind),
            )
        )
    if snapshot.mode != "full":
        refuse_many_deletions(connection, snapshot, missing)
        return
    before = previous_lines(connection, snapshot)
    if before >= FEWEST_TO_COMPARE and lines * 2 < before:
        raise Implausible(
            _(
                "The file holds %(lines)s %(kind)s, the complete snapshot before it held %(before)s. Nothing was "
                "changed. If the file holds only a part, load it as a part (`--since` on the command line); if the shop "
                "really shrank, accept the file on the snapshot's page (`--confirm`).",
                lines=lines,
                kind=said(snapshot.kind),
                before=before,
            )
        )
    if are_many(snapshot.shop_id, missing, missing + lines):
        raise Implausible(
            _(
                "%(missing)s stored %(kind)s are not in this file and would be marked as deleted. Nothing was changed. "
                "If the file holds only a part, load it as a part (`--since` on the command line); if they were really "
                "deleted, accept the file on the snapshot's page (`--confirm`).",
                missing=missing,
                kind=said(snapshot.kind),
            )
        )


def refuse_many_deletions(connection: psycopg.Connection[Any], snapshot: Snapshot, deleted: int) -> None:
    """Stop before more is marked as deleted than a shop deletes in a few minutes of usual work."""
    if deleted < FEWEST_TO_COMPARE:
        return
    name = ENTITIES[snapshot.kind][0]
    stored = connection.execute(
        sql.SQL("SELECT count(*) FROM {} WHERE shop_id = %s AND deleted_at IS NULL").format(sql.Identifier(name)),
        (snapshot.shop_id,),
    ).fetchone() or (0,)
    if are_many(snapshot.shop_id, deleted, stored[0]):
        raise Implausible(
            _(
                "The platform reports %(deleted)s stored %(kind)s as deleted. Nothing was changed. If they were really "
                "deleted, accept that on the snapshot's page (`--confirm` on the command line).",
                deleted=deleted,
                kind=said(snapshot.kind),
            )
        )


def are_many(shop_id: int, deleted: int, of: int) -> bool:
    """Whether so many deletions are more than the shop's settings let pass without a person."""
    if deleted < FEWEST_TO_COMPARE:
        return False
    return deleted > value(DELETION_RECORDS, shop_id) or deleted * 100 > value(DELETION_SHARE, shop_id) * of


def previous_lines(connection: psycopg.Connection[Any], snapshot: Snapshot) -> int:
    found = connection.execute(
        """SELECT lines FROM snapshots WHERE shop_id = %s AND kind = %s AND mode = 'full' AND state = 'done' AND id <> %s
           ORDER BY id DESC LIMIT 1""",
        (snapshot.shop_id, snapshot.kind, snapshot.id),
    ).fetchone()
    return int(found[0]) if found else 0


def gone_where(
    snapshot: Snapshot, *, archived_too: bool = False
) -> tuple[sql.Identifier, sql.Identifier, sql.Composed]:
    """Return the table of the run's kind, its key, and the condition for its rows that are gone from the platform.

    An order whose lines are archived stays: the folds could not be told what its lines had brought.
    """
    name, key = map(sql.Identifier, ENTITIES[snapshot.kind])
    gone = missing_where(snapshot.id, key) if snapshot.mode == "full" else reported_where(snapshot.id, key)
    if snapshot.kind == "orders" and not archived_too:
        gone = sql.SQL("{} AND NOT {}").format(gone, lies_archived("e", "items_at"))
    return name, key, gone


def missing_where(snapshot_id: int, key: sql.Identifier) -> sql.Composed:
    """Return the condition for stored rows that a full file no longer names.

    Rows changed after the file was made are exempt, and so are accounts and products known only from orders.
    """
    return sql.SQL(
        "e.shop_id = %(shop)s AND e.deleted_at IS NULL AND e.source_hash IS NOT NULL"
        " AND (e.changed_at IS NULL OR e.changed_at <= %(as_of)s)"
        " AND NOT EXISTS (SELECT 1 FROM {main} m WHERE m.{key} = e.{key}) AND NOT EXISTS (SELECT 1 FROM {seen} s WHERE s.key = e.{key})"
        " AND NOT EXISTS (SELECT 1 FROM quarantined_records q WHERE q.snapshot_id = %(snapshot)s AND q.error_code <> {archived})"
    ).format(
        archived=sql.Literal(RETIRED_RANGE), main=table(snapshot_id, "main"), seen=table(snapshot_id, "seen"), key=key
    )


def count_missing(connection: psycopg.Connection[Any], snapshot: Snapshot) -> int:
    name, _, condition = gone_where(snapshot)
    found = connection.execute(
        sql.SQL("SELECT count(*) FROM {} e WHERE {}").format(name, condition),
        {"shop": snapshot.shop_id, "as_of": snapshot.as_of, "snapshot": snapshot.id},
    ).fetchone()
    return int(found[0]) if found else 0
