"""What a replay of a stored file would change, told before anything is changed."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.db import raw_connection
from shop.platforms.records import Kind
from shop.shops.models import Shop
from shop.snapshots import runs
from shop.snapshots.conducting import conduct
from shop.snapshots.coverage import covered_until, last_done
from shop.snapshots.models import FailedSnapshot, Snapshot
from shop.snapshots.queries import freshness
from shop.snapshots.reading import DamagedFile
from shop.snapshots.replaying import request_preview
from tests.snapshots.files import (
    a_customer_line,
    a_line,
    a_product_line,
    an_order_line,
    books,
    load,
    packed,
    stored_run,
)
from tests.snapshots.invariants import broken_invariants
from tests.snapshots.taken_again import contents, replayed, waiting

FIRST = packed(
    an_order_line("same"),
    an_order_line("changes", status=-1),
    an_order_line("moves", creationTime="2026-03-02T10:00:00+0100"),
    an_order_line("goes"),
)
SECOND = packed(
    an_order_line("same"),
    an_order_line("changes", changed=5, lines=[a_line("SKU-2", "484.00", 4.0)], paid=False),
    an_order_line("moves", changed=5, creationTime="2026-03-04T10:00:00+0100"),
    an_order_line("new", creationTime="2026-03-05T10:00:00+0100", status=70),
    b"{",
)


def previewed(app: Flask, db: SQLAlchemy, run_id: int) -> Snapshot:
    """Preview the file of a run; the rows of data must be what they were."""
    before = contents(db)
    preview_id = request_preview(db.session.get_one(Snapshot, run_id), "test").id
    db.session.commit()
    conduct(preview_id, app.extensions["pult"])
    assert contents(db) == before
    return db.session.get_one(Snapshot, preview_id)


def difference(preview: Snapshot) -> dict[str, Any]:
    assert preview.state == "previewed"
    assert preview.difference is not None
    return preview.difference


def test_a_preview_tells_what_a_replay_then_does(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    load(app, shop, FIRST)
    run_id = waiting(
        app, db, shop, packed(an_order_line("same"), an_order_line("changes", changed=5), an_order_line("new"))
    )
    counts = difference(previewed(app, db, run_id))["counts"]
    replay = replayed(app, db, run_id)
    assert {name: counts[name] for name in books(replay)} == books(replay)
    assert books(replay) == {"lines": 3, "inserted": 1, "updated": 1, "unchanged": 1, "deleted": 2}
    assert (replay.purpose, replay.origin_id, replay.mode) == ("replay", run_id, "full")
    assert broken_invariants(db) == []


def test_the_difference_names_fields_money_and_days(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    load(app, shop, FIRST)
    found = difference(previewed(app, db, waiting(app, db, shop, SECOND, mode="partial")))
    assert found["counts"] == {
        "lines": 5, "inserted": 1, "updated": 2, "revived": 0, "unchanged": 1, "superseded": 0, "older": 0, "deleted": 0,
        "quarantined": 1,
    }  # fmt: skip
    assert {one["field"]: one["records"] for one in found["fields"]} == {
        "status": 1, "total": 1, "paid": 1, "placed": 1, "to pay": 1, "units": 1, "particulars": 1,
    }  # fmt: skip
    changes, moves = found["sample"]
    assert (changes["name"], moves["name"]) == ("changes", "moves")
    assert {"field": "total", "before": "121.00", "after": "484.00"} in changes["changes"]
    # A status that nobody has named yet counts as its platform says.
    assert found["money"] == {
        "total": {"before": "242.00", "after": "726.00"},
        "sales": {"before": "242.00", "after": "726.00"},
    }
    assert (found["days"]["first"], found["days"]["last"], found["days"]["number"]) == ("2026-03-01", "2026-03-05", 4)
    assert found["days"]["largest"][0] == {"day": "2026-03-01", "orders": 1, "before": "121.00", "after": "484.00"}
    assert {(one["day"], one["before"], one["after"]) for one in found["days"]["largest"][1:]} == {
        ("2026-03-02", "121.00", "0"), ("2026-03-04", "0", "121.00"), ("2026-03-05", "0", "121.00"),
    }  # fmt: skip


def test_deletions_are_told_with_the_question_that_would_stop_them(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    load(app, shop, packed(*(an_order_line(str(number)) for number in range(40))))
    found = difference(previewed(app, db, waiting(app, db, shop, packed(an_order_line("1")))))
    assert found["counts"]["deleted"] == 39
    assert "the complete snapshot before it held 40" in found["warning"]
    assert found["money"]["sales"] == {"before": "4719.00", "after": "0"}


def test_f22_f24_what_came_back_and_what_is_older_are_told_apart(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F22, F24."""
    both = load(app, shop, packed(an_order_line("1"), an_order_line("2")))
    load(app, shop, packed(an_order_line("1", changed=9, status=-4)))
    found = difference(previewed(app, db, both.id))
    assert {name: found["counts"][name] for name in ("updated", "revived", "older", "deleted")} == {
        "updated": 1, "revived": 1, "older": 1, "deleted": 0,
    }  # fmt: skip
    assert found["money"]["sales"] == {"before": "0", "after": "121.00"}


