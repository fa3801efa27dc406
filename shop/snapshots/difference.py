"""What a staged file would change if it were published, found in sets inside the database. Nothing is changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from shop.languages import N_
from shop.locks import Lease
from shop.platforms.platform import Platform
from shop.snapshots import difference_of_orders, setting_aside
from shop.snapshots.attempts import end_attempt
from shop.snapshots.models import Snapshot
from shop.snapshots.proving import Implausible, count_missing, refuse_implausible
from shop.snapshots.publishing_orders import REVISED
from shop.snapshots.staging import table

SAMPLE = 50  # records whose changes are kept one by one
LONGEST = 200  # characters of one value


@dataclass(frozen=True)
class Compared:
    """How the records of a kind are compared: their table, what a person calls one by, and the fields."""

    stored: str
    name: str
    fields: tuple[tuple[str, str], ...]  # label, column
    derived: tuple[tuple[str, str, str], ...] = ()  # label, as stored (of o), as staged (of p, the plan)


VARIANTS_STORED = (
    "(SELECT string_agg(v.sku || ' ' || coalesce({}::text, '–'), ', ' ORDER BY v.sku) FROM product_variants v"
    " WHERE v.shop_id = o.shop_id AND v.product_id = o.id)"
)
VARIANTS_STAGED = "(SELECT string_agg(v.sku || ' ' || coalesce({}::text, '–'), ', ' ORDER BY v.sku) FROM {{parts}} v WHERE v.src = p.line)"
COMPARED = {
    "orders": Compared("orders", "o.code", REVISED),
    "customers": Compared(
        "customers",
        "coalesce(o.name, o.email, p.key)",
        (
            (N_("e-mail"), "email"), (N_("name"), "name"), (N_("company"), "company"), (N_("phone"), "phone"),
            (N_("city"), "city"), (N_("country"), "country"), (N_("group"), "group_name"), (N_("price ratio"), "price_ratio"), (N_("remark"), "remark"),
        ),
    ),
    "products": Compared(
        "products",
        "o.name",
        (
            (N_("name"), "name"), (N_("first SKU"), "sku"), (N_("brand"), "brand"), (N_("supplier"), "supplier"),
            (N_("category"), "category"), (N_("visibility"), "visibility"), (N_("address"), "url"), (N_("type"), "type"),
        ),
        (
            (N_("prices"), VARIANTS_STORED.format("v.price"), VARIANTS_STAGED.format("v.price::numeric(14,2)")),
            (N_("stock"), VARIANTS_STORED.format("v.stock"), VARIANTS_STAGED.format("v.stock::numeric(14,3)")),
        ),
    ),
}  # fmt: skip


def tell(
    connection: psycopg.Connection[Any],
    lease: Lease,
    snapshot: Snapshot,
    platform: Platform,
    planned: Mapping[str, int],
    missing: sql.Composed | None,
) -> None:
    """Find the difference and end the preview with it, in one transaction that reads one moment of the database."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        lease.check(connection)
        found = Finder(connection, snapshot, missing).difference(platform)
        setting_aside.close(connection, snapshot, planned)
        connection.execute(
            """UPDATE snapshots SET state = 'previewed', phase = 'done', difference = %s, finished_at = clock_timestamp(),
                      heartbeat_at = clock_timestamp() WHERE id = %s""",
            (Jsonb(found), snapshot.id),
        )
        end_attempt(connection, snapshot.id, "done")


