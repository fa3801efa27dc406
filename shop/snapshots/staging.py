"""Stages a file: chunk by chunk, one transaction each, with the cursor moved in the same commit."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import psycopg
from psycopg import sql

from shop.languages import N_
from shop.languages import gettext as _
from shop.locks import Lease
from shop.platforms.platform import Platform
from shop.platforms.records import BadRecord, Kind, Peek
from shop.shops.models import Shop
from shop.snapshots.copying import binary, moment, text
from shop.snapshots.erased import NOBODY_ERASED, Erased, ask_for_rewrite
from shop.snapshots.mapper_process import Mapper
from shop.snapshots.mapping import CUT_SHORT, Bad, Line, Mapped
from shop.snapshots.reading import Batch, DamagedFile
from shop.snapshots.shapes import SHAPES, Shape

RULES = b"pult 1"  # part of every source hash: raised when records are mapped differently, so that all are mapped anew
KEPT_RAW = 64 << 10
FEWEST_BAD = 50
KILLS = "kills_its_worker"
KILLS_WORDS = N_("Reading this record has killed one worker after another, most likely for want of memory.")
BAD_SHARE = 0.001


class TooManyBad(DamagedFile):
    """So many records cannot be read that the file, or our understanding of it, is wrong as a whole."""

    code = "too_many_bad_records"


@dataclass
class Chunk:
    """Staged rows of some lines, ready to be sent, and where the cursor stands after them."""

    cursor_line: int
    cursor_offset: int
    bytes_read: int
    lines: int = 0
    main: bytes = b""
    parts: bytes = b""
    seen: list[str] = field(default_factory=list)
    to_map: list[Line] = field(default_factory=list)
    quarantined: list[tuple[Line, Bad]] = field(default_factory=list)
    erased: int = 0

    def take(self, mapped: Mapped) -> None:
        """Take over what became of the lines to map. A last line that breaks off condemns the file."""
        self.main, self.parts, self.erased = mapped.main, mapped.parts, mapped.erased
        lines = {line.number: line for line in self.to_map} if mapped.bad else {}
        for bad in mapped.bad:
            if bad.code == CUT_SHORT:
                raise DamagedFile(
                    _(
                        "Line %(number)s, the last one, breaks off in the middle: the file was cut short. Nothing was loaded; "
                        "fetch the file again.",
                        number=bad.number,
                    )
                )
            self.quarantined.append((lines[bad.number], bad))
        self.to_map = []


def table(snapshot_id: int, name: str) -> sql.Identifier:
    return sql.Identifier("staging", f"s{snapshot_id}_{name}")


def create_tables(connection: psycopg.Connection[Any], snapshot_id: int, shape: Shape) -> None:
    """Make the run's own tables. Unlogged: after a crash of the server they are empty, and the run starts over.

    A publish takes them piece by piece, by line: without an index each piece would read the whole table.
    """
    for name, columns, line in (
        ("main", shape.definition(shape.columns), "line"),
        ("parts", shape.definition(shape.parts) or "src int", "src"),
        ("seen", "line int, key text, source_hash bytea, changed_at timestamptz", None),
    ):
        made = table(snapshot_id, name)
        connection.execute(
            sql.SQL("CREATE UNLOGGED TABLE IF NOT EXISTS {} ({}) WITH (autovacuum_enabled = off)").format(
                made, sql.SQL(columns)
            )
        )
        if line:
            connection.execute(sql.SQL("CREATE INDEX ON {} ({})").format(made, sql.Identifier(line)))


def drop_tables(connection: psycopg.Connection[Any], snapshot_id: int) -> None:
    for name in ("main", "parts", "seen", "plan", "sold"):
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table(snapshot_id, name)))


def staged_rows(connection: psycopg.Connection[Any], snapshot_id: int) -> int:
    """Count the staged records that are really there: none when a crash of the server emptied the tables."""
    names = [f"staging.s{snapshot_id}_{name}" for name in ("main", "seen")]
    found = connection.execute("SELECT to_regclass(%s), to_regclass(%s)", names).fetchone()
    if found is None or None in found:
        return 0
    row = connection.execute(
        sql.SQL("SELECT (SELECT count(*) FROM {}) + (SELECT count(*) FROM {})").format(
            table(snapshot_id, "main"), table(snapshot_id, "seen")
        )
    ).fetchone()
    return int(row[0]) if row else 0


def chunks(batches: Iterable[Batch], reader: "LineReader", mapper: Mapper, ahead: int) -> Iterator[Chunk]:
    """Turn batches of lines into chunks of rows, in order; some are mapped ahead of the one that is handed out."""
    under_way: deque[tuple[Chunk, Future[Mapped]]] = deque()
    for batch in batches:
        chunk = reader.chunk(batch)
        under_way.append((chunk, mapper.submit(chunk.to_map)))
        if len(under_way) > ahead:
            yield mapped(*under_way.popleft())
    while under_way:
        yield mapped(*under_way.popleft())


def mapped(chunk: Chunk, rows: Future[Mapped]) -> Chunk:
    chunk.take(rows.result())
    return chunk


class LineReader:
    """Reads the lines of one run: skips those already stored word for word, hands on the rest to be mapped."""

    def __init__(
        self,
        shop: Shop,
        kind: Kind,
        platform: Platform,
        lookup: psycopg.Connection[Any],
        cursor_line: int,
        cursor_offset: int,
        poisonous: int | None = None,
    ) -> None:
        self.poisonous = poisonous  # a line that is set aside unread: it alone has killed more than one worker
        self.shape = SHAPES[kind]
        self.shop_id = shop.id
        self.lookup = lookup
        self.peek = platform.peek(kind)
        self.line, self.offset = cursor_line, cursor_offset
        self.known = self.any_stored(kind)

    def any_stored(self, kind: Kind) -> bool:
        """A shop without a single stored record needs no look-ups."""
        table_name = {Kind.ORDERS: "orders", Kind.CUSTOMERS: "customer_accounts", Kind.PRODUCTS: "products"}[kind]
        found = self.lookup.execute(
            sql.SQL("SELECT EXISTS (SELECT 1 FROM {} WHERE shop_id = %s)").format(sql.Identifier(table_name)),
            (self.shop_id,),
        ).fetchone()
        return bool(found and found[0])

    def chunk(self, batch: Batch) -> Chunk:
        chunk = Chunk(self.line, self.offset, batch.packed_at)
        if self.poisonous == self.line + 1:
            return self.set_aside(chunk, batch.lines[0])
        hashes = [blake2b(raw, digest_size=16, person=RULES).digest() for raw in batch.lines]
        peeks = self.unchanged(batch.lines, hashes) if self.known else {}
        for index, raw in enumerate(batch.lines):
            self.line += 1
            if index in peeks:
                peek = peeks[index]
                chunk.lines += 1
                chunk.seen.append(
                    f"{self.line}\t{text(peek.key)}\t{binary(hashes[index])}\t{moment(peek.changed_at)}\n"
                )
            elif raw and not raw.isspace():
                chunk.lines += 1
                whole = batch.ended or index + 1 < len(batch.lines)
                chunk.to_map.append(Line(self.line, self.offset, raw, hashes[index], whole))
            self.offset += len(raw) + 1
        chunk.cursor_line, chunk.cursor_offset = self.line, self.offset
        return chunk

    def set_aside(self, chunk: Chunk, raw: bytes) -> Chunk:
        """Quarantine the line without reading it; it is the only one of its batch."""
        self.line += 1
        chunk.lines = 1
        line = Line(self.line, self.offset, raw, b"", whole=True)
        chunk.quarantined.append((line, Bad(self.line, KILLS, "$", KILLS_WORDS)))
        self.offset += len(raw) + 1
        chunk.cursor_line, chunk.cursor_offset = self.line, self.offset
        return chunk

    def unchanged(self, lines: list[bytes], hashes: list[bytes]) -> dict[int, Peek]:
        """Return the lines, by index, whose very bytes are what is stored for their entity."""
        peeks: dict[int, Peek] = {}
        for index, raw in enumerate(lines):
            try:
                peeks[index] = self.peek(raw)
            except BadRecord:
                continue  # decoded below, where it is told what is wrong with it
        stored = dict(
            self.lookup.execute(self.shape.stored, (self.shop_id, [peek.key for peek in peeks.values()])).fetchall()
        )
        return {index: peek for index, peek in peeks.items() if stored.get(peek.key) == hashes[index]}


class Stager:
    """Sends chunks to the server while the next one is being read. At most one is under way."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        lease: Lease,
        snapshot_id: int,
        shop_id: int,
        cursor_line: int,
        erased: Erased = NOBODY_ERASED,
    ) -> None:
        self.connection, self.lease, self.snapshot_id, self.shop_id = connection, lease, snapshot_id, shop_id
        self.erased = erased
        self.staged = cursor_line  # lines up to here are committed
        self.sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="stage")
        self.under_way: Future[None] | None = None

    def stage(self, chunk: Chunk) -> None:
        self.settle()
        self.under_way = self.sender.submit(self.send, chunk)

    def settle(self) -> None:
        """Wait for the chunk under way; its failure is raised here."""
        if self.under_way is not None:
            under_way, self.under_way = self.under_way, None
            under_way.result()

    def close(self) -> None:
        self.sender.shutdown(wait=True)

    def send(self, chunk: Chunk) -> None:
        self.send_in_one_transaction(chunk)
        self.staged = chunk.cursor_line

    def send_in_one_transaction(self, chunk: Chunk) -> None:
        with self.connection.transaction():
            self.lease.check(self.connection)
            for name, rows in (("main", chunk.main), ("parts", chunk.parts), ("seen", "".join(chunk.seen).encode())):
                if rows:
                    self.copy(name, rows)
            self.quarantine(chunk)
            if chunk.erased:
                ask_for_rewrite(self.connection, self.snapshot_id)
            self.connection.execute(
                """UPDATE snapshots SET cursor_line = %s, cursor_offset = %s, bytes_read = %s, lines = lines + %s,
                          quarantined = quarantined + %s, heartbeat_at = clock_timestamp() WHERE id = %s""",
                (
                    chunk.cursor_line,
                    chunk.cursor_offset,
                    chunk.bytes_read,
                    chunk.lines,
                    len(chunk.quarantined),
                    self.snapshot_id,
                ),
            )

    def copy(self, name: str, rows: bytes) -> None:
        statement = sql.SQL("COPY {} FROM STDIN").format(table(self.snapshot_id, name))
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(rows)

    def quarantine(self, chunk: Chunk) -> None:
        """Keep the lines that gave no record, without people who were erased; then their file is to be written anew."""
        raws = [self.erased.left_of(line.raw) for line, _ in chunk.quarantined]
        chunk.erased += sum(kept is not line.raw for kept, (line, _) in zip(raws, chunk.quarantined, strict=True))
        ids = self.snapshot_id, self.shop_id
        with self.connection.cursor() as cursor:
            cursor.executemany(
                """INSERT INTO quarantined_records (snapshot_id, shop_id, line, byte_offset, raw, raw_bytes, error_code, path, reason)
                   VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
                [
                    (*ids, bad.number, line.offset, kept[:KEPT_RAW], len(line.raw), bad.code, bad.path, bad.reason)
                    for (line, bad), kept in zip(chunk.quarantined, raws, strict=True)
                ],
            )


def refuse_too_many(lines: int, quarantined: int, *, at_end: bool) -> None:
    """Stop before publishing when more than max(50, 0.1 %) of the records are bad."""
    if quarantined > FEWEST_BAD and (at_end or quarantined > FEWEST_BAD * 20) and quarantined > lines * BAD_SHARE:
        raise TooManyBad(
            _(
                "%(quarantined)s of %(lines)s records cannot be read, more than the %(most)s that may be set aside. "
                "Nothing was published; look at their reasons on the snapshot's page.",
                quarantined=quarantined,
                lines=lines,
                most=max(FEWEST_BAD, int(lines * BAD_SHARE)),
            )
        )
