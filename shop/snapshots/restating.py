"""Brings a shop's orders and figures up to what counts as a sale, once its setting says something else."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import select

from shop.analytics import folds
from shop.config import Config
from shop.customers import metrics
from shop.db import db, session_connection
from shop.formatting import plural
from shop.languages import ngettext
from shop.locks import held
from shop.orders.counting import counted, differing
from shop.orders.item_times import WITHIN, bounds
from shop.orders.models import OrderStatus
from shop.partitions.queries import retired
from shop.products import placeholders
from shop.settings import values
from shop.shops.models import Shop
from shop.snapshots.publisher import prepare_session
from shop.snapshots.undoing import NO_GOODS

CHOOSE = """
    CREATE TEMP TABLE before ON COMMIT DROP AS
    SELECT o.*, NULL::int AS new_line, 'r' AS action
    FROM orders o JOIN order_statuses st ON st.shop_id = o.shop_id AND st.code = o.status_code
    WHERE o.shop_id = %(shop)s AND o.deleted_at IS NULL AND o.counted <> st.counted
    AND o.status_code = ANY (%(codes)s)"""
COUNT = """
    UPDATE orders o SET counted = NOT o.counted FROM before b WHERE o.shop_id = %(shop)s AND o.id = b.id"""
THEN = """
    CREATE TEMP TABLE after ON COMMIT DROP AS
    SELECT o.id, o.local_day, o.status_code, o.counted, o.customer_id, o.items, o.units, o.total_shop, o.gross_sales, o.discounts,
           o.shipping, o.fees, o.tax, o.rounding, o.items_at, 'r' AS action, o.deleted_at
    FROM before b JOIN orders o ON o.shop_id = %(shop)s AND o.id = b.id"""


NAMED = """
    CREATE TEMP TABLE named ON COMMIT DROP AS
    SELECT DISTINCT i.sku, i.name FROM after a
    JOIN order_items i ON i.shop_id = %(shop)s AND i.order_id = a.id AND i.created_at = a.items_at
    WHERE a.counted AND i.kind = 'goods' AND i.sku IS NOT NULL AND {within}"""


@dataclass(frozen=True)
class Restated:
    """The statuses that count otherwise now, and how many orders that were."""

    codes: list[str]
    orders: int

    def __str__(self) -> str:
        return ngettext(
            "%(num)s\u00a0order counts otherwise now, in %(statuses)s %(codes)s.",
            "%(num)s\u00a0orders count otherwise now, in %(statuses)s %(codes)s.",
            self.orders,
            statuses=plural(len(self.codes), "status", "statuses"),
            codes=", ".join(self.codes),
        )


def behind(shop: Shop) -> dict[str, bool]:
    """Return the statuses that do not count as the shop's setting has it, and whether they should."""
    query = select(OrderStatus.code, OrderStatus.counted, values.version()).where(OrderStatus.shop_id == shop.id)
    rows = db.session.execute(query).all()
    if rows:
        values.note_version(rows[0][2])
    there = {code: counts for code, counts, _version in rows}
    wanted = counted(shop.id, shop.platform, list(there))
    return {code: wanted[code] for code in differing(wanted, there)}


@contextmanager
def restated(shop_id: int, config: Config) -> Iterator[Restated]:
    """Let the shop's orders and figures follow its setting. The block commits, still under the lease of its orders.

    A snapshot of its orders keeps it out, as a Conflict: neither sees half of the other.
    """
    db.session.rollback()
    with held(f"snapshot:{shop_id}:orders", config.redis_url) as lease:
        try:
            connection = session_connection()
            prepare_session(connection, bulk=False)
            lease.check(connection)
            shop = db.session.get_one(Shop, shop_id, populate_existing=True)
            yield restate(connection, shop_id, behind(shop))
        finally:
            db.session.rollback()  # before the lease is given back, which waits for this transaction


def restate(connection: psycopg.Connection[Any], shop_id: int, wanted: Mapping[str, bool]) -> Restated:
    """Let orders in these statuses count or not, and everything that sums them; the caller holds the lease of its orders.

    Orders whose lines are archived count as well as the others; only what their lines had brought to products stays.
    """
    given: dict[str, object] = {"shop": shop_id, "codes": list(wanted)}
    retired(connection, until_commit=True)  # from here on no quarter is archived
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE order_statuses SET counted = %s WHERE shop_id = %s AND code = %s",
            [(counts, shop_id, code) for code, counts in wanted.items()],
        )
    chosen = connection.execute(CHOOSE, given).rowcount
    connection.execute("ANALYZE before")
    folds.take_off_lines(connection, shop_id)
    connection.execute(COUNT, given)
    connection.execute(THEN, given)
    connection.execute("ANALYZE after")
    connection.execute(NO_GOODS)
    folds.add(connection, shop_id, sql.Identifier("no_goods"))
    counting = sql.SQL("after WHERE counted")
    connection.execute(sql.SQL(NAMED).format(within=WITHIN), given | bounds(connection, shop_id, counting))
    placeholders.add(connection, shop_id, sql.Identifier("sold"), sql.Identifier("named"))
    metrics.refresh(connection, shop_id)
    return Restated(sorted(wanted), chosen)
