"""Undoes a replay of orders within a day: every order that nobody has changed since is put back as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from shop.analytics import folds
from shop.config import Config
from shop.customers import metrics
from shop.db import db, session_connection
from shop.errors import Conflict
from shop.formatting import number
from shop.languages import N_, ngettext, said
from shop.languages import gettext as _
from shop.locks import held
from shop.orders.item_times import WITHIN, bounds
from shop.orders.models import Order, OrderItem
from shop.partitions.away import lies_archived
from shop.partitions.queries import retired
from shop.snapshots.models import Snapshot, lease_key
from shop.snapshots.overwriting import DIGEST, KEPT
from shop.snapshots.publisher import columns, prepare_session

HOURS = int(KEPT.total_seconds() // 3600)
ORDER = [column.name for column in Order.__table__.columns if column.name not in ("shop_id", "id", "counted")]
LINE = [column.name for column in OrderItem.__table__.columns]

# Orders as they stand now, and what they were: those that are still exactly as the replay has left them.
CHOOSE = """
    CREATE TEMP TABLE chosen ON COMMIT DROP AS
    SELECT k.order_id, k.action, k.before, k.lines
    FROM overwritten_orders k JOIN orders o ON o.shop_id = %(shop)s AND o.id = k.order_id
    WHERE k.shop_id = %(shop)s AND k.snapshot_id = %(snapshot)s AND k.left_as = {digest} AND NOT {archived}
    FOR UPDATE OF o"""
ARCHIVED = """
    SELECT count(*) FROM overwritten_orders k JOIN orders o ON o.shop_id = %(shop)s AND o.id = k.order_id
    WHERE k.shop_id = %(shop)s AND k.snapshot_id = %(snapshot)s AND {archived}"""
NOW = """
    CREATE TEMP TABLE before ON COMMIT DROP AS
    SELECT o.*, NULL::int AS new_line, 'u' AS action FROM chosen c JOIN orders o ON o.shop_id = %(shop)s AND o.id = c.order_id"""
PUT_BACK = """
    UPDATE orders o SET {assigned}, counted = st.counted AND was.deleted_at IS NULL
    FROM chosen c CROSS JOIN LATERAL jsonb_populate_record(NULL::orders, c.before) AS was
         JOIN order_statuses st ON st.shop_id = %(shop)s AND st.code = was.status_code
    WHERE c.before IS NOT NULL AND o.shop_id = %(shop)s AND o.id = c.order_id"""
WITHOUT_LINES = """
    DELETE FROM order_items i USING chosen c JOIN before b ON b.id = c.order_id
    WHERE c.action IN ('i', 'u') AND i.shop_id = %(shop)s AND i.order_id = c.order_id AND i.created_at = b.items_at AND {within}"""
LINES = """
    INSERT INTO order_items ({line}) SELECT {line_of} FROM chosen c
    CROSS JOIN LATERAL jsonb_populate_recordset(NULL::order_items, c.lines) AS was WHERE c.action = 'u'"""
WITHOUT_REVISIONS = """
    DELETE FROM order_revisions r USING chosen c
    WHERE r.shop_id = %(shop)s AND r.order_id = c.order_id AND (r.snapshot_id = %(snapshot)s OR c.action = 'i')"""
TAKE_OUT = "DELETE FROM orders o USING chosen c WHERE c.action = 'i' AND o.shop_id = %(shop)s AND o.id = c.order_id"
THEN = """
    CREATE TEMP TABLE after ON COMMIT DROP AS
    SELECT o.id, o.local_day, o.status_code, o.counted, o.customer_id, o.items, o.units, o.total_shop, o.gross_sales, o.discounts,
           o.shipping, o.fees, o.tax, o.rounding, o.items_at, 'r' AS action, o.deleted_at
    FROM chosen c JOIN orders o ON o.shop_id = %(shop)s AND o.id = c.order_id"""
NO_GOODS = "CREATE TEMP TABLE no_goods (day date, sku text, orders int, units numeric, sales numeric) ON COMMIT DROP"
# People whom the replay has made up for its orders, and who have none now.
WITHOUT_GUESTS = (
    """DELETE FROM customer_accounts a WHERE a.shop_id = %(shop)s AND a.snapshot_id = %(snapshot)s AND a.source_hash IS NULL
       AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.shop_id = a.shop_id AND o.customer_id = a.customer_id)""",
    """DELETE FROM customers c WHERE c.shop_id = %(shop)s AND c.snapshot_id = %(snapshot)s AND NOT c.registered
       AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.shop_id = c.shop_id AND o.customer_id = c.id)
       AND NOT EXISTS (SELECT 1 FROM customer_accounts a WHERE a.shop_id = c.shop_id AND a.customer_id = c.id)
       AND NOT EXISTS (SELECT 1 FROM customer_merges m WHERE m.shop_id = c.shop_id AND m.into_customer_id = c.id)""",
)


@dataclass(frozen=True)
class Undone:
    """How many orders were put back as they were, taken out again, and left because they were changed or archived since."""

    put_back: int
    taken_out: int
    kept: int
    archived: int = 0

    def __str__(self) -> str:
        words = [
            ngettext(
                "%(num)s\u00a0order put back as before, %(out)s taken out again.",
                "%(num)s\u00a0orders put back as before, %(out)s taken out again.",
                self.put_back,
                out=number(self.taken_out),
            )
        ]
        if self.kept:
            words.append(
                ngettext(
                    "%(num)s\u00a0order was changed since and stayed as they are.",
                    "%(num)s\u00a0orders were changed since and stayed as they are.",
                    self.kept,
                )
            )
        if self.archived:
            words.append(
                ngettext(
                    "%(num)s\u00a0order stayed because their lines were archived since.",
                    "%(num)s\u00a0orders stayed because their lines were archived since.",
                    self.archived,
                )
            )
        return " ".join(words)


@contextmanager
def undo(snapshot_id: int, by: str, config: Config) -> Iterator[Undone]:
    """Put back what a replay has overwritten, deleted or brought in. Refused with a sentence.

    The block records it and commits, still under the lease; what it does not commit is taken back. A run of the same
    shop and kind keeps it out: neither sees half of the other.
    """
    snapshot = db.session.get_one(Snapshot, snapshot_id, populate_existing=True)
    key, shop_id = lease_key(snapshot), snapshot.shop_id
    refuse_other_kinds(snapshot)
    db.session.rollback()
    with held(key, config.redis_url) as lease:
        try:
            connection = session_connection()
            prepare_session(connection, bulk=False)
            lease.check(connection)
            refuse_too_late(connection, snapshot_id)
            undone = put_back(connection, shop_id, snapshot_id)
            connection.execute(
                "UPDATE snapshots SET undone_at = clock_timestamp(), undone_by = %s, undone = %s WHERE id = %s",
                (by, Jsonb(asdict(undone)), snapshot_id),
            )
            yield undone
        finally:
            db.session.rollback()  # before the lease is given back, which waits for this transaction


def refuse_other_kinds(snapshot: Snapshot) -> None:
    if snapshot.purpose != "replay":
        raise Conflict(
            _("Snapshot %(id)s is no replay, so there is nothing to undo. Nothing was changed.", id=snapshot.id)
        )
    if snapshot.kind != "orders":
        raise Conflict(
            _(
                "Only replays of orders can be undone, and snapshot %(id)s brought %(kind)s. Nothing was changed; take a "
                "new snapshot, which puts right whatever is not as the platform has it.",
                id=snapshot.id,
                kind=said(snapshot.kind),
            )
        )


def refuse_too_late(connection: psycopg.Connection[Any], snapshot_id: int) -> None:
    state, undone, too_late = connection.execute(
        "SELECT state, undone_at IS NOT NULL, finished_at < clock_timestamp() - %s FROM snapshots WHERE id = %s FOR UPDATE",
        (KEPT, snapshot_id),
    ).fetchone() or (N_("gone"), False, False)
    if state != "done":
        raise Conflict(
            _(
                "Snapshot %(id)s is %(state)s: it has changed nothing, so there is nothing to undo.",
                id=snapshot_id,
                state=said(state),
            )
        )
    if undone:
        raise Conflict(_("Snapshot %(id)s was undone already. Nothing was changed.", id=snapshot_id))
    if too_late:
        raise Conflict(
            _(
                "Snapshot %(id)s was applied more than %(hours)s hours ago, and what it overwrote is no longer kept. "
                "Nothing was changed; take a new snapshot, which puts right whatever is not as the platform has it.",
                id=snapshot_id,
                hours=HOURS,
            )
        )


def put_back(connection: psycopg.Connection[Any], shop_id: int, snapshot_id: int) -> Undone:
    """Bring rows, lines, folds and metrics back to where they were; the caller holds the lease."""
    values: dict[str, object] = {"shop": shop_id, "snapshot": snapshot_id}

    def run(query: str, **names: sql.Composable) -> int:
        return connection.execute(sql.SQL(query).format(**names), values).rowcount

    whole = connection.execute(
        "SELECT count(*) FROM overwritten_orders WHERE shop_id = %(shop)s AND snapshot_id = %(snapshot)s", values
    ).fetchone() or (0,)
    retired(connection, until_commit=True)  # from here on no quarter is archived
    archived = lies_archived("o", "items_at")
    away = connection.execute(sql.SQL(ARCHIVED).format(archived=archived), values).fetchone() or (0,)
    chosen = run(CHOOSE, digest=DIGEST, archived=archived)
    run(NOW)
    folds.take_off_lines(connection, shop_id)
    values |= bounds(connection, shop_id, sql.SQL("before"))
    run(WITHOUT_LINES, within=WITHIN)
    assigned = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier("was", name)) for name in ORDER
    )
    back = run(PUT_BACK, assigned=assigned)
    run(LINES, line=columns(LINE), line_of=columns(LINE, "was"))
    run(WITHOUT_REVISIONS)
    out = run(TAKE_OUT)
    run(THEN)
    run(NO_GOODS)
    folds.add(connection, shop_id, sql.Identifier("no_goods"))
    metrics.refresh(connection, shop_id)
    for query in WITHOUT_GUESTS:
        run(query)
    run("DELETE FROM overwritten_orders WHERE shop_id = %(shop)s AND snapshot_id = %(snapshot)s")
    return Undone(back, out, int(whole[0]) - chosen - int(away[0]), int(away[0]))
