"""Makes quarters: a table like the parent, a check equal to its bounds, and only then the attachment."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from shop.db import raw_connection
from shop.errors import ShopError
from shop.partitions.patience import BUDGET, in_moments
from shop.partitions.quarters import PARENT, Quarter
from shop.partitions.queries import attached, exists, is_partitioned, retired
from shop.partitions.record import BEFORE, NEXT

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('pult quarters'))"


class NotEmpty(ShopError):
    """A table of a quarter's name stands aside, and has rows."""


def ensure(quarters: Iterable[Quarter], by: str, budget: float = BUDGET) -> list[Quarter]:
    """Make those of the quarters that are not there, on a connection of its own; returns what was made, in order.

    Idempotent, and safe beside others who do the same. A retired quarter is not made anew. Each one is made in a
    transaction of milliseconds, which needs no lock that keeps readers or writers of the table out. Raises `Conflict`
    where it could not be had in the budget (seconds), `NotEmpty` where a detached table of that name holds rows.
    """
    wanted = set(quarters)
    with raw_connection(autocommit=True) as connection:
        parent = in_quarters(connection)
        if parent is None:
            return []
        there = {one.quarter for one in attached(connection, parent)} | {
            Quarter.named(one.table) for one in retired(connection)
        }
        missing = sorted(wanted - there)
        return [
            quarter
            for quarter in missing
            if in_moments(connection, partial(create, connection, quarter, by, parent), budget)
        ]


def in_quarters(connection: psycopg.Connection[Any]) -> str | None:
    """Return which table it is that lies in quarters: the live one, the one that will be, or the one that was."""
    return next((table for table in (PARENT, NEXT, BEFORE) if is_partitioned(connection, table)), None)


def create(connection: psycopg.Connection[Any], quarter: Quarter, by: str, parent: str = PARENT) -> bool:
    """Make one quarter inside the caller's transaction; says False where somebody else just has."""
    connection.execute(ONE_AT_A_TIME)
    if any(one.quarter == quarter for one in attached(connection, parent)):
        return False
    if exists(connection, quarter.table):
        clear_away(connection, quarter)
    names = {"table": sql.Identifier(quarter.table), "parent": sql.Identifier(parent)}
    bounds = {"first": sql.Literal(quarter.starts_at), "last": sql.Literal(quarter.ends_at)}
    for statement in (
        "CREATE TABLE {table} (LIKE {parent} INCLUDING ALL)",
        "ALTER TABLE {table} ADD CONSTRAINT of_its_quarter CHECK (created_at >= {first} AND created_at < {last})",
        "ALTER TABLE {parent} ATTACH PARTITION {table} FOR VALUES FROM ({first}) TO ({last})",
        "ALTER TABLE {table} DROP CONSTRAINT of_its_quarter",
    ):
        connection.execute(sql.SQL(statement).format(**names, **bounds))
    note(connection, quarter.table, "created", by)
    return True


def clear_away(connection: psycopg.Connection[Any], quarter: Quarter) -> None:
    """Drop what a killed process or a person left under the quarter's name, unless it holds a row."""
    row = connection.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(quarter.table))).fetchone()
    if row and row[0]:
        raise NotEmpty(
            f"The table {quarter.table} is not part of {PARENT}, and holds rows. Nothing was changed; "
            f"bring it back with `flask partitions restore {quarter.table}`, or move it away by hand."
        )
    connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(quarter.table)))


def note(connection: psycopg.Connection[Any], partition: str | None, event: str, by: str, **details: Any) -> None:
    """Write an event down in the caller's transaction, so that it is there exactly if what it tells is."""
    connection.execute(
        "INSERT INTO partition_events (partition, event, by, details) VALUES (%s, %s, %s, %s)",
        (partition, event, by, Jsonb(details)),
    )
