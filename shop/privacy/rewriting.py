"""Writes stored snapshot files anew without the people who were erased. Killed anywhere, nothing is lost."""

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import psycopg
import structlog

from shop.config import Config
from shop.db import raw_connection
from shop.fault_points import fault_point
from shop.locks import held
from shop.platforms.records import Kind
from shop.platforms.registry import platform
from shop.privacy.traces import ONE_AFTER_ANOTHER, SAMPLES
from shop.snapshots.erased import Erased, erased_from
from shop.snapshots.rawstore import StoredFile, is_packed, kept, measured, place_of, raw_folder
from shop.snapshots.reading import DamagedFile, batches

LEASE = "privacy"
LEVEL = 6  # of gzip
PLACE = """
    INSERT INTO raw_rewrites (path, shop_id, asked_at) SELECT %(new)s, shop_id, clock_timestamp() FROM raw_rewrites WHERE path = %(old)s
    ON CONFLICT (path) DO UPDATE SET asked_at = clock_timestamp() RETURNING asked_at"""
INSTEAD = """
    UPDATE snapshots SET file_path = %(new)s, file_sha256 = %(sha256)s, file_bytes = %(bytes)s WHERE file_path = %(old)s
    AND EXISTS (SELECT 1 FROM raw_rewrites WHERE path = %(old)s AND asked_at = %(asked_at)s)"""
FORGET = "DELETE FROM raw_rewrites WHERE path = %s AND asked_at = %s"
WAITING = """
    SELECT w.path, w.shop_id, w.asked_at, h.platform, array_agg(DISTINCT s.kind) FILTER (WHERE s.kind IS NOT NULL) AS kinds,
           coalesce(bool_or(s.state IN ('queued', 'running')), false) AS live
    FROM raw_rewrites w JOIN shops h ON h.id = w.shop_id LEFT JOIN snapshots s ON s.file_path = w.path
    GROUP BY w.path, w.shop_id, w.asked_at, h.platform ORDER BY w.asked_at, w.path"""
log = structlog.get_logger()


@dataclass
class Rewritten:
    """How many files were looked through, how many lines lost their person, and how many files must wait."""

    files: int = 0
    lines: int = 0
    busy: int = 0


def rewrite(config: Config) -> Rewritten:
    """Look through every file that waits. A file that a live run reads waits for the next time. Idempotent.

    The new file lies in its place before any run names it, and the old one goes when none does.
    """
    done = Rewritten()
    with held(LEASE, config.redis_url) as lease, raw_connection(autocommit=True) as connection:
        for path, shop_id, asked_at, platform_name, kinds, live in connection.execute(WAITING).fetchall():
            if live:
                done.busy += 1
                continue
            lease.check(connection)
            connection.execute(SAMPLES, {"shop": shop_id})  # of a preview that was going on while somebody was erased
            if kinds and (config.data_dir / path).is_file():
                erased = erased_from(connection, shop_id, platform(platform_name), Kind(kinds[0]))
                done.lines += rewrite_file(connection, path, asked_at, erased, config.data_dir)
            fault_point("rewrite.named")
            remove_unnamed(connection, path, asked_at, config.data_dir)
            done.files += 1
    return done


def rewrite_file(
    connection: psycopg.Connection[Any], path: str, asked_at: datetime, erased: Erased, data_dir: Path
) -> int:
    """Write one file anew if a line in it names somebody; returns how many lines did.

    What is damaged was never published and never will be: no run names it any more.
    """
    old = data_dir / path
    part = raw_folder(data_dir) / f"rewrite-{os.getpid()}-{os.urandom(6).hex()}.part"
    try:
        lines = written_anew(old, part, erased)
        if lines:
            size, sha256 = measured(part)
            noted = note_place(connection, str(place_of(part, sha256, data_dir).relative_to(data_dir)), path)
            fault_point("rewrite.written")
            file = kept(part, old.name, size, sha256, data_dir)
            fault_point("rewrite.placed")
            if name_instead(connection, path, asked_at, file):
                connection.execute(FORGET, (file.path, noted))
    except DamagedFile:
        name_instead(connection, path, asked_at, None)
        log.warning("raw_file_damaged", path=path)
        return 0
    finally:
        part.unlink(missing_ok=True)
    return lines


def written_anew(old: Path, part: Path, erased: Erased) -> int:
    """Write the file's lines aside, packed as it is; returns how many are without their person now."""
    changed = 0
    with part_opened(part, packed=is_packed(old)) as out:
        for batch in batches(old):
            kept = [erased.left_of(raw) for raw in batch.lines]
            changed += sum(one is not raw for one, raw in zip(kept, batch.lines, strict=True))
            out.write(b"\n".join(kept) + (b"\n" if batch.ended else b""))
    return changed


def note_place(connection: psycopg.Connection[Any], new: str, old: str) -> datetime:
    """Note where the new file will lie before it does: if no run comes to name it, the next time removes it."""
    row = connection.execute(PLACE, {"new": new, "old": old}).fetchone()
    assert row is not None
    noted: datetime = row[0]
    return noted


@contextmanager
def part_opened(part: Path, *, packed: bool) -> Iterator[BinaryIO]:
    """Open the file aside; the same lines give the same bytes, so that a second try ends in the same place."""
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        if not packed:
            yield out
            return
        with gzip.GzipFile("", "wb", LEVEL, out, mtime=0) as packing:
            yield cast("BinaryIO", packing)


def name_instead(connection: psycopg.Connection[Any], path: str, asked_at: datetime, file: StoredFile | None) -> bool:
    """Let every run name the new file, in one commit. False if somebody else was erased meanwhile, who may stand in it."""
    given: dict[str, object] = {"old": path, "new": None, "sha256": None, "bytes": None, "asked_at": asked_at}
    if file is not None:
        given |= {"new": file.path, "sha256": file.sha256, "bytes": file.bytes}
    with connection.transaction():
        connection.execute(ONE_AFTER_ANOTHER)
        return connection.execute(INSTEAD, given).rowcount > 0


def remove_unnamed(connection: psycopg.Connection[Any], path: str, asked_at: datetime, data_dir: Path) -> None:
    """Remove the old file if no run names it any more, and let it wait no longer: it names nobody, or it is gone."""
    named = connection.execute("SELECT EXISTS (SELECT 1 FROM snapshots WHERE file_path = %s)", (path,)).fetchone()
    if named == (False,):
        (data_dir / path).unlink(missing_ok=True)
    connection.execute(FORGET, (path, asked_at))
