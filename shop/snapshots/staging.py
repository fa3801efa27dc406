"""Stages a file: chunk by chunk, one transaction each, with the cursor moved in the same commit."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import psycopg
from psycopg import sql

from shop.locks import Lease
from shop.platforms.records import BadRecord, Kind, Peek
from shop.platforms.registry import Platform
from shop.shops.models import Shop
from shop.snapshots.copying import binary, moment, text
from shop.snapshots.reading import BOM, Batch, DamagedFile
from shop.snapshots.shapes import SHAPES, Shape

RULES = b"pult 1"  # part of every source hash: raised when records are mapped differently, so that all are mapped anew
KEPT_RAW = 64 << 10
FEWEST_BAD = 50
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
    main: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    quarantined: list[tuple[int, int, bytes, BadRecord]] = field(default_factory=list)


def table(snapshot_id: int, name: str) -> sql.Identifier:
    return sql.Identifier("staging", f"s{snapshot_id}_{name}")


def create_tables(connection: psycopg.Connection[Any], snapshot_id: int, shape: Shape) -> None:
    """Make the run's own tables. Unlogged: after a crash of the server they are empty, and the run starts over."""
    for name, columns in (("main", shape.definition(shape.columns)), ("parts", shape.definition(shape.parts)),
                          ("seen", "line int, key text, source_hash bytea, changed_at timestamptz")):  # fmt: skip
        connection.execute(
            sql.SQL("CREATE UNLOGGED TABLE IF NOT EXISTS {} ({}) WITH (autovacuum_enabled = off)").format(
                table(snapshot_id, name), sql.SQL(columns or "src int")
            )
        )


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


def chunks(batches: Iterable[Batch], reader: "LineReader") -> Iterator[Chunk]:
    """Turn batches of lines into chunks of rows, counting lines and bad records on the way."""
    for batch in batches:
        yield reader.chunk(batch)


class LineReader:
    """Reads lines of one run: skips those already stored word for word, maps the rest, sets bad ones aside."""

    def __init__(
        self,
        shop: Shop,
        kind: Kind,
        platform: Platform,
        lookup: psycopg.Connection[Any],
        cursor_line: int,
        cursor_offset: int,
    ) -> None:
        self.shape = SHAPES[kind]
        self.shop_id = shop.id
        self.lookup = lookup
        self.decode = platform.decode(kind)
        self.peek = platform.peek(kind)
        self.map = self.shape.mapper(shop, platform)
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
                self.read(raw, hashes[index], chunk, whole=batch.ended or index + 1 < len(batch.lines))
            self.offset += len(raw) + 1
        chunk.cursor_line, chunk.cursor_offset = self.line, self.offset
        return chunk

    def read(self, raw: bytes, source_hash: bytes, chunk: Chunk, *, whole: bool) -> None:
        if self.line == 1:
            raw = raw.removeprefix(BOM)
        try:
            record = self.decode(raw)
        except BadRecord as error:
            if not whole and error.code == "not_json":
                raise DamagedFile(
                    f"Line {self.line}, the last one, breaks off in the middle: the file was cut short. Nothing was loaded; fetch the file again."
                ) from error
            chunk.quarantined.append((self.line, self.offset, raw, error))
            return
        main, parts = self.map(record, self.line, source_hash, plain=b"\\" not in raw)
        chunk.main.append(main)
        chunk.parts.append(parts)

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

    def __init__(self, connection: psycopg.Connection[Any], lease: Lease, snapshot_id: int, shop_id: int) -> None:
        self.connection, self.lease, self.snapshot_id, self.shop_id = connection, lease, snapshot_id, shop_id
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
        with self.connection.transaction():
            self.lease.check(self.connection)
            for name, rows in (("main", chunk.main), ("parts", chunk.parts), ("seen", chunk.seen)):
                if rows:
                    self.copy(name, "".join(rows))
            self.quarantine(chunk)
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

    def copy(self, name: str, rows: str) -> None:
        statement = sql.SQL("COPY {} FROM STDIN").format(table(self.snapshot_id, name))
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(rows.encode())

    def quarantine(self, chunk: Chunk) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(
                """INSERT INTO quarantined_records (snapshot_id, line, shop_id, byte_offset, raw, raw_bytes, error_code, path, reason)
                   VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
                [
                    (
                        self.snapshot_id,
                        line,
                        self.shop_id,
                        offset,
                        raw[:KEPT_RAW],
                        len(raw),
                        bad.code,
                        bad.path,
                        bad.reason,
                    )
                    for line, offset, raw, bad in chunk.quarantined
                ],
            )


def refuse_too_many(lines: int, quarantined: int, *, at_end: bool) -> None:
    """Stop before publishing when more than max(50, 0.1 %) of the records are bad."""
    if quarantined > FEWEST_BAD and (at_end or quarantined > FEWEST_BAD * 20) and quarantined > lines * BAD_SHARE:
        raise TooManyBad(
            f"{quarantined} of {lines} records cannot be read, more than the {max(FEWEST_BAD, int(lines * BAD_SHARE))} that may be set aside. "
            "Nothing was published; look at their reasons on the snapshot's page."
        )
