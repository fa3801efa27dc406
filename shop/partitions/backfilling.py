"""Copies what was there before the triggers: by ranges of keys, in batches of milliseconds, never waiting for a row."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
from psycopg import errors, sql

from shop.errors import Conflict
from shop.fault_points import fault_point
from shop.locks import Lease
from shop.partitions import disk, record
from shop.partitions.creating import create
from shop.partitions.patience import in_moments, in_the_way
from shop.partitions.quarters import PARENT, Quarter
from shop.partitions.record import ASTRAY, NEXT, Conversion, Phase
from shop.partitions.shadow import Shape, shape_of
from shop.partitions.synchronising import same_key, sets

TARGET = 0.05  # seconds a batch should take; nobody waits longer for a row of it
SMALLEST, LARGEST = 200, 10_000  # rows a batch
LOOK = 1.0  # seconds between two looks at the disk
PAUSE = 1.0  # seconds until the next try after a full disk
BETWEEN_PASSES = 0.2  # seconds before rows that were locked are tried again
BUDGET = 3600.0  # seconds that one locked row may keep the end waiting
Key = list[str]
Tell = Callable[[Conversion], None]
LAST = (
    "SELECT {texts} FROM (SELECT {key} FROM {live} WHERE {within} ORDER BY {key} OFFSET %(size)s - 1 LIMIT 1) AS last"
)
# `seen` and `took` look at one snapshot: where they differ, a row was locked, and the range is looked at again.
COPY = """
    WITH took AS MATERIALIZED (SELECT {columns} FROM {live} WHERE {within} FOR SHARE SKIP LOCKED),
         put AS (INSERT INTO {next} ({columns}) SELECT {columns} FROM took ON CONFLICT DO NOTHING)
    SELECT (SELECT count(*) FROM {live} WHERE {within}), (SELECT count(*) FROM took)"""
SKIPS_CHECKS = """
    SELECT rolsuper OR (current_setting('server_version_num')::int >= 150000
        AND has_parameter_privilege('session_replication_role', 'SET')) FROM pg_roles WHERE rolname = current_user"""
LEAD_HOME = """
    INSERT INTO {next} ({columns}) SELECT {columns} FROM {live} l WHERE EXISTS (SELECT FROM gone g WHERE {same}) FOR SHARE
    ON CONFLICT ({key}) DO UPDATE SET {sets}"""


@dataclass
class Copier:
    """What one process needs to copy: its connection, in no transaction, and its lease."""

    connection: psycopg.Connection[Any]
    lease: Lease
    tell: Tell
    size: int = 1_000  # rows of the next batch

    def __post_init__(self) -> None:
        self.shape = shape_of(self.connection)
        row = self.connection.execute(SKIPS_CHECKS).fetchone()
        self.may_skip_checks = bool(row and row[0])  # of foreign keys: the rows passed them when they were written
        self.looked = 0.0

    def fill(self) -> None:
        """Copy until every row that is there has its twin. To be called again after anything: it goes on where it was."""
        waits_until = time.monotonic() + BUDGET
        while not (conversion := record.needed(self.connection)).is_filled:
            self.tell(conversion)
            if self.lacks_room(conversion):
                time.sleep(PAUSE)
                continue
            if not conversion.todo:
                self.begin_again(conversion, waits_until)
                continue
            try:
                if self.copy_next(conversion):
                    waits_until = time.monotonic() + BUDGET
            except errors.DiskFull:
                self.pause(conversion, "waits for room: the disk of the database is full")
                time.sleep(PAUSE)
            except errors.SerializationFailure:  # a row went to another quarter under our hands
                continue
        self.tell(conversion)

    def copy_next(self, conversion: Conversion) -> bool:
        """Copy one batch of the first range, and write down in the same transaction what is left. Says if no row was locked."""
        (above, up_to), *others = conversion.todo
        began = time.monotonic()
        with self.connection.transaction():
            self.be_light()
            self.lease.check(self.connection)
            last = self.last_of_batch(above, up_to) or up_to
            seen, took = self.copy(above, last)
            left = [] if last == up_to else [[last, up_to]]
            again = conversion.again if seen == took else joined(conversion.again, above, last)
            done = conversion.rows_done + (took if not conversion.figures.get("passes") else 0)
            todo = left + others
            values = {"todo": todo, "again": again, "rows_done": done, "phase": Phase.BACKFILLING, "paused": None}
            if not todo and not again:
                values["figures"] = {"filled_by": self.own_transaction()}
            record.change(self.connection, conversion, **values)
            fault_point("partitions.batch.before_commit")
        fault_point("partitions.batch")
        self.adapt(time.monotonic() - began)
        return seen == took

    def copy(self, above: Key | None, up_to: Key | None) -> tuple[int, int]:
        statement = sql.SQL(COPY).format(
            columns=self.shape.listed(self.shape.columns),
            live=sql.Identifier(PARENT),
            next=sql.Identifier(NEXT),
            within=within(self.shape, above, up_to),
        )
        row = self.connection.execute(statement).fetchone()
        assert row
        return row[0], row[1]

    def last_of_batch(self, above: Key | None, up_to: Key | None) -> Key | None:
        """Return the key that ends the next batch, None where the range holds less than one."""
        row = self.connection.execute(
            sql.SQL(LAST).format(
                texts=sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in self.shape.key),
                live=sql.Identifier(PARENT),
                within=within(self.shape, above, up_to),
                key=self.shape.listed(self.shape.key),
            ),
            {"size": self.size},
        ).fetchone()
        return list(row) if row else None

    def be_light(self) -> None:
        """Go by the primary key alone; what a crash takes of the last batches it takes of what is noted about them too."""
        for name, value in (
            ("enable_seqscan", "off"), ("enable_bitmapscan", "off"), ("synchronous_commit", "off"), ("jit", "off"),
            ("max_parallel_workers_per_gather", "0"),
        ):  # fmt: skip
            self.connection.execute("SELECT set_config(%s, %s, true)", (name, value))
        if self.may_skip_checks:
            self.connection.execute("SELECT set_config('session_replication_role', 'replica', true)")

    def adapt(self, seconds: float) -> None:
        self.size = int(min(max(self.size * min(max(TARGET / seconds, 0.5), 2), SMALLEST), LARGEST))

    def own_transaction(self) -> str:
        row = self.connection.execute("SELECT pg_current_xact_id()::text").fetchone()
        assert row
        return str(row[0])

    def begin_again(self, conversion: Conversion, waits_until: float) -> None:
        """Turn to the ranges in which rows were locked, after their holders had a moment."""
        if time.monotonic() > waits_until:
            raise Conflict(
                "Lines that were not copied yet have been locked all the time by a transaction that does not end. What was "
                f"copied is kept; {in_the_way(self.connection)} Run the same again when that is over."
            )
        time.sleep(BETWEEN_PASSES)
        with self.connection.transaction():
            self.lease.check(self.connection)
            passes = conversion.figures.get("passes", 0) + 1
            record.change(self.connection, conversion, todo=conversion.again, again=[], figures={"passes": passes})

    def lacks_room(self, conversion: Conversion) -> bool:
        now = time.monotonic()
        if not conversion.paused and now < self.looked + LOOK:
            return False
        self.looked = now
        shortage = disk.shortage(disk.free_bytes(self.connection))
        if shortage != conversion.paused:
            self.pause(conversion, shortage)
        return shortage is not None

    def pause(self, conversion: Conversion, why: str | None) -> None:
        with self.connection.transaction():
            self.lease.check(self.connection)
            record.change(self.connection, conversion, paused=why)


def within(shape: Shape, above: Key | None, up_to: Key | None) -> sql.Composable:
    """Return the condition of a range. Keys are literals, so that the plan is made for these very rows."""
    sides = [
        sql.SQL("({}) {} ({})").format(
            shape.listed(shape.key),
            sql.SQL(operator),
            sql.SQL(", ").join(
                sql.SQL("{}::{}").format(sql.Literal(value), sql.SQL(kind))
                for value, kind in zip(bound, shape.key_types, strict=True)
            ),
        )
        for operator, bound in ((">", above), ("<=", up_to))
        if bound is not None
    ]
    return sql.SQL(" AND ").join(sides) if sides else sql.SQL("true")


def joined(ranges: list[Any], above: Key | None, up_to: Key | None) -> list[Any]:
    """Add a range; one that follows the last is joined with it."""
    if ranges and ranges[-1][1] is not None and ranges[-1][1] == above:
        return [*ranges[:-1], [ranges[-1][0], up_to]]
    return [*ranges, [above, up_to]]


def lead_astray_home(connection: psycopg.Connection[Any], lease: Lease, conversion: Conversion, by: str) -> int:
    """Make the quarters of lines that found none when they were written, and put them there; returns how many keys."""
    if not conversion.follower_is_partitioned:
        return 0
    quarters = connection.execute(
        sql.SQL("SELECT DISTINCT date_trunc('quarter', created_at, 'UTC') FROM {}").format(sql.Identifier(ASTRAY))
    ).fetchall()
    for (start,) in quarters:
        in_moments(connection, partial(create, connection, Quarter.of(start), by, conversion.target))
    if not quarters:
        return 0
    shape = shape_of(connection)
    names = {
        "astray": sql.Identifier(ASTRAY),
        "live": sql.Identifier(PARENT),
        "next": sql.Identifier(conversion.target),
        "columns": shape.listed(shape.columns),
        "key": shape.listed(shape.key),
        "same": same_key(shape, "l", "g"),
        "sets": sets(shape),
    }

    def move() -> int:
        lease.check(connection)
        connection.execute(sql.SQL("CREATE TEMP TABLE gone ON COMMIT DROP AS SELECT * FROM {astray}").format(**names))
        connection.execute(sql.SQL(LEAD_HOME).format(**names))
        return connection.execute(
            sql.SQL("DELETE FROM {astray} WHERE id IN (SELECT id FROM gone)").format(**names)
        ).rowcount

    return in_moments(connection, move)
