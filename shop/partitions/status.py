"""The state of the big table as plain values: its quarters with their sizes, and the conversion."""

from datetime import UTC, datetime
from typing import Any

import psycopg

from shop.partitions import record
from shop.partitions.creating import in_quarters
from shop.partitions.quarters import PARENT, Quarter
from shop.partitions.queries import Attached, attached, is_partitioned
from shop.partitions.record import BEFORE, NEXT, Conversion, Phase

SIZES = """
    SELECT oid::bigint, greatest(reltuples, 0)::bigint, pg_total_relation_size(oid) FROM pg_class WHERE oid = ANY (%s::bigint[]::oid[])"""
NEXT_STEP = {
    Phase.PLANNED: "Next: flask partitions prepare.",
    Phase.PREPARED: "Next: flask partitions backfill.",
    Phase.BACKFILLING: "Next: flask partitions backfill.",
    Phase.VERIFIED: "Next: flask partitions swap.",
    Phase.SWAPPED: "Next: flask partitions finish, or rollback, at any later time.",
    Phase.FINISHED: "It was interrupted while clearing away. Next: flask partitions finish.",
    Phase.ROLLED_BACK: "It was interrupted while clearing away. Next: flask partitions rollback.",
}


def as_json(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """Return the table's form, its quarters (rows as last counted by ANALYZE; sizes in bytes), and the newest conversion."""
    parent = in_quarters(connection)
    conversion = record.newest(connection)
    return {
        "form": "in quarters" if is_partitioned(connection) else "one plain table",
        "partitions": quarters(connection, parent) if parent else [],
        "conversion": None if conversion is None else told(conversion),
    }


def quarters(connection: psycopg.Connection[Any], parent: str) -> list[dict[str, Any]]:
    found = attached(connection, parent)
    sizes = {oid: (rows, size) for oid, rows, size in connection.execute(SIZES, ([one.oid for one in found],))}
    return [
        {
            "name": one.table,
            "from": one.starts_at.isoformat() if one.starts_at else None,
            "to": one.ends_at.isoformat() if one.ends_at else None,
            "rows": sizes[one.oid][0],
            "bytes": sizes[one.oid][1],
            "state": state_of(one, parent),
        }
        for one in found
    ]


def state_of(one: Attached, parent: str) -> str:
    """Return what a quarter is for: of the live table by time, else of the table that waits or that was."""
    if one.is_pending:
        return "half detached"
    if parent != PARENT:
        return {NEXT: "in preparation", BEFORE: "of the old table"}[parent]
    if one.starts_at is None or one.ends_at is None:
        return "default"
    now = Quarter.of(datetime.now(UTC))
    return "past" if one.ends_at <= now.starts_at else "ahead" if one.starts_at >= now.ends_at else "current"


def told(conversion: Conversion) -> dict[str, Any]:
    swapped = conversion.swapped_at
    return {
        "direction": conversion.direction,
        "phase": conversion.phase,
        "by": conversion.by,
        "started_at": conversion.started_at.isoformat(),
        "changed_at": conversion.changed_at.isoformat(),
        "swapped_at": swapped.isoformat() if swapped else None,
        "ended": conversion.ended_at is not None,
        "rows_total": conversion.rows_total,
        "rows_done": conversion.rows_done,
        "paused": conversion.paused,
        "next": next_step(conversion),
    }


def next_step(conversion: Conversion) -> str:
    if conversion.ended_at is not None:
        return ""
    if conversion.phase == Phase.BACKFILLING and conversion.is_filled:
        return "Next: flask partitions verify."
    return NEXT_STEP[conversion.phase]
