"""Records that were set aside, put through the pipeline again."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from shop.errors import Conflict
from shop.orders.models import Order
from shop.platforms.records import BadRecord
from shop.shops.models import Shop
from shop.snapshots import mapping, runs
from shop.snapshots.conducting import conduct
from shop.snapshots.models import QuarantinedRecord, Snapshot
from shop.snapshots.redriving import request_redrive
from tests.snapshots.files import an_order_line, books, load, packed
from tests.snapshots.invariants import broken_invariants

BAD = b'{"code": 3}'


def mended(db: SQLAlchemy, run: Snapshot, line: int, record: dict[str, Any]) -> None:
    """Let a record be readable, as it is once Pult understands what it did not: its kept bytes are those of a good one."""
    raw = json.dumps(record).encode()
    db.session.execute(
        text("UPDATE quarantined_records SET raw = :raw, raw_bytes = :bytes WHERE snapshot_id = :run AND line = :line"),
        {"raw": raw, "bytes": len(raw), "run": run.id, "line": line},
    )
    db.session.commit()


def redriven(app: Flask, db: SQLAlchemy, run_id: int) -> Snapshot:
    again = request_redrive(db.session.get_one(Snapshot, run_id), "test").id
    db.session.commit()
    conduct(again, app.extensions["pult"])
    return db.session.get_one(Snapshot, again)


def records(db: SQLAlchemy, run_id: int) -> dict[int, QuarantinedRecord]:
    query = select(QuarantinedRecord).where(QuarantinedRecord.snapshot_id == run_id)
    return {record.line: record for record in db.session.scalars(query)}


def test_what_can_be_read_now_is_loaded_and_the_rest_stays(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    run = load(app, shop, packed(an_order_line("1"), BAD, an_order_line("2"), b"{", an_order_line("3")))
    mended(db, run, 4, an_order_line("4"))
    again = redriven(app, db, run.id)
    assert books(again) == {"lines": 2, "inserted": 1, "quarantined": 1}
    assert (again.purpose, again.mode, again.origin_id, again.as_of) == ("redrive", "partial", run.id, run.as_of)
    found = records(db, run.id)
    assert [found[line].accepted_at is not None for line in (2, 4)] == [False, True]
    assert {found[line].redriven_by for line in (2, 4)} == {again.id}
    assert set(db.session.scalars(select(Order.code))) == {"1", "2", "3", "4"}
    mended(db, run, 2, {**an_order_line("5"), "price": None})
    redriven(app, db, run.id)
    kept = records(db, run.id)[2]
    assert (kept.accepted_at, kept.reason != found[2].reason or kept.path == "$.price") == (None, True)
    assert broken_invariants(db) == []


def test_many_that_stay_bad_do_not_hold_up_the_others(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    run = load(app, shop, packed(*(an_order_line(str(number)) for number in range(40)), *[BAD] * 40))
    db.session.execute(
        text(
            """INSERT INTO quarantined_records (snapshot_id, line, shop_id, byte_offset, raw, raw_bytes, error_code, path, reason)
               SELECT snapshot_id, line + 1000, shop_id, byte_offset, raw, raw_bytes, error_code, path, reason FROM quarantined_records"""
        )
    )
    mended(db, run, 1080, an_order_line("late"))
    assert books(redriven(app, db, run.id)) == {"lines": 80, "inserted": 1, "quarantined": 79}


def test_f22_nothing_newer_is_overwritten(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F22."""
    run = load(app, shop, packed(an_order_line("1"), BAD))
    load(app, shop, packed(an_order_line("2", changed=9)), mode="partial")
    mended(db, run, 2, an_order_line("2", changed=1, status=-4))
    assert books(redriven(app, db, run.id)) == {"lines": 1, "superseded": 1}
    assert records(db, run.id)[2].accepted_at is not None
    assert set(db.session.scalars(select(Order.status_code))) == {"-3"}


def test_a_line_that_was_kept_in_part_is_read_again_from_the_file(
    app: Flask, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = {**an_order_line("long"), "remark": "ž" * 60_000}
    with monkeypatch.context() as patched:
        begin = mapping.LineMapper.__init__

        def begin_refusing(mapper: mapping.LineMapper, *args: Any) -> None:
            begin(mapper, *args)
            decode = mapper.decode

            def refusing(raw: bytes) -> object:
                if raw.startswith(b'{"code": "long'):
                    raise BadRecord("too_long", "$", "A bug of ours.")
                return decode(raw)

            mapper.decode = refusing

        patched.setattr(mapping.LineMapper, "__init__", begin_refusing)
        run = load(app, shop, packed(an_order_line("1"), long, BAD, {**long, "code": "longer"}, an_order_line("2")))
    assert {line: len(record.raw) for line, record in records(db, run.id).items()} == {2: 65536, 3: 11, 4: 65536}
    assert books(redriven(app, db, run.id)) == {"lines": 3, "inserted": 2, "quarantined": 1}
    assert set(db.session.scalars(select(Order.code))) == {"1", "2", "long", "longer"}


def test_twice_at_once_is_once(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    run = load(app, shop, packed(an_order_line("1"), BAD))
    first = request_redrive(run, "test")
    db.session.commit()
    with pytest.raises(runs.AlreadyRunning, match=f"snapshot {first.id}"):
        request_redrive(run, "test")
    conduct(first.id, app.extensions["pult"])
    mended(db, run, 2, an_order_line("2"))
    redriven(app, db, run.id)
    with pytest.raises(Conflict, match="no quarantined records that wait"):
        request_redrive(db.session.get_one(Snapshot, run.id), "test")


def test_the_command_redrives(app: Flask, db: SQLAlchemy, shop: Shop, runner: FlaskCliRunner) -> None:
    run = load(app, shop, packed(an_order_line("1"), BAD))
    mended(db, run, 2, an_order_line("2"))
    told = json.loads(runner.invoke(args=["snapshots", "redrive", str(run.id), "--json"]).output)
    assert (told["state"], told["inserted"]) == ("done", 1)
