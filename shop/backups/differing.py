"""What differs between the live database and one restored beside it: rows of tables, orders and money of shops and days."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from shop.analytics.queries import sales_of_days
from shop.backups.comparing import row_differences
from shop.backups.contents import Contents, Table, at_snapshot, read_contents
from shop.backups.losing import losses
from shop.db import db

MOST_DAYS = 60  # of a shop that are kept, the newest first
KEYS = """
    SELECT array_agg(a.attname ORDER BY k.place) FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (attnum, place), pg_attribute a
    WHERE i.indrelid = to_regclass(format('%%I.%%I', %s::text, %s::text)) AND i.indisprimary
    AND a.attrelid = i.indrelid AND a.attnum = k.attnum"""
NEWEST = """
    SELECT s.id, s.slug, s.name, s.currency, o.code, o.placed_at FROM public.shops s LEFT JOIN LATERAL (
        SELECT code, placed_at FROM public.orders WHERE shop_id = s.id AND deleted_at IS NULL
        ORDER BY placed_at DESC, id DESC LIMIT 1) o ON true ORDER BY s.id"""


@dataclass
class TableLine:
    """A table that is not the same in both. The last three are None where its rows were not compared one by one."""

    name: str
    live: int | None  # rows; None where there is no such table
    restored: int | None
    only_live: int | None = None
    only_restored: int | None = None
    changed: int | None = None  # the same key, other values


@dataclass
class Side:
    """A shop in one of the two: what counted orders add up to, as on the overview, and the newest order of any status."""

    orders: int = 0
    sales: Decimal = Decimal(0)
    newest: str | None = None
    newest_at: str | None = None


def difference(live: str, restored: str, contents: Contents, taken_at: datetime) -> dict[str, Any]:
    """Compare the live database at this moment with the restored one, whose contents are known; returns JSON.

    Reads every row of the live one once, as a copy does, and locks nothing but against DROP.
    """
    with at_snapshot(live) as here, at_snapshot(restored) as there:
        row = here.execute("SELECT pg_export_snapshot(), clock_timestamp()").fetchone()
        assert row is not None
        found = read_contents(live, row[0])
        lines = [compared(here, there, name, found, contents) for name in differing(found, contents)]
        shops = shop_lines(here, there)
        return {
            "taken_at": taken_at.isoformat(),
            "read_at": row[1].isoformat(),
            "tables": [asdict(line) for line in lines],
            "same": len(contents.tables) - sum(line.restored is not None for line in lines),
            "shops": shops,
            "lost": list(losses(here, {line.name: line.only_live for line in lines}, taken_at)),
        }


def differing(live: Contents, restored: Contents) -> list[str]:
    names = sorted(live.tables.keys() | restored.tables.keys())
    return [name for name in names if live.tables.get(name) != restored.tables.get(name)]


def compared(
    here: psycopg.Connection[Any], there: psycopg.Connection[Any], name: str, live: Contents, restored: Contents
) -> TableLine:
    """Return how a table differs: by its keys, where both have the same."""
    ours, theirs = live.tables.get(name), restored.tables.get(name)
    line = TableLine(name, ours.rows if ours else None, theirs.rows if theirs else None)
    if ours is None or theirs is None:
        return whole(line, ours, theirs)
    schema, table = name.split(".", 1)
    keys = keys_of(here, schema, table)
    if keys and keys == keys_of(there, schema, table):
        line.only_live, line.only_restored, line.changed = row_differences(
            here, there, sql.Identifier(schema, table), keys, max(ours.rows, theirs.rows)
        )
    return line


def whole(line: TableLine, ours: Table | None, theirs: Table | None) -> TableLine:
    """All rows of a table that is in one of the two are there alone."""
    line.only_live, line.only_restored = ours.rows if ours else 0, theirs.rows if theirs else 0
    line.changed = 0
    return line


def keys_of(connection: psycopg.Connection[Any], schema: str, table: str) -> list[str]:
    row = connection.execute(KEYS, (schema, table)).fetchone()
    return list(row[0] or []) if row else []


def shop_lines(here: psycopg.Connection[Any], there: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    """Return each shop of either with both sides, and the days on which counted orders or their sales are not the same."""
    sides: dict[str, dict[int, Side]] = {}
    days: dict[str, dict[tuple[int, date], tuple[int, Decimal]]] = {}
    names: dict[int, tuple[str, str, str]] = {}
    for side, connection in (("restored", there), ("live", here)):
        days[side] = day_sums(connection)
        sides[side] = {}
        for shop_id, slug, name, currency, code, at in connection.execute(NEWEST).fetchall():
            names[shop_id] = slug, name, currency
            sums = [found for (shop, _day), found in days[side].items() if shop == shop_id]
            sides[side][shop_id] = Side(
                sum(orders for orders, _ in sums), sum((sales for _, sales in sums), Decimal(0)), code,
                at.isoformat() if at else None,
            )  # fmt: skip
    return [
        {"slug": slug, "name": name, "currency": currency, **differing_days(days, shop_id)}
        | {side: written(found.get(shop_id)) for side, found in sides.items()}
        for shop_id, (slug, name, currency) in sorted(names.items())
    ]


def day_sums(connection: psycopg.Connection[Any]) -> dict[tuple[int, date], tuple[int, Decimal]]:
    """Return orders and sales of each shop and day, in the words of the overview."""
    connection.execute("SELECT pg_catalog.set_config('search_path', 'public, pg_catalog', true)")
    query = str(sales_of_days().compile(db.engine))
    return {(shop, day): (orders, sales) for shop, day, orders, sales in connection.execute(query.encode()).fetchall()}


def differing_days(days: Mapping[str, Mapping[tuple[int, date], tuple[int, Decimal]]], shop_id: int) -> dict[str, Any]:
    """Return the days of a shop that differ, the newest first, and how many there are."""
    live, restored, nothing = days["live"], days["restored"], (0, Decimal(0))
    differ = sorted(
        (key for key in live.keys() | restored.keys() if key[0] == shop_id and live.get(key) != restored.get(key)),
        reverse=True,
    )
    lines = [(key[1].isoformat(), live.get(key, nothing), restored.get(key, nothing)) for key in differ[:MOST_DAYS]]
    return {
        "days_differ": len(differ),
        "days": [
            {"day": day, "live": [ours[0], str(ours[1])], "restored": [theirs[0], str(theirs[1])]}
            for day, ours, theirs in lines
        ],
    }


def written(side: Side | None) -> dict[str, Any] | None:
    return None if side is None else asdict(side) | {"sales": str(side.sales)}


def as_values(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a difference that was written down with moments, days and amounts instead of their texts."""
    if found is None:
        return None
    moments = {name: datetime.fromisoformat(found[name]) for name in ("taken_at", "read_at")}
    return {**found, **moments, "shops": [shop_values(shop) for shop in found["shops"]]}


def shop_values(shop: Mapping[str, Any]) -> dict[str, Any]:
    sides = {name: side_values(shop[name]) for name in ("live", "restored") if shop[name]}
    days = [
        {"day": date.fromisoformat(line["day"])}
        | {name: (line[name][0], Decimal(line[name][1])) for name in ("live", "restored")}
        for line in shop["days"]
    ]
    return {**shop, **sides, "days": days}


def side_values(side: Mapping[str, Any]) -> dict[str, Any]:
    at = side["newest_at"]
    return {**side, "sales": Decimal(side["sales"]), "newest_at": datetime.fromisoformat(at) if at else None}
