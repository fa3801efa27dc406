"""A row for a shop in every table that a shop owns, put there without the application."""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

from shop.rights import RIGHTS

OF_SHOPS = {name: right for name, right in RIGHTS.items() if right.whose is not None}
COLUMNS = """
    SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attnotnull AND NOT atthasdef AND attidentity = '' AND attgenerated = ''"""
CHECKS = "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c' AND coninhcount = 0"
WORDS = {"jsonb": "{}", "bytea": "\\x00", "tsvector": "", "date": "2026-01-01", "boolean": "f", "inet": "::1"}


def fill(connection: psycopg.Connection[Any], shop_ids: tuple[int, ...]) -> None:
    """Add a row for each shop to each table, in the caller's transaction, which rolls all of it back.

    Rules about single values are taken away first: it is not they that are looked at.
    """
    connection.execute("SET LOCAL session_replication_role = replica")
    for table in OF_SHOPS:
        for (name,) in connection.execute(CHECKS, (f"public.{table}",)).fetchall():
            connection.execute(
                sql.SQL("ALTER TABLE public.{} DROP CONSTRAINT {}").format(sql.Identifier(table), sql.Identifier(name))
            )
        for shop_id in shop_ids:
            if table != "monthly_sales":  # a trigger has added it, with the day
                add(connection, table, shop_id)


def add(connection: psycopg.Connection[Any], table: str, shop_id: int) -> None:
    values = row(connection, table, shop_id)
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(map(sql.Literal, values.values())),
        )
    )


def row(connection: psycopg.Connection[Any], table: str, shop_id: int) -> Mapping[str, object]:
    """Return the columns that must be given; every number is the shop's, so that rows of two shops never meet."""
    found = connection.execute(COLUMNS, (f"public.{table}",)).fetchall()
    values: dict[str, object] = {name: value_of(kind, shop_id) for name, kind in found}
    if table == "job_leases":
        values["key"] = f"snapshot:{shop_id}:orders"
    elif table in ("shops", "snapshots"):
        values["id"] = shop_id  # of runs too: their attempts are told apart by it
    elif "shop_id" not in values and table != "snapshot_attempts":
        values["shop_id"] = shop_id
    return values


def value_of(kind: str, shop_id: int) -> object:
    if kind.startswith("timestamp"):
        return "now"
    if kind.startswith(("integer", "bigint", "smallint", "numeric")):
        return shop_id
    return WORDS.get(kind, str(shop_id))
