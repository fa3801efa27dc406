"""What a conversion would do, what it needs, and what stands in its way. Changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from shop.errors import ShopError
from shop.formatting import number, size
from shop.partitions import disk
from shop.partitions.quarters import PARENT, Quarter, standing
from shop.partitions.queries import attached, exists, is_partitioned
from shop.partitions.record import ASTRAY, BEFORE, JOIN, NEXT, SPLIT, under_way
from shop.partitions.shadow import shape_of

SPREAD = f"SELECT date_trunc('quarter', created_at, 'UTC'), count(*) FROM {PARENT} GROUP BY 1 ORDER BY 1"  # noqa: S608
OBSTACLES = {  # what would not come over to the other table, and could be lost with the old one
    "a trigger of its own": "SELECT FROM pg_trigger WHERE tgrelid = {table} AND NOT tgisinternal",
    "forced row security": "SELECT FROM pg_class WHERE oid = {table} AND relforcerowsecurity",
    "a foreign key that points to it": "SELECT FROM pg_constraint WHERE confrelid = {table} AND conparentid = 0",
    "a view or a rule": "SELECT FROM pg_depend WHERE refobjid = {table} AND classid = 'pg_rewrite'::regclass",
    "an identity or generated column": (
        "SELECT FROM pg_attribute WHERE attrelid = {table} AND attnum > 0 AND (attidentity <> '' OR attgenerated <> '')"
    ),
    "a publication": "SELECT FROM pg_publication_rel WHERE prrelid = {table}",
    "no primary key with created_at": (
        "SELECT FROM pg_class WHERE oid = {table} AND NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
        " AND a.attnum = ANY (i.indkey) WHERE i.indrelid = {table} AND i.indisprimary AND a.attname = 'created_at')"
    ),
}


class InTheWay(ShopError):
    """Something about the table would be lost by a conversion."""


@dataclass(frozen=True)
class Plan:
    """What a conversion would do; sizes in bytes, `free` None where it cannot be seen from here."""

    direction: str
    rows: Mapping[Quarter, int]
    bytes: int
    need: int
    free: int | None
    quarters: tuple[Quarter, ...]
    obstacles: tuple[str, ...]

    @property
    def total(self) -> int:
        return sum(self.rows.values())

    def required(self) -> None:
        """Raise `InTheWay` or `NoRoom` if the conversion must not begin."""
        if self.obstacles:
            raise InTheWay(
                f"{PARENT} has {' and '.join(self.obstacles)}, which would not come over to the other table. "
                "Nothing was changed; take it away first."
            )
        disk.require(self.need, self.free)

    def sentences(self) -> list[str]:
        into = (
            f"{len(self.quarters)} quarters, {min(self.quarters)} to {max(self.quarters)}"
            if self.quarters
            else "one plain table"
        )
        free = "cannot be seen from here" if self.free is None else f"is {size(self.free)}"
        return [
            f"{PARENT}, {number(self.total)} lines in {size(self.bytes)}, would be copied into {into}.",
            f"That needs {size(self.need)} of free disk ({disk.NEED} times the table); what is free {free}.",
            *(f"In the way: {obstacle}." for obstacle in self.obstacles),
        ]


def plan(connection: psycopg.Connection[Any]) -> Plan:
    """Look at the table, and say what it takes to bring it into the other form."""
    split = not is_partitioned(connection)
    rows = {Quarter.of(start): count for start, count in connection.execute(SPREAD).fetchall()}
    bytes_ = disk.size_of(connection, PARENT, partitioned=not split)
    return Plan(
        direction=SPLIT if split else JOIN,
        rows=rows,
        bytes=bytes_,
        need=int(disk.NEED * bytes_) if rows else 0,
        free=disk.free_bytes(connection),
        quarters=tuple(sorted({*standing(datetime.now(UTC)), *rows})) if split else (),
        obstacles=tuple(obstacles(connection)),
    )


def obstacles(connection: psycopg.Connection[Any]) -> list[str]:
    if under_way(connection):
        return []  # its own triggers and tables are what would be found
    found = [
        name
        for name, statement in OBSTACLES.items()
        if connection.execute(statement.format(table=f"'{PARENT}'::regclass") + " LIMIT 1").fetchone() is not None
    ]
    found += [f"a table {table} beside it" for table in (NEXT, BEFORE, ASTRAY) if exists(connection, table)]
    found += [f"the half-detached {one.table}" for one in attached(connection) if one.is_pending]
    assert shape_of(connection).columns, "the table is there"
    return found
