"""Quarantined records put through the pipeline again, as a run of a small partial file made of their lines."""

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import psycopg
from flask import current_app
from sqlalchemy import bindparam, select, update

from shop.config import Config
from shop.db import db
from shop.errors import Conflict
from shop.languages import gettext as _
from shop.snapshots import runs
from shop.snapshots.models import QuarantinedRecord, Snapshot
from shop.snapshots.rawstore import store_file, stored_path
from shop.snapshots.reading import Unpacking, unpacked

NAME = "quarantined-of-snapshot-{}.jsonl"

# What the run has not set aside again is accepted; the rest gets its newest reason. Part of the run's publish.
ACCEPT = """
    UPDATE quarantined_records q SET accepted_at = clock_timestamp()
    WHERE q.redriven_by = %(run)s AND NOT EXISTS (
        SELECT 1 FROM quarantined_records bad WHERE bad.snapshot_id = %(run)s AND bad.line = q.redriven_line)"""
EXPLAIN = """
    UPDATE quarantined_records q SET error_code = bad.error_code, path = bad.path, reason = bad.reason
    FROM quarantined_records bad WHERE q.redriven_by = %(run)s AND bad.snapshot_id = %(run)s AND bad.line = q.redriven_line"""


def request_redrive(snapshot: Snapshot, requested_by: str) -> Snapshot:
    """Add a queued run of the run's quarantined lines. Nothing follows from what is not among them.

    The caller commits and enqueues; the live run of the shop and kind refuses a second one.
    """
    live = runs.live_run(snapshot.shop_id, snapshot.kind)
    if live is not None:
        raise runs.AlreadyRunning(live.id)
    config: Config = current_app.extensions["pult"]
    waiting = select(QuarantinedRecord).where(
        QuarantinedRecord.snapshot_id == snapshot.id, QuarantinedRecord.accepted_at.is_(None)
    )
    records = db.session.scalars(waiting.order_by(QuarantinedRecord.line)).all()
    if not records:
        raise Conflict(_("Snapshot %(id)s has no quarantined records that wait. Nothing was started.", id=snapshot.id))
    with TemporaryFile() as file:
        for raw in whole_lines(list(records), snapshot, config.data_dir):
            file.write(raw + b"\n")
        file.seek(0)
        kept = store_file(file, NAME.format(snapshot.id), config.data_dir)
    run = runs.request_run(
        snapshot.shop_id,
        snapshot.kind,
        "partial",
        requested_by,
        kept,
        as_of=snapshot.as_of or snapshot.requested_at,
        purpose="redrive",
        origin_id=snapshot.id,
    )
    places = [{"of": record.line, "place": place} for place, record in enumerate(records, start=1)]
    taken = update(QuarantinedRecord).where(
        QuarantinedRecord.snapshot_id == snapshot.id, QuarantinedRecord.line == bindparam("of")
    )
    db.session.connection().execute(taken.values(redriven_by=run.id, redriven_line=bindparam("place")), places)
    return run


def whole_lines(records: list[QuarantinedRecord], snapshot: Snapshot, data_dir: Path) -> Iterator[bytes]:
    """Yield each record's line, in the order of the file; what was kept only in part is read from the stored file again."""
    cut = [record for record in records if record.raw_bytes > len(record.raw)]
    if not cut:
        yield from (record.raw for record in records)
        return
    with closing(pieces(cut, stored_path(snapshot.file_path or "", data_dir))) as again:
        for record in records:
            yield next(again) if record.raw_bytes > len(record.raw) else record.raw


def pieces(records: list[QuarantinedRecord], path: Path) -> Generator[bytes, None, None]:
    """Yield the bytes of records, in one pass over the unpacked file."""
    blocks = unpacked(path, Unpacking())
    text, offset = b"", 0
    for record in records:
        while offset + len(text) < record.byte_offset + record.raw_bytes:
            if record.byte_offset > offset:
                skipped = min(record.byte_offset - offset, len(text))
                text, offset = text[skipped:], offset + skipped
            text += next(blocks)
        start = record.byte_offset - offset
        yield text[start : start + record.raw_bytes]


def settle(connection: psycopg.Connection[Any], snapshot: Snapshot) -> None:
    """Mark what was accepted, in the transaction of the run's publish."""
    if snapshot.purpose == "redrive":
        connection.execute(ACCEPT, {"run": snapshot.id})
        connection.execute(EXPLAIN, {"run": snapshot.id})
