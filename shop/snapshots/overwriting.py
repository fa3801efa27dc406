"""Keeps what a replay is about to overwrite, so that it can be undone for a day. Part of the replay's publish."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import CursorResult, delete, func

from shop.db import db
from shop.orders.item_times import WITHIN, bounds
from shop.snapshots.models import OverwrittenOrder, Snapshot
from shop.snapshots.staging import table

KEPT = timedelta(days=1)
DIGEST = sql.SQL("md5(to_jsonb(o)::text)")

ROWS = """
    INSERT INTO overwritten_orders (shop_id, snapshot_id, order_id, action, before, lines)
    SELECT o.shop_id, %(snapshot)s, o.id, p.action, to_jsonb(o), CASE WHEN p.action = 'u' THEN (
        SELECT coalesce(jsonb_agg(to_jsonb(i) ORDER BY i.line), '[]') FROM order_items i
        WHERE i.shop_id = o.shop_id AND i.order_id = o.id AND i.created_at = o.items_at AND {within}) END
    FROM {plan} p JOIN orders o ON o.shop_id = %(shop)s AND o.id = p.stored_id WHERE p.action IN ('u', 'r')"""
UPDATED = "{plan} p JOIN orders o ON o.shop_id = %(shop)s AND o.id = p.stored_id WHERE p.action = 'u'"
GONE = """
    INSERT INTO overwritten_orders (shop_id, snapshot_id, order_id, action, before)
    SELECT o.shop_id, %(snapshot)s, o.id, 'd', to_jsonb(o) FROM ({missing}) m JOIN orders o ON o.shop_id = %(shop)s AND o.id = m.id"""
NEW = """
    INSERT INTO overwritten_orders (shop_id, snapshot_id, order_id, action)
    SELECT %(shop)s, %(snapshot)s, stored_id, 'i' FROM {plan} WHERE action = 'i'"""
LEFT_AS = """
    UPDATE overwritten_orders k SET left_as = {digest} FROM orders o
    WHERE k.shop_id = %(shop)s AND k.snapshot_id = %(snapshot)s AND o.shop_id = k.shop_id AND o.id = k.order_id"""


def is_undoable(snapshot: Snapshot) -> bool:
    """Whether what the run overwrites is kept."""
    return snapshot.purpose == "replay" and snapshot.kind == "orders"


def keep_old(connection: psycopg.Connection[Any], snapshot: Snapshot, missing: sql.Composed | None) -> None:
    """Keep the rows that the publish will change, before it does."""
    if not is_undoable(snapshot):
        return
    updated = sql.SQL(UPDATED).format(plan=table(snapshot.id, "plan"))
    run(connection, snapshot, ROWS, bounds(connection, snapshot.shop_id, updated), within=WITHIN)
    if missing is not None:
        run(connection, snapshot, GONE, missing=missing)


def keep_new(connection: psycopg.Connection[Any], snapshot: Snapshot) -> None:
    """Keep the numbers of the new rows, and a digest of every row as the publish has left it."""
    if is_undoable(snapshot):
        run(connection, snapshot, NEW)
        run(connection, snapshot, LEFT_AS, digest=DIGEST)


def run(
    connection: psycopg.Connection[Any],
    snapshot: Snapshot,
    query: str,
    values: Mapping[str, object] | None = None,
    **names: sql.Composable,
) -> None:
    connection.execute(
        sql.SQL(query).format(plan=table(snapshot.id, "plan"), **names),
        {"shop": snapshot.shop_id, "snapshot": snapshot.id, **(values or {})},
    )


def forget() -> int:
    """Delete what was kept for longer than a replay can be undone. The caller commits."""
    old = delete(OverwrittenOrder).where(OverwrittenOrder.kept_at < func.clock_timestamp() - KEPT)
    done = db.session.execute(old)
    return done.rowcount if isinstance(done, CursorResult) else 0
