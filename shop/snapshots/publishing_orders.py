"""Publishes staged orders in one transaction: nobody ever sees half a snapshot."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import psycopg
from psycopg import sql

from shop.analytics import folds
from shop.customers import identity, metrics
from shop.db import connector
from shop.errors import Conflict
from shop.languages import N_
from shop.orders import item_times
from shop.orders.counting import counted
from shop.partitions.creating import ensure
from shop.partitions.quarters import Quarter
from shop.products import placeholders
from shop.snapshots.publisher import Publisher, assignments, columns

PATIENCE = 60.0  # seconds of tries for the quarters that are missing, after which the run rests
STEP = 50_000  # orders a statement: bounds the server's memory and moves the progress bar
COPIED = (
    "guid", "external_code", "status_code", "placed_at", "local_day", "changed_at", "customer_guid", "email", "name",
    "company", "phone", "country", "currency", "exchange_rate", "total", "total_without_vat", "to_pay", "paid",
    "total_shop", "gross_sales", "discounts", "shipping", "fees", "tax", "rounding", "items", "units", "cash_desk",
    "source", "language", "payment_method", "shipping_method", "particulars", "search", "source_hash", "content_hash",
)  # fmt: skip
ITEMS = (
    "line", "item_type", "kind", "product_guid", "sku", "name", "variant_name", "quantity", "unit", "unit_price", "total",
    "total_without_vat", "vat_rate", "purchase_price", "parent_line",
)  # fmt: skip
REVISED = (  # fields whose change a person wants to see, as text
    (N_("status"), "status_code"), (N_("total"), "total"), (N_("paid"), "paid"), (N_("e-mail"), "email"), (N_("name"), "name"),
    (N_("phone"), "phone"), (N_("placed"), "placed_at"),
    (N_("payment"), "payment_method"), (N_("delivery"), "shipping_method"),
    (N_("items"), "items"), (N_("units"), "units"), (N_("currency"), "currency"), (N_("to pay"), "to_pay"),
    (N_("particulars"), "particulars"),
)  # fmt: skip


class NoRoom(Conflict):
    """The table of lines was so busy that a quarter could not be added to it. It passes by itself."""

    code = "no_room"
    transient = True


class OrderPublisher(Publisher):
    """Orders, their lines, revisions and folds."""

    lists: ClassVar[Mapping[str, sql.Composed]] = {
        "copied": columns(COPIED),
        "staged": columns(COPIED, "s"),
        "set": assignments(COPIED, "s"),
        "items": columns(ITEMS),
        "parts_of": columns(ITEMS, "p"),
    }

    def publish(self, missing: sql.Composed | None) -> int:
        """Carry the plan out; returns how many orders were marked as deleted."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="sums") as beside:
            summed = beside.submit(self.sum_goods, connector())
            self.run("UPDATE {plan} SET stored_id = nextval('orders_id_seq') WHERE action = 'i'")
            identity.resolve(self.connection, self.shop_id, self.snapshot_id, self.table("main"), self.table("plan"))
            self.remember_what_changes(missing)
            deleted = self.delete()
            self.update()
            self.insert()
            summed.result()
        identity.describe_newcomers(self.connection, self.shop_id, self.table("main"))
        self.fold()
        return deleted

    def prepare(self) -> None:
        """Everything that may be seen before the publish: the names of statuses."""
        self.run("DROP TABLE IF EXISTS {sold}", sold=self.table("sold"))
        self.name_statuses()

    def make_room(self) -> None:
        """Make the quarters of new orders that are older than any before, or newer than maintenance has come.

        Each needs a moment in which nobody writes to the orders, so it must not wait inside a transaction of the run.
        """
        starts = self.execute(
            "SELECT DISTINCT date_trunc('quarter', placed_at, 'UTC') FROM {plan} WHERE action = 'i'", None, {}
        ).fetchall()
        try:
            ensure((Quarter.of(start) for (start,) in starts), f"snapshot {self.snapshot_id}", PATIENCE)
        except Conflict as error:
            raise NoRoom(error.message) from error

    def name_statuses(self) -> None:
        """Take over the shop's names of its statuses; a new one gets its category from the platform, and counts as it is set."""
        found = self.connection.execute(
            sql.SQL("""SELECT DISTINCT ON (m.status_code) m.status_code, coalesce(m.status_name, m.status_code), s.counted
                       FROM {main} m JOIN {plan} p USING (line)
                       LEFT JOIN order_statuses s ON s.shop_id = %s AND s.code = m.status_code
                       WHERE p.action IN ('i', 'u')
                       ORDER BY m.status_code, m.changed_at DESC NULLS LAST""").format(
                main=self.table("main"), plan=self.table("plan")
            ),
            (self.shop_id,),
        ).fetchall()
        new = [code for code, _name, counts in found if counts is None]
        counts = {code: known for code, _name, known in found} | counted(self.shop_id, self.platform.name, new)
        with self.connection.cursor() as cursor:
            cursor.executemany(
                """INSERT INTO order_statuses (shop_id, code, name, category, counted) VALUES (%s, %s, %s, %s, %s)
                   ON CONFLICT (shop_id, code) DO UPDATE SET name = EXCLUDED.name WHERE order_statuses.name <> EXCLUDED.name""",
                [
                    (
                        self.shop_id,
                        code,
                        name,
                        self.platform.status_category(code),
                        counts[code],
                    )
                    for code, name, _counts in found
                ],
            )

    def remember_what_changes(self, missing: sql.Composed | None) -> None:
        """Keep the rows that will be overwritten or deleted: folds take them off, revisions compare with them."""
        self.run("""
            CREATE TEMP TABLE before ON COMMIT DROP AS
            SELECT o.*, p.line AS new_line, p.action FROM {plan} p JOIN orders o ON o.shop_id = %(shop)s AND o.id = p.stored_id
            WHERE p.action IN ('u', 'r')""")
        if missing is not None:
            self.run(
                "INSERT INTO before SELECT o.*, NULL, 'd' FROM ({missing}) m JOIN orders o ON o.shop_id = %(shop)s AND o.id = m.id",
                missing=missing,
            )
        self.run("ANALYZE before")
        folds.take_off_lines(self.connection, self.shop_id)

    def delete(self) -> int:
        """Mark what is gone from the platform. Nothing is removed: it may be there again tomorrow."""
        gone = self.run("""
            UPDATE orders o SET deleted_at = now(), counted = false FROM before b
            WHERE b.action = 'd' AND o.shop_id = %(shop)s AND o.id = b.id""")
        if gone:
            self.revise_presence("NULL, now()::text", "action = 'd'")
        return gone

    def update(self) -> None:
        """Overwrite the changed orders; `items_at` stays, so that their lines stay in their quarter."""
        updated = self.run("""
            UPDATE orders o SET {set}, customer_id = r.customer_id, counted = st.counted, deleted_at = NULL,
                                snapshot_id = %(snapshot)s, snapshot_line = s.line
            FROM {plan} p JOIN {main} s USING (line) JOIN resolved r USING (line)
                 JOIN order_statuses st ON st.shop_id = %(shop)s AND st.code = s.status_code
            WHERE p.action = 'u' AND o.shop_id = %(shop)s AND o.id = p.stored_id""")
        self.run("""
            UPDATE orders o SET deleted_at = NULL, counted = st.counted, snapshot_id = %(snapshot)s, snapshot_line = p.line
            FROM {plan} p, order_statuses st
            WHERE p.action = 'r' AND o.shop_id = %(shop)s AND o.id = p.stored_id AND st.shop_id = %(shop)s AND st.code = o.status_code""")
        self.revise_presence("deleted_at::text, NULL", "action IN ('u', 'r') AND deleted_at IS NOT NULL")
        if updated:
            self.revise()
            self.run(
                """
                DELETE FROM order_items i USING before b
                WHERE b.action = 'u' AND i.shop_id = %(shop)s AND i.order_id = b.id AND i.created_at = b.items_at AND {within}""",
                item_times.bounds(self.connection, self.shop_id, sql.SQL("before WHERE action = 'u'")),
                within=item_times.WITHIN,
            )
            self.run("""
                INSERT INTO order_items (shop_id, order_id, created_at, {items})
                SELECT %(shop)s, b.id, b.items_at, {parts_of} FROM before b JOIN {parts} p ON p.src = b.new_line WHERE b.action = 'u'""")

    def revise_presence(self, before_and_after: str, which: str) -> None:
        """Write down that orders went or came back: the field holds since when they are gone."""
        self.run(
            """
            INSERT INTO order_revisions (shop_id, order_id, snapshot_id, field, before, after)
            SELECT shop_id, id, %(snapshot)s, 'deleted', {values} FROM before WHERE {which} ON CONFLICT DO NOTHING""",
            values=sql.SQL(before_and_after),
            which=sql.SQL(which),
        )

    def revise(self) -> None:
        """Write down, field by field, what differs between the two snapshots."""
        pairs = sql.SQL(", ").join(
            sql.SQL("({}, {}::text, {}::text)").format(
                sql.Literal(word), sql.Identifier("b", column), sql.Identifier("o", column)
            )
            for word, column in REVISED
        )
        statement = sql.SQL("""
            INSERT INTO order_revisions (shop_id, order_id, snapshot_id, field, before, after)
            SELECT o.shop_id, o.id, %(snapshot)s, f.field, f.before, f.after
            FROM before b JOIN orders o ON o.shop_id = b.shop_id AND o.id = b.id
                 CROSS JOIN LATERAL (VALUES {pairs}) AS f(field, before, after)
            WHERE f.before IS DISTINCT FROM f.after
            ON CONFLICT DO NOTHING""").format(pairs=pairs)
        self.connection.execute(statement, {"snapshot": self.snapshot_id})

    def insert(self) -> None:
        """Insert the new orders and their lines, in the file's order and in bounded steps."""
        top = self.value("SELECT coalesce(max(line), 0) FROM {plan}")
        for start in range(0, top + 1, STEP):
            self.insert_lines(start, start + STEP)
            self.advance(min(start + STEP, top))

    def insert_lines(self, above: int, up_to: int) -> None:
        """Insert the planned orders of some lines of the file, and their items."""
        bounds = {"from": above, "to": up_to}
        self.run(
            """
            INSERT INTO orders (shop_id, id, code, {copied}, items_at, customer_id, counted, snapshot_id, snapshot_line)
            SELECT %(shop)s, p.stored_id, s.code, {staged}, s.placed_at, r.customer_id, st.counted, %(snapshot)s, s.line
            FROM {plan} p JOIN {main} s USING (line) JOIN resolved r USING (line)
                 JOIN order_statuses st ON st.shop_id = %(shop)s AND st.code = s.status_code
            WHERE p.action = 'i' AND p.line > %(from)s AND p.line <= %(to)s AND s.line > %(from)s AND s.line <= %(to)s
            ORDER BY p.line""",
            bounds,
        )
        self.run(
            """
            INSERT INTO order_items (shop_id, order_id, created_at, {items})
            SELECT %(shop)s, pl.stored_id, pl.placed_at, {parts_of} FROM {parts} p JOIN {plan} pl ON pl.line = p.src
            WHERE pl.action = 'i' AND p.src > %(from)s AND p.src <= %(to)s AND pl.line > %(from)s AND pl.line <= %(to)s""",
            bounds,
        )

    def fold(self) -> None:
        """Bring metrics and daily folds up to what is now stored, for the touched customers and days only."""
        self.run("""
            CREATE TEMP TABLE after ON COMMIT DROP AS
            SELECT o.id, o.local_day, o.status_code, o.counted, o.customer_id, o.items, o.units, o.total_shop, o.gross_sales,
                   o.discounts, o.shipping, o.fees, o.tax, o.rounding, o.items_at, p.action, o.deleted_at FROM {plan} p
            JOIN orders o ON o.shop_id = %(shop)s AND o.id = p.stored_id WHERE p.action IN ('i', 'u', 'r')""")
        self.run("ANALYZE after")
        folds.add(self.connection, self.shop_id, self.table("sold"))
        placeholders.add(self.connection, self.shop_id, self.table("sold"), self.table("parts"))
        metrics.refresh(self.connection, self.shop_id)

    def sum_goods(self, connect: Callable[..., psycopg.Connection[Any]]) -> None:
        """Sum the new goods by day and SKU into a staging table, in day order. Runs beside the publish, on the other core."""
        with connect(autocommit=True) as connection:
            connection.execute("SET work_mem = '128MB'")
            connection.execute(
                sql.SQL("""
                CREATE UNLOGGED TABLE {sold} WITH (autovacuum_enabled = off) AS
                SELECT pl.local_day AS day, coalesce(p.sku, '') AS sku, (count(*) FILTER (WHERE p.fresh))::int AS orders,
                       sum(p.quantity) AS units, sum(p.sales) AS sales
                FROM {parts} p JOIN {plan} pl ON pl.line = p.src
                JOIN order_statuses st ON st.shop_id = {shop} AND st.code = pl.status_code
                WHERE pl.action IN ('i', 'u') AND p.kind = 'goods' AND st.counted
                GROUP BY 1, 2 ORDER BY 1, 2""").format(
                    sold=self.table("sold"),
                    parts=self.table("parts"),
                    plan=self.table("plan"),
                    shop=sql.Literal(self.shop_id),
                )
            )
            connection.execute(sql.SQL("ANALYZE {}").format(self.table("sold")))
