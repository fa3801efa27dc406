"""The table beside the live one: made like it from the catalog, empty, in the other form."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from shop.partitions.creating import clear_away, note
from shop.partitions.quarters import PARENT, Quarter
from shop.partitions.queries import exists
from shop.partitions.record import ASTRAY, NEXT

LONGEST = 63  # bytes of a name in PostgreSQL
PARTITIONED = sql.SQL(" PARTITION BY RANGE (created_at)")
ADDED = {  # to the table in quarters alone: the plain one had only its primary key
    "ix_order_items_shop_id_created_at": "shop_id, created_at",
    "ix_order_items_shop_id_item_type": "shop_id, item_type, created_at",
}
COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"""
KEY = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int[]) WITH ORDINALITY AS k(attnum, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = to_regclass(%s) AND i.indisprimary ORDER BY k.place"""
CONSTRAINTS = """
    SELECT conname, contype, pg_get_constraintdef(oid), convalidated FROM pg_constraint
    WHERE conrelid = to_regclass(%s) AND contype IN ('p', 'f', 'c', 'u') ORDER BY conname"""
INDEXES = """
    SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), i.indisvalid FROM pg_index i
    WHERE i.indrelid = to_regclass(%s) AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u'))
    ORDER BY 1"""
GRANTS = """
    SELECT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(g.grantee::regrole::text) END, g.privilege_type, g.is_grantable
    FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) g WHERE c.oid = to_regclass(%s) ORDER BY 1, 2"""
POLICIES = """
    SELECT polname, CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
           CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
           (SELECT string_agg(CASE one WHEN 0 THEN 'PUBLIC' ELSE quote_ident(one::regrole::text) END, ', ') FROM unnest(polroles) AS one),
           pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
    FROM pg_policy WHERE polrelid = to_regclass(%s) ORDER BY polname"""
IS_GUARDED = "SELECT FROM pg_class WHERE oid = to_regclass(%s) AND relrowsecurity"
OWNER = "SELECT relowner::regrole::text FROM pg_class WHERE oid = to_regclass(%s)"


@dataclass(frozen=True)
class Shape:
    """The columns of a table, and the names and types of those of its primary key, in order."""

    columns: tuple[str, ...]
    key: tuple[str, ...]
    key_types: tuple[str, ...]

    def listed(self, names: Sequence[str], prefix: str = "") -> sql.Composed:
        """Return the names as a list, each behind the prefix where one is given."""
        return sql.SQL(", ").join(sql.Identifier(prefix, name) if prefix else sql.Identifier(name) for name in names)


def shape_of(connection: psycopg.Connection[Any], table: str = PARENT) -> Shape:
    keys = connection.execute(KEY, (table,)).fetchall()
    columns = connection.execute(COLUMNS, (table,)).fetchall()
    return Shape(tuple(name for (name,) in columns), tuple(name for name, _ in keys), tuple(kind for _, kind in keys))


def same_key(shape: Shape, one: str, other: str) -> sql.Composed:
    return sql.SQL(" AND ").join(
        sql.SQL("{} = {}").format(sql.Identifier(one, name), sql.Identifier(other, name)) for name in shape.key
    )


def sets(shape: Shape) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(name)) for name in shape.columns if name not in shape.key
    )


def suffixed(name: str, suffix: str) -> str:
    """Return the name with the suffix, cut to what PostgreSQL keeps of it."""
    return name[: LONGEST - len(suffix)] + suffix


def build(connection: psycopg.Connection[Any], quarters: Iterable[Quarter] | None, by: str) -> None:
    """Make the empty table in the caller's transaction: in these quarters, plain where they are None.

    Its foreign key comes last, because that keeps the writers of `orders` out until the transaction ends.
    """
    form = sql.SQL("") if quarters is None else PARTITIONED
    connection.execute(
        sql.SQL(
            "CREATE TABLE {next} (LIKE {live} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMMENTS)"
        ).format(next=sql.Identifier(NEXT), live=sql.Identifier(PARENT))
        + form
    )
    constraints = connection.execute(CONSTRAINTS, (PARENT,)).fetchall()
    for name, kind, definition, _ in constraints:
        if kind in ("p", "u"):
            add_constraint(connection, suffixed(name, "_next"), definition)
    for name, statement in wanted_indexes(connection, quarters is not None).items():
        connection.execute(
            sql.SQL("CREATE INDEX {} ON {} ").format(sql.Identifier(suffixed(name, "_next")), sql.Identifier(NEXT))
            + sql.SQL(statement)
        )
    for quarter in sorted(quarters or ()):
        cut(connection, quarter, by)
    connection.execute(
        sql.SQL("CREATE TABLE {} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, LIKE {})").format(
            sql.Identifier(ASTRAY), sql.Identifier(PARENT)
        )
    )
    keep_key_alone(connection)
    for table in (NEXT, ASTRAY):
        hand_over(connection, table)
        guard(connection, table)
    for name, kind, definition, _ in constraints:
        if kind == "f":
            add_constraint(connection, name, definition.removesuffix(" NOT VALID"))


def cut(connection: psycopg.Connection[Any], quarter: Quarter, by: str) -> None:
    """Make a quarter of the new table at once: nobody else sees that table yet, so no lock of it matters."""
    if exists(connection, quarter.table):
        clear_away(connection, quarter)
    connection.execute(
        sql.SQL("CREATE TABLE {} PARTITION OF {} FOR VALUES FROM ({}) TO ({})").format(
            sql.Identifier(quarter.table),
            sql.Identifier(NEXT),
            sql.Literal(quarter.starts_at),
            sql.Literal(quarter.ends_at),
        )
    )
    note(connection, quarter.table, "created", by)


def add_constraint(connection: psycopg.Connection[Any], name: str, definition: str) -> None:
    connection.execute(
        sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} ").format(sql.Identifier(NEXT), sql.Identifier(name))
        + sql.SQL(definition)
    )


def wanted_indexes(connection: psycopg.Connection[Any], partitioned: bool) -> dict[str, str]:
    """Return the indexes the new table shall have: by name, the method and columns as CREATE INDEX takes them."""
    found = {
        name: definition[definition.index(" USING ") + 1 :]
        for name, definition, _ in connection.execute(INDEXES, (PARENT,)).fetchall()
    }
    if partitioned:
        return {name: f"USING btree ({columns})" for name, columns in ADDED.items()} | found
    return {name: definition for name, definition in found.items() if name not in ADDED}


def keep_key_alone(connection: psycopg.Connection[Any]) -> None:
    """Leave the astray lines no column but those of the key: the rest is read from the live table when they are led home."""
    shape = shape_of(connection)
    for name in shape.columns:
        if name not in shape.key:
            connection.execute(
                sql.SQL("ALTER TABLE {} DROP COLUMN {}").format(sql.Identifier(ASTRAY), sql.Identifier(name))
            )


def hand_over(connection: psycopg.Connection[Any], table: str) -> None:
    """Give the table the owner and the grants of the live one."""
    owner = connection.execute(OWNER, (PARENT,)).fetchone()
    if owner != connection.execute(OWNER, (table,)).fetchone() and owner is not None:
        connection.execute(
            sql.SQL("ALTER TABLE {} OWNER TO ").format(sql.Identifier(table))
            + sql.SQL(owner[0])  # quoted by the catalog
        )
    for grantee, privilege, grantable in connection.execute(GRANTS, (PARENT,)).fetchall():
        statement = f"GRANT {privilege} ON {{}} TO {grantee}{' WITH GRANT OPTION' if grantable else ''}"
        connection.execute(sql.SQL(statement).format(sql.Identifier(table)))


def guard(connection: psycopg.Connection[Any], table: str) -> None:
    """Let the policies of the live table decide about the rows of this one."""
    for name, kind, verb, roles, seen, written in connection.execute(POLICIES, (PARENT,)).fetchall():
        conditions = f"{f' USING ({seen})' if seen else ''}{f' WITH CHECK ({written})' if written else ''}"
        connection.execute(
            sql.SQL("CREATE POLICY {} ON {} ").format(sql.Identifier(name), sql.Identifier(table))
            + sql.SQL(f"AS {kind} FOR {verb} TO {roles}{conditions}")  # all as the catalog writes it
        )
    if connection.execute(IS_GUARDED, (PARENT,)).fetchone():
        connection.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(sql.Identifier(table)))
