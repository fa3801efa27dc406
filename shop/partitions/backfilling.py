"""Copies what was there before the triggers: by ranges of keys, in batches of milliseconds, without a lock on their rows."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import errors, sql

from shop.errors import Conflict
from shop.fault_points import fault_point
from shop.locks import Lease
from shop.partitions import disk, record
from shop.partitions.patience import AGAIN, in_the_way
from shop.partitions.quarters import PARENT
from shop.partitions.record import NEXT, Conversion, Phase
from shop.partitions.shadow import Shape, shape_of

TARGET = 0.04  # seconds a batch should take; nobody waits longer for a row of it
SMALLEST, LARGEST = 200, 20_000  # rows a batch
WAITS = "20ms"  # for a writer who is just at a row of the batch; then the batch is put off, and the writer goes on
LOOK = 1.0  # seconds between two looks at the disk
PAUSE = 1.0  # seconds until the next try after a full disk
CALM = 0.015  # seconds for a COMMIT of ours; where it takes longer the disk is busy, and others wait for it too
BREATHS, LONGEST_BREATH = 4, 0.5  # times as long the next batch waits then; seconds
BETWEEN_PASSES = 0.2  # seconds before rows that were locked are tried again
BUDGET = 3600.0  # seconds that one locked row may keep the end waiting
Key = list[str]
Tell = Callable[[Conversion], None]
LAST = "SELECT {texts} FROM (SELECT {key} FROM {live} WHERE {within} ORDER BY {key} OFFSET {size} - 1 LIMIT 1) AS last"
# A line that a trigger has already put there is newer. One that is deleted meanwhile is noted by its trigger: see `astray`.
COPY = """
    WITH took AS MATERIALIZED (SELECT {columns} FROM {live} WHERE {within} ORDER BY {key} LIMIT {size}),
         put AS (INSERT INTO {next} ({columns}) SELECT {columns} FROM took ON CONFLICT DO NOTHING)
    SELECT count(*) OVER (), {texts} FROM took ORDER BY {backwards} LIMIT 1"""
SKIPS_CHECKS = """
    SELECT rolsuper OR (current_setting('server_version_num')::int >= 150000
        AND has_parameter_privilege('session_replication_role', 'SET')) FROM pg_roles WHERE rolname = current_user"""
# Found by the primary key alone. What a batch writes goes to the disk while it is written, and its log with its own COMMIT:
# else a checkpoint, or the COMMIT of somebody who waits for it, brings there at once what many batches have written.
LIGHT = {
    "enable_seqscan": "off", "enable_bitmapscan": "off", "synchronous_commit": "local", "jit": "off",
    "max_parallel_workers_per_gather": "0", "lock_timeout": WAITS, "backend_flush_after": "256kB",
}  # fmt: skip


@dataclass
class Copier:
    """What one process needs to copy: its connection, in no transaction, and its lease."""

    connection: psycopg.Connection[Any]
    lease: Lease
    tell: Tell
    size: int = field(default_factory=lambda: SMALLEST)  # rows of the next batch

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
                self.copy_next(conversion)
                waits_until = time.monotonic() + BUDGET
            except AGAIN:
                self.put_off(conversion)
            except errors.DiskFull:
                self.pause(conversion, "waits for room: the disk of the database is full")
                time.sleep(PAUSE)
        self.tell(conversion)

    def copy_next(self, conversion: Conversion) -> None:
        """Copy one batch of the first range, and write down in the same transaction what is left."""
        (above, up_to), *others = conversion.todo
        began = time.monotonic()
        with self.connection.transaction():
            self.be_light()
            self.lease.check(self.connection)
            took, last = self.copy(above, up_to)
            todo = others if took < self.size else [[last, up_to], *others]
            values = {
                "todo": todo,
                "rows_done": conversion.rows_done + took,
                "phase": Phase.BACKFILLING,
                "paused": None,
            }
            if not todo and not conversion.again:
                values["figures"] = {"filled_by": self.own_transaction()}
            record.change(self.connection, conversion, **values)
            fault_point("partitions.batch.before_commit")
            worked = time.monotonic()
        committed = time.monotonic()
        fault_point("partitions.batch")
        self.adapt(worked - began)
        if committed - worked > CALM:
            time.sleep(min((committed - worked) * BREATHS, LONGEST_BREATH))

    def copy(self, above: Key | None, up_to: Key | None) -> tuple[int, Key | None]:
        """Copy the next rows of a range; returns how many, and the key of the last."""
        row = self.connection.execute(self.of_range(COPY, above, up_to)).fetchone()
        return (row[0], list(row[1:])) if row else (0, None)

    def put_off(self, conversion: Conversion) -> None:
        """Leave a batch in which somebody holds a row for the end, so that neither waits for the other."""
        (above, up_to), *others = conversion.todo
        with self.connection.transaction():
            self.lease.check(self.connection)
            row = self.connection.execute(self.of_range(LAST, above, up_to)).fetchone()
            last = list(row) if row else up_to
            todo = others if last == up_to else [[last, up_to], *others]
            again = joined(conversion.again, above, last)
            record.change(self.connection, conversion, todo=todo, again=again, phase=Phase.BACKFILLING)

    def of_range(self, statement: str, above: Key | None, up_to: Key | None) -> sql.Composed:
        """Return a statement about the next batch of a range."""
        key = [sql.Identifier(name) for name in self.shape.key]
        taken = [sql.Identifier("took", name) for name in self.shape.key]  # not the texts, which have the same names
        return sql.SQL(statement).format(
            texts=sql.SQL(", ").join(sql.SQL("{}::text").format(name) for name in key),
            columns=self.shape.listed(self.shape.columns),
            key=self.shape.listed(self.shape.key),
            backwards=sql.SQL(", ").join(sql.SQL("{} DESC").format(name) for name in taken),
            live=sql.Identifier(PARENT),
            next=sql.Identifier(NEXT),
            within=within(self.shape, above, up_to),
            size=sql.Literal(self.size),
        )

    def be_light(self) -> None:
        settings = LIGHT | ({"session_replication_role": "replica"} if self.may_skip_checks else {})
        calls = sql.SQL(", ").join(
            sql.SQL("set_config({}, {}, true)").format(sql.Literal(name), sql.Literal(value))
            for name, value in settings.items()
        )
        self.connection.execute(sql.SQL("SELECT {}").format(calls))

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
