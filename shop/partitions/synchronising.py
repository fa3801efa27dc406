"""Triggers that carry each change of the live table over to the one beside it, in the writer's own transaction."""

from typing import Any

import psycopg
from psycopg import sql

from shop.partitions.quarters import PARENT
from shop.partitions.record import ASTRAY
from shop.partitions.shadow import same_key, sets, shape_of

PREFIX = f"{PARENT}_follow"
EVENTS = {  # statement triggers: a publish writes a million lines in one statement
    "insert": "AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT",
    "update": "AFTER UPDATE ON {table} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT",
    "delete": "AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT",
    "truncate": "BEFORE TRUNCATE ON {table} FOR EACH STATEMENT",
}
# The plans are kept for the session, so they must fit one row as well as a million: looked up by key, never scanned.
# What is taken away while lines are copied may be in a batch just now, and come back with it: its key is noted, and looked at later.
FUNCTION = """
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off SET jit = off AS $follow$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'The lines of orders are being moved, so they cannot be truncated. Delete them, or wait for the end of the conversion.'
            USING ERRCODE = 'object_in_use';
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM {other} t USING old_rows o WHERE {same};
        {note_deleted}
        RETURN NULL;
    ELSIF TG_OP = 'UPDATE' THEN
        DELETE FROM {other} t USING ({left_behind}) o WHERE {same};
        {note_left_behind}
    END IF;
    {put}
    RETURN NULL;
END $follow$"""
LEFT_BEHIND = "SELECT {key} FROM old_rows EXCEPT SELECT {key} FROM new_rows"
NOTE_DELETED = "INSERT INTO {astray} ({key}) SELECT {key} FROM old_rows;"
NOTE_LEFT_BEHIND = "INSERT INTO {astray} ({key}) {left_behind};"
PUT = """INSERT INTO {other} ({columns}) SELECT {columns} FROM new_rows
    ON CONFLICT ({key}) DO UPDATE SET {sets};"""
# No quarter for a row: the writer must not fail for that. Its key is kept, and the row is led home before the swap.
PUT_OR_NOTE = """BEGIN
        {put}
    EXCEPTION WHEN check_violation THEN
        INSERT INTO {astray} ({key}) SELECT {key} FROM new_rows;
    END;"""


def make_function(connection: psycopg.Connection[Any], other: str, *, partitioned: bool, filling: bool = False) -> None:
    """Make what the triggers call or will call; takes no lock of the table. `other` is what follows, by its later name.

    `filling` says that lines are copied meanwhile, so that what is taken away must be looked at again.
    """
    shape = shape_of(connection)
    names: dict[str, sql.Composable] = {
        "function": function_for(other),
        "other": sql.Identifier(schema(connection), other),
        "astray": sql.Identifier(schema(connection), ASTRAY),
        "columns": shape.listed(shape.columns),
        "key": shape.listed(shape.key),
        "same": same_key(shape, "t", "o"),
        "sets": sets(shape),
    }
    names["left_behind"] = sql.SQL(LEFT_BEHIND).format(**names)
    put = sql.SQL(PUT).format(**names)
    if partitioned:
        put = sql.SQL(PUT_OR_NOTE).format(put=put, **names)
    notes = {
        name: sql.SQL(statement if filling else "").format(**names)
        for name, statement in (("note_deleted", NOTE_DELETED), ("note_left_behind", NOTE_LEFT_BEHIND))
    }
    connection.execute(sql.SQL(FUNCTION).format(put=put, **notes, **names))


def follow(connection: psycopg.Connection[Any], other: str) -> None:
    """Put the triggers on the live table in the caller's transaction, in one message to the server."""
    connection.execute(following(other))


def following(other: str) -> sql.Composed:
    """Return the statements that put the triggers on. Always on: a publish switches off ordinary ones."""
    table = sql.Identifier(PARENT)
    made = [
        sql.SQL("CREATE TRIGGER {} ").format(sql.Identifier(f"{PREFIX}_{event}"))
        + sql.SQL(clauses).format(table=table)
        + sql.SQL(" EXECUTE FUNCTION {}()").format(function_for(other))
        for event, clauses in EVENTS.items()
    ]
    always = sql.SQL("ALTER TABLE ONLY {} ").format(table) + sql.SQL(", ").join(
        sql.SQL("ENABLE ALWAYS TRIGGER {}").format(sql.Identifier(f"{PREFIX}_{event}")) for event in EVENTS
    )
    return sql.SQL("; ").join([*made, always])


def leave(connection: psycopg.Connection[Any]) -> None:
    """Take the triggers off the live table, in the caller's transaction."""
    connection.execute(leaving())


def leaving() -> sql.Composed:
    return sql.SQL("; ").join(
        sql.SQL("DROP TRIGGER IF EXISTS {} ON {}").format(sql.Identifier(f"{PREFIX}_{event}"), sql.Identifier(PARENT))
        for event in EVENTS
    )


def drop_function(connection: psycopg.Connection[Any], other: str) -> None:
    connection.execute(sql.SQL("DROP FUNCTION IF EXISTS {}()").format(function_for(other)))


def function_for(other: str) -> sql.Identifier:
    return sql.Identifier(f"{PREFIX}_into_{other.removeprefix(PARENT + '_')}")


def schema(connection: psycopg.Connection[Any]) -> str:
    """Return the schema of the live table: whoever writes may look for names elsewhere."""
    row = connection.execute(
        "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass(%s)", (PARENT,)
    ).fetchone()
    assert row, "the table is there"
    return str(row[0])
