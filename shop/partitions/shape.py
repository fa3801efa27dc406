"""What a partition is made of besides its rows, and where it differs from the table that it belongs to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from shop.partitions.quarters import PARENT
from shop.partitions.queries import attached

INDEXES = """
    SELECT (CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END)
           || regexp_replace(pg_get_indexdef(i.indexrelid), '^.*? USING ', 'USING '), i.indisvalid
    FROM pg_index i WHERE i.indrelid = to_regclass(%s) ORDER BY 1"""
CONSTRAINTS = """
    SELECT pg_get_constraintdef(oid), convalidated FROM pg_constraint
    WHERE conrelid = to_regclass(%s) AND contype IN ('c', 'f', 'p', 'u') ORDER BY 1"""
OWNER = """
    SELECT relowner::regrole::text, coalesce(relacl, acldefault('r', relowner))::text[], relrowsecurity, relpersistence::text
    FROM pg_class WHERE oid = to_regclass(%s)"""
NOT_VALID = " NOT VALID"


@dataclass(frozen=True)
class Drift:
    """One thing in which a partition differs. `kind` is index, constraint, owner, grant, row security, or persistence."""

    table: str
    kind: str
    words: str


def drift(connection: psycopg.Connection[Any], parent: str = PARENT) -> list[Drift]:
    """Return every difference between the partitions of a table and the table. Asks the catalog alone."""
    return [
        one
        for partition in attached(connection, parent)
        for one in (
            *of_indexes(connection, partition.table, parent),
            *of_constraints(connection, partition.table, parent),
            *of_rights(connection, partition.table, parent),
        )
    ]


def of_indexes(connection: psycopg.Connection[Any], table: str, parent: str) -> Iterator[Drift]:
    theirs, own = index_shapes(connection, parent), index_shapes(connection, table)
    for shape in theirs:
        if shape not in own:
            yield Drift(table, "index", f"lacks an index {shape}")
        elif not own[shape]:
            yield Drift(table, "index", f"has a broken index {shape}")
    for shape in own:
        if shape not in theirs:
            yield Drift(table, "index", f"has an index of its own {shape}")


def of_constraints(connection: psycopg.Connection[Any], table: str, parent: str) -> Iterator[Drift]:
    theirs, own = constraints_of(connection, parent), constraints_of(connection, table)
    for definition in theirs:
        if definition not in own:
            yield Drift(table, "constraint", f"lacks {definition}")
        elif not own[definition]:
            yield Drift(table, "constraint", f"has not proven {definition}")
    for definition in own:
        if definition not in theirs:
            yield Drift(table, "constraint", f"has of its own {definition}")


def of_rights(connection: psycopg.Connection[Any], table: str, parent: str) -> Iterator[Drift]:
    """Grants need not be the same, as rights on the table are enough; a partition that gives more is a way around them."""
    theirs, own = rights(connection, parent), rights(connection, table)
    if own[0] != theirs[0]:
        yield Drift(table, "owner", f"belongs to {own[0]}, not to {theirs[0]}")
    more = sorted(set(own[1]) - set(theirs[1])) if own[0] == theirs[0] else []
    if more:
        yield Drift(table, "grant", f"grants what the table does not: {', '.join(more)}")
    if own[2] and not theirs[2]:
        yield Drift(table, "row security", "has it on, unlike the table")
    if theirs[2] and not own[2] and any(not one.startswith(f"{own[0]}=") for one in own[1]):
        yield Drift(table, "row security", "gives rights of its own, past the policies of the table")
    if own[3] != theirs[3]:
        yield Drift(table, "persistence", "is not kept through a crash, unlike the table")


def rights(connection: psycopg.Connection[Any], table: str) -> tuple[str, list[str], bool, str]:
    row = connection.execute(OWNER, (table,)).fetchone()
    return row or ("", [], False, "p")


def constraints_of(connection: psycopg.Connection[Any], table: str) -> dict[str, bool]:
    found = connection.execute(CONSTRAINTS, (table,)).fetchall()
    return {definition.removesuffix(NOT_VALID): proven for definition, proven in found}


def index_shapes(connection: psycopg.Connection[Any], table: str) -> dict[str, bool]:
    """Return what each index of a table is on, as in "UNIQUE USING btree (shop_id, id)", and whether it is valid."""
    return dict(connection.execute(INDEXES, (table,)).fetchall())


def index_statements(connection: psycopg.Connection[Any], table: str, parent: str = PARENT) -> dict[str, sql.Composed]:
    """Return, by shape, how each index of the parent is made on a table."""
    return {
        shape: sql.SQL("CREATE {} INDEX ON {} {}").format(
            sql.SQL("UNIQUE" if shape.startswith("UNIQUE ") else ""),
            sql.Identifier(table),
            sql.SQL(shape.removeprefix("UNIQUE ")),
        )
        for shape in index_shapes(connection, parent)
    }