def test_customers_and_products_are_compared_by_their_fields(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    load(
        app,
        shop,
        packed(a_customer_line("c1", "a@example.com"), a_customer_line("c2", "b@example.com")),
        Kind.CUSTOMERS,
    )
    changed = packed(
        a_customer_line("c1", "a@example.com", "Jana Nová", changed=2), a_customer_line("c3", "c@example.com")
    )
    found = difference(previewed(app, db, waiting(app, db, shop, changed, Kind.CUSTOMERS)))
    assert found["fields"] == [{"field": "name", "records": 1}]
    assert found["sample"][0]["changes"] == [{"field": "name", "before": "Jana Testová", "after": "Jana Nová"}]
    assert [found["counts"][name] for name in ("inserted", "updated", "deleted")] == [1, 1, 1]
    assert "money" not in found
    load(app, shop, packed(a_product_line("p", "A", "B")), Kind.PRODUCTS)
    dearer = a_product_line("p", "A", "B", changed=2)
    dearer["variants"][1]["price"] = "120.00"
    found = difference(previewed(app, db, waiting(app, db, shop, packed(dearer), Kind.PRODUCTS)))
    assert found["sample"][0]["changes"] == [
        {"field": "prices", "before": "A 100.00, B 100.00", "after": "A 100.00, B 120.00"}
    ]


def test_a_preview_stands_in_nobodys_way_and_covers_nothing(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    first = load(app, shop, FIRST)
    known = (covered_until(shop.id, "orders"), freshness([shop.id]), last_done("orders", only_whole=True))
    preview = request_preview(first, "test")
    assert request_preview(first, "test").id == preview.id
    db.session.commit()
    assert runs.live_run(shop.id, "orders") is None
    live = stored_run(app, shop, SECOND, mode="partial")
    conduct(preview.id, app.extensions["pult"])
    conduct(live, app.extensions["pult"])
    db.session.rollback()
    assert db.session.get_one(Snapshot, live).state == "done"
    assert db.session.get_one(Snapshot, preview.id).state == "previewed"
    assert covered_until(shop.id, "orders") == known[0]
    assert last_done("orders", only_whole=True) == known[2]
    assert freshness([shop.id])[0].snapshot_id == live


def test_a_preview_that_fails_is_no_failed_snapshot_and_settles_none(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    load(app, shop, FIRST)
    run_id = waiting(app, db, shop, b"<html>")
    preview = request_preview(db.session.get_one(Snapshot, run_id), "test")
    db.session.commit()
    with pytest.raises(DamagedFile, match="HTML"):
        conduct(preview.id, app.extensions["pult"])
    db.session.rollback()
    assert db.session.get_one(Snapshot, preview.id).state == "failed"
    assert db.session.scalars(select(FailedSnapshot)).all() == []
    with raw_connection() as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'").fetchone() == (0,)


def test_f22_replaying_an_older_file_overwrites_nothing_newer(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F22. The rows are newer than the file, and so are those that it does not know."""
    old = load(app, shop, packed(an_order_line("1", status=-1), an_order_line("2")))
    load(app, shop, packed(an_order_line("1", changed=5), an_order_line("2"), an_order_line("3", changed=9)))
    before = contents(db)
    assert books(replayed(app, db, old.id)) == {"lines": 2, "unchanged": 1, "superseded": 1}
    assert contents(db) == before


def test_the_command_tells_it_in_words_and_as_json(
    app: Flask, db: SQLAlchemy, shop: Shop, runner: FlaskCliRunner
) -> None:
    load(app, shop, FIRST)
    run_id = waiting(app, db, shop, SECOND, mode="partial")
    before = contents(db)
    told = runner.invoke(args=["snapshots", "replay", str(run_id), "--dry-run"])
    assert told.exit_code == 0, told.output
    words = told.output.replace("\N{NO-BREAK SPACE}", " ")
    for expected in (
        "5 lines would bring 1 new, change 2",
        "Changed: ",
        "4 days, from 2026-03-01 to 2026-03-05",
        "484.00",
        "Nothing was changed.",
    ):
        assert expected in words
    as_json = json.loads(runner.invoke(args=["snapshots", "replay", str(run_id), "--dry-run", "--json"]).output)
    assert (as_json["state"], as_json["inserted"], as_json["updated"]) == ("previewed", 1, 2)
    assert as_json["difference"]["money"]["sales"]["after"] == "726.00"
    assert contents(db) == before
    applied = json.loads(runner.invoke(args=["snapshots", "replay", str(run_id), "--json"]).output)
    assert (applied["state"], applied["inserted"], applied["updated"]) == ("done", 1, 2)