class Finder:
    """Compares one run's staging tables, as they are planned, with what is stored."""

    def __init__(self, connection: psycopg.Connection[Any], snapshot: Snapshot, missing: sql.Composed | None) -> None:
        self.connection, self.snapshot, self.missing = connection, snapshot, missing
        self.compared = COMPARED[snapshot.kind]

    def difference(self, platform: Platform) -> dict[str, Any]:
        self.compare()
        found = {
            "counts": self.counts(),
            "fields": self.fields(),
            "sample": self.sample(),
            "warning": self.warning(),
        }
        if self.snapshot.kind == "orders":
            found |= difference_of_orders.money_and_days(
                self.connection, self.snapshot.shop_id, self.snapshot.id, platform, self.missing
            )
        return found

    def compare(self) -> None:
        """Make the temporary table `changes`: a row for each field of each record that would be another one.

        The staged values pass through the types of the stored columns, so that 1 and 1.000 are the same.
        """
        columns = [column for _, column in self.compared.fields]
        self.run(
            "CREATE TEMP TABLE would ON COMMIT DROP AS SELECT NULL::int AS line, {columns} FROM {stored} WHERE false",
            columns=names(columns),
        )
        self.run(
            "INSERT INTO would SELECT line, {staged} FROM {plan} p JOIN {main} m USING (line) WHERE p.action = 'u'",
            staged=sql.SQL(", ").join(ident("m", column) for column in columns),
        )
        pairs = sql.SQL(", ").join(
            [
                sql.SQL("({}, {}::text, {}::text)").format(sql.Literal(label), ident("o", column), ident("w", column))
                for label, column in self.compared.fields
            ]
            + [
                sql.SQL("({}, {}, {})").format(sql.Literal(label), sql.SQL(stored), self.composed(staged))
                for label, stored, staged in self.compared.derived
            ]
        )
        self.run(
            """
            CREATE TEMP TABLE changes ON COMMIT DROP AS
            SELECT p.line, o.id, {name} AS name, f.field, f.before, f.after
            FROM {plan} p JOIN would w USING (line) JOIN {stored} o ON o.shop_id = %(shop)s AND o.id = p.stored_id
                 CROSS JOIN LATERAL (VALUES {pairs}) AS f(field, before, after)
            WHERE f.before IS DISTINCT FROM f.after""",
            pairs=pairs,
            name=sql.SQL(self.compared.name),
        )

    def counts(self) -> dict[str, int]:
        planned = dict(self.run("SELECT action, count(*) FROM {plan} GROUP BY action").fetchall())
        lines, quarantined = self.run(
            "SELECT lines, quarantined FROM snapshots WHERE id = %(snapshot)s"
        ).fetchone() or (
            0,
            0,
        )
        deleted = (
            self.run("SELECT count(*) FROM ({missing}) m", missing=self.missing).fetchone() if self.missing else None
        )
        return {
            "lines": lines,
            "inserted": planned.get("i", 0),
            "updated": planned.get("u", 0) + planned.get("r", 0),
            "revived": planned.get("r", 0),
            "unchanged": planned.get("=", 0),
            "superseded": planned.get("s", 0) + planned.get("o", 0),
            "older": planned.get("o", 0),
            "deleted": deleted[0] if deleted else 0,
            "quarantined": quarantined + planned.get("a", 0),
        }

    def fields(self) -> list[dict[str, Any]]:
        """Return how many records each field changes in, and in how many only what is not listed does."""
        rows = self.run("SELECT field, count(*) FROM changes GROUP BY field ORDER BY count(*) DESC, field").fetchall()
        other = self.run(
            "SELECT count(*) FROM {plan} p WHERE p.action = 'u' AND NOT EXISTS (SELECT 1 FROM changes c WHERE c.line = p.line)"
        ).fetchone() or (0,)
        found = [{"field": field, "records": records} for field, records in rows]
        return [*found, {"field": N_("other details"), "records": other[0]}] if other[0] else found

    def sample(self) -> list[dict[str, Any]]:
        """Return the changes of some records, in the order of the file."""
        rows = self.run(
            """SELECT c.id, c.name, jsonb_agg(jsonb_build_object('field', c.field, 'before', left(c.before, %(longest)s),
                                                                 'after', left(c.after, %(longest)s)) ORDER BY c.field)
               FROM changes c WHERE c.line IN (SELECT DISTINCT line FROM changes ORDER BY line LIMIT %(most)s)
               GROUP BY c.line, c.id, c.name ORDER BY c.line""",
            {"longest": LONGEST, "most": SAMPLE},
        ).fetchall()
        return [{"id": id_, "name": name, "changes": changes} for id_, name, changes in rows]

    def warning(self) -> str | None:
        """Return why a person would be asked before such a file is published, if so."""
        (lines,) = self.run("SELECT lines FROM snapshots WHERE id = %(snapshot)s").fetchone() or (0,)
        missing = count_missing(self.connection, self.snapshot) if self.missing else 0
        try:
            refuse_implausible(self.connection, self.snapshot, lines, missing)
        except Implausible as error:
            return error.message
        return None

    def run(
        self, query: str, values: Mapping[str, object] | None = None, **more: sql.Composable
    ) -> psycopg.Cursor[Any]:
        return self.connection.execute(
            self.composed(query, **more),
            {"shop": self.snapshot.shop_id, "snapshot": self.snapshot.id, **(values or {})},
        )

    def composed(self, query: str, **more: sql.Composable) -> sql.Composed:
        staged = {name: table(self.snapshot.id, name) for name in ("main", "parts", "plan")}
        return sql.SQL(query).format(**staged, stored=sql.Identifier(self.compared.stored), **more)


def ident(alias: str, column: str) -> sql.Identifier:
    return sql.Identifier(alias, column)


def names(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
