"""Sets aside, before a publish, what a run cannot carry out because the lines that it needs lie in an archived quarter.

A new or changed order would have nowhere to lay its lines, and an order that is there again would bring none back into
the folds. They stay as they are, and their lines of the file wait among the quarantined records until the quarter is back.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from shop.languages import gettext as _
from shop.languages import ngettext
from shop.partitions.away import bring_back, lies_archived
from shop.partitions.quarters import Quarter
from shop.partitions.queries import Retired, retired
from shop.platforms.records import Kind
from shop.snapshots.erased import Erased, erased_of
from shop.snapshots.models import Snapshot
from shop.snapshots.planning import StoredMeanwhile
from shop.snapshots.proving import RETIRED_RANGE, gone_where
from shop.snapshots.reading import batches
from shop.snapshots.staging import KEPT_RAW, table

ASIDE = "a"  # the action of a planned line that was set aside
STEP = 1_000  # records written at once
PLANNED = """
    WITH away AS (
        SELECT p.line, p.action, q.starts_at FROM {plan} p
        LEFT JOIN orders o ON o.shop_id = %(shop)s AND o.id = p.stored_id
        JOIN unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS q (starts_at, ends_at)
             ON coalesce(o.items_at, p.placed_at) >= q.starts_at AND coalesce(o.items_at, p.placed_at) < q.ends_at
        WHERE p.action IN ('i', 'u', 'r'))
    UPDATE {plan} p SET action = 'a' FROM away WHERE p.line = away.line RETURNING p.line, away.action, away.starts_at"""
KEEP = """
    INSERT INTO quarantined_records (snapshot_id, line, shop_id, byte_offset, raw, raw_bytes, error_code, path, reason)
    VALUES (%s, %s, %s, %s, %s, %s, %s, '$.creationTime', %s)"""
WHERE_GONE = "SELECT count(*), min(e.items_at), max(e.items_at) FROM {orders} e WHERE {gone} AND {away}"


def set_aside(
    connection: psycopg.Connection[Any], snapshot: Snapshot, file: Path, planned: Mapping[str, int]
) -> tuple[dict[str, int], frozenset[str]]:
    """Take out of the plan what cannot be carried out, and keep its lines among the quarantined records.

    Returns how many lines do what now, and which quarters were archived by then. Part of the transaction that plans.
    Idempotent: what an attempt before has set aside is forgotten first.
    """
    if snapshot.kind != Kind.ORDERS:
        return dict(planned), frozenset()
    connection.execute(
        "DELETE FROM quarantined_records WHERE snapshot_id = %s AND error_code = %s", (snapshot.id, RETIRED_RANGE)
    )
    away = retired(connection)
    if not away:
        return dict(planned), frozenset()
    why = taken_out(connection, snapshot, away)
    with connection.cursor() as cursor:
        erased = erased_of(connection, snapshot)
        for some in in_steps(records(snapshot, file, why, erased)):
            cursor.executemany(KEEP, some)
    counts = dict(planned)
    for action, _quarter in why.values():
        counts[action] -= 1
        counts[ASIDE] = counts.get(ASIDE, 0) + 1
    return counts, frozenset(one.table for one in away)


def taken_out(
    connection: psycopg.Connection[Any], snapshot: Snapshot, away: list[Retired]
) -> dict[int, tuple[str, Quarter]]:
    """Return the lines of the file that were set aside, with what they would have done and the quarter they need."""
    found = connection.execute(
        sql.SQL(PLANNED).format(plan=table(snapshot.id, "plan")),
        {
            "shop": snapshot.shop_id,
            "starts": [one.starts_at for one in away],
            "ends": [one.ends_at for one in away],
        },
    ).fetchall()
    return {line: (action, Quarter.of(starts_at)) for line, action, starts_at in found}


def records(
    snapshot: Snapshot, file: Path, why: Mapping[int, tuple[str, Quarter]], erased: Erased
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of the lines, whose bytes are read from the file again, without people who were erased."""
    if not why:
        return
    last = max(why)
    for batch in batches(file):
        offset = batch.offset
        for number, raw in enumerate(batch.lines, batch.first):
            if number in why:
                action, quarter = why[number]
                reason = why_aside(action, quarter)
                kept = erased.left_of(raw)[:KEPT_RAW]
                yield snapshot.id, number, snapshot.shop_id, offset, kept, len(raw), RETIRED_RANGE, reason
            offset += len(raw) + 1
        if batch.first + len(batch.lines) > last:
            return


