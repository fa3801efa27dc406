"""Archive files: the lines of a quarter as PostgreSQL copies them, packed, and a manifest that says what they are."""

import gzip
import hashlib
import io
import json
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import psycopg
from psycopg import sql

from shop.errors import ShopError
from shop.fault_points import fault_point
from shop.formatting import size
from shop.languages import gettext as _
from shop.partitions.contents import ALIKE, Column, columns_of, listed

FOLDER = "archives"
BLOCK = 1 << 20
SPARE = 64 << 20  # bytes left for others when a file is written
LEVEL = 3  # of gzip: three times as fast as its default, for a tenth more bytes
ORDER = "shop_id, order_id, line, created_at"


class Damaged(ShopError):
    """An archive file is not what was written; the sentence says how."""


@dataclass(frozen=True)
class Written:
    """A file that is whole and synced."""

    sha256: str
    bytes: int


class Hashing(io.RawIOBase):
    """Passes bytes on to a file and sums them up."""

    def __init__(self, target: BinaryIO) -> None:
        self.target, self.digest, self.count = target, hashlib.sha256(), 0

    def writable(self) -> bool:
        return True

    def write(self, block: Any) -> int:
        self.digest.update(block)
        self.count += len(block)
        self.target.write(block)
        return len(block)


def archive_folder(data_dir: Path) -> Path:
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def manifest_of(path: Path) -> Path:
    return path.with_suffix("").with_suffix(".json")


def write(connection: psycopg.Connection[Any], table: str, columns: Sequence[Column], path: Path) -> Written:
    """Copy a table into a file: written aside, synced, renamed last. The caller's transaction says of which moment."""
    row = connection.execute("SELECT pg_table_size(to_regclass(%s))", (table,)).fetchone()
    needed = (row[0] if row else 0) + SPARE
    if shutil.disk_usage(path.parent).free < needed:
        raise ShopError(
            _(
                "There is less than %(size)s free where archives are kept, so %(table)s is not archived. "
                "Nothing was changed; make room, and the next maintenance archives it.",
                size=size(needed),
                table=table,
            )
        )
    copying = sql.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT").format(
        listed(columns), sql.Identifier(table), sql.SQL(ORDER)
    )
    connection.execute(ALIKE)
    with (
        whole(path) as part,
        gzip.GzipFile("", "wb", LEVEL, part, mtime=0) as packed,
        io.BufferedWriter(packed, BLOCK) as buffered,
        connection.cursor() as cursor,
        cursor.copy(copying) as lines,
    ):
        for block in lines:
            buffered.write(block)
    return Written(part.digest.hexdigest(), part.count)


@contextmanager
def whole(path: Path) -> Iterator[Hashing]:
    """Give a file its name only when all of it is on the disk, readable by its owner alone."""
    part = path.with_name(f"{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            hashing = Hashing(target)
            yield hashing
            target.flush()
            os.fsync(target.fileno())
        fault_point("archive.before_rename")
        part.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ShopError(
            _(
                "The archive %(file)s could not be written: %(reason)s. Nothing was changed; the quarter stays "
                "in the table, and the next maintenance tries again.",
                file=path.name,
                reason=error.strerror,
            )
        ) from error


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    with whole(manifest_of(path)) as part:
        part.write(json.dumps(manifest, indent=2, ensure_ascii=False).encode() + b"\n")


def columns_in(path: Path) -> list[Column]:
    """Return the columns of a file, in its order, from its manifest. Raises `Damaged`."""
    try:
        return [Column(one["name"], one["type"]) for one in json.loads(manifest_of(path).read_bytes())["columns"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(
            _("The manifest %(file)s cannot be read. Nothing was changed.", file=manifest_of(path).name)
        ) from error


def check(path: Path, sha256: str | None) -> None:
    """See that a file is the one that was written. Raises `Damaged`."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
    except OSError as error:
        raise Damaged(
            _(
                "The archive %(file)s cannot be read: %(reason)s. Nothing was changed.",
                file=path.name,
                reason=error.strerror,
            )
        ) from error
    if digest.hexdigest() != sha256:
        raise Damaged(
            _(
                "The archive %(file)s is not the file that was written: its checksum differs. Nothing was changed.",
                file=path.name,
            )
        )


def load(connection: psycopg.Connection[Any], path: Path, table: str, columns: Sequence[Column]) -> None:
    """Copy a file into a table, in the caller's transaction. Raises `Damaged` where it does not unpack, or does not fit."""
    if not {column.name for column in columns} <= {column.name for column in columns_of(connection, table)}:
        raise Damaged(
            _("The archive %(file)s has columns that the table has no more. Nothing was changed.", file=path.name)
        )
    copying = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), listed(columns))
    try:
        connection.execute(ALIKE)
        with gzip.open(path, "rb") as lines, connection.cursor() as cursor, cursor.copy(copying) as into:
            while block := lines.read(BLOCK):
                into.write(block)
    except (OSError, EOFError, zlib.error) as error:
        raise Damaged(
            _("The archive %(file)s cannot be unpacked: %(reason)s. Nothing was changed.", file=path.name, reason=error)
        ) from error
    except psycopg.DataError as error:
        raise Damaged(
            _(
                "The lines of the archive %(file)s do not fit the table: %(reason)s. Nothing was changed.",
                file=path.name,
                reason=error,
            )
        ) from error


def remove(path: Path) -> None:
    """Take away a file, its manifest, and what was left of an attempt to write them."""
    for one in (path, manifest_of(path)):
        one.with_name(f"{one.name}.part").unlink(missing_ok=True)
        one.unlink(missing_ok=True)


def leftovers(data_dir: Path) -> list[Path]:
    """Return parts of files whose writer ended before they were whole. Nobody else writes while the lease is held."""
    return sorted(archive_folder(data_dir).glob("*.part"))