def why_aside(action: str, quarter: Quarter) -> str:
    if action == "i":
        words = _(
            "This new order was not taken in: its lines would lie in %(quarter)s, which is archived.", quarter=quarter
        )
    elif action == "u":
        words = _(
            "The change of this order was not taken over, and it stays as it was: its lines lie in %(quarter)s, which is archived.",
            quarter=quarter,
        )
    else:
        words = _(
            "This order is there again, but stays marked as deleted: its lines lie in %(quarter)s, which is archived.",
            quarter=quarter,
        )
    return f"{words} {_('%(bring_back)s, then put this record through again.', bring_back=bring_back(quarter))}"


def in_steps(rows: Iterator[tuple[object, ...]]) -> Iterator[list[tuple[object, ...]]]:
    some: list[tuple[object, ...]] = []
    for row in rows:
        some.append(row)
        if len(some) == STEP:
            yield some
            some = []
    if some:
        yield some


def hold_quarters(connection: psycopg.Connection[Any], snapshot: Snapshot, known: frozenset[str]) -> None:
    """Keep every quarter where it is until this transaction ends. Raises StoredMeanwhile if one was archived since."""
    if snapshot.kind == Kind.ORDERS and {one.table for one in retired(connection, until_commit=True)} - known:
        raise StoredMeanwhile(_("The lines of a quarter were archived while this file was being read."))


def close(connection: psycopg.Connection[Any], snapshot: Snapshot, planned: Mapping[str, int]) -> None:
    """Book what was set aside, and say which deletions were not made for the same reason. Part of the publish, or of a preview's end."""
    if snapshot.kind != Kind.ORDERS:
        return
    if planned.get(ASIDE):
        connection.execute(
            "UPDATE snapshots SET quarantined = quarantined + %s WHERE id = %s", (planned[ASIDE], snapshot.id)
        )
    says_what_is_gone = snapshot.purpose != "redrive" and not (snapshot.mode == "full" and planned.get("o"))
    remark = kept_words(connection, snapshot) if says_what_is_gone else ""
    if remark:
        connection.execute("UPDATE snapshots SET remark = %s WHERE id = %s", (remark, snapshot.id))


def kept_words(connection: psycopg.Connection[Any], snapshot: Snapshot) -> str:
    """Say how many orders are gone from the platform and stay all the same. Empty where there is none."""
    if not retired(connection):
        return ""
    orders, _missing, gone = gone_where(snapshot, archived_too=True)
    count, first, last = connection.execute(
        sql.SQL(WHERE_GONE).format(orders=orders, gone=gone, away=lies_archived("e", "items_at")),
        {"shop": snapshot.shop_id, "as_of": snapshot.as_of, "snapshot": snapshot.id},
    ).fetchone() or (0, None, None)
    if first is None or last is None:
        return ""
    quarters = [str(quarter) for quarter in dict.fromkeys((Quarter.of(first), Quarter.of(last)))]
    return ngettext(
        "%(num)s\u00a0order that the shop no longer has stays as before, because the lines of %(quarters)s are archived. "
        "Bring the quarters back, and the next complete snapshot marks them as deleted.",
        "%(num)s\u00a0orders that the shop no longer has stay as before, because the lines of %(quarters)s are archived. "
        "Bring the quarters back, and the next complete snapshot marks them as deleted.",
        count,
        quarters=_("%(first)s to %(last)s", first=quarters[0], last=quarters[1]) if quarters[1:] else quarters[0],
    )
