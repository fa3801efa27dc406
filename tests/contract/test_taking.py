"""Whole snapshots taken from a platform over HTTP: everything, what changed, nothing at all, and by another way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select

from shop.config import Config
from shop.orders.models import Order
from shop.platforms.records import Kind
from shop.shops.models import Shop
from shop.shops.reaching import reached
from shop.simulator.simulator import Simulator
from shop.snapshots.conducting import conduct
from shop.snapshots.models import FailedSnapshot
from tests.contract.connected import asked, check_figures, connected, refused, row, simulated, taken
from tests.simulator.asking import Client


def test_a_shop_is_taken_whole_and_its_figures_are_those_of_the_platform(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    for kind in ("products", "customers", "orders"):
        run = taken(app, shop, kind)
        assert (run.state, run.mode, run.exports, run.quarantined) == ("done", "full", 1, 0)
        assert run.file_name
        assert run.as_of
    check_figures(db, simulator)
    assert db.session.get_one(Shop, shop.id).platform_shop_id == str(simulator.shops[0].eshop_id)


def test_what_changed_since_is_taken_as_a_part(app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop) -> None:
    taken(app, shop)
    before = datetime.now(UTC) - timedelta(seconds=1)  # just after midnight, those of last evening are no older
    code = simulator.shops[0].place_order()
    moved = simulator.shops[0].move_order()
    run = taken(app, shop, since=before)
    assert (run.mode, run.lines, run.inserted, run.deleted) == ("partial", len({code, moved}), 1, 0)
    check_figures(db, simulator)


def test_a_deleted_order_leaves_with_the_next_whole_snapshot(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    code = simulator.shops[0].place_order()
    taken(app, shop)
    simulator.shops[0].delete_order(code)
    assert taken(app, shop).deleted == 1
    check_figures(db, simulator)


def test_nothing_changed_since_is_no_fault_and_nothing_at_all_is(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    run = taken(app, shop, since=datetime.now(UTC) - timedelta(seconds=1))
    assert (run.state, run.mode, run.lines) == ("done", "partial", 0)


def test_a_null_result_is_an_empty_file_which_a_person_must_accept(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    simulator.faults.switch_on("result-url-null")
    run = refused(app, shop)
    assert (run.error_code, run.file_bytes) == ("implausible", 0)
    assert taken(app, shop, since=datetime(2020, 1, 1, tzinfo=UTC)).state == "done"


def test_without_a_webhook_and_an_address_for_one_the_lists_are_read(app: Flask, db: SQLAlchemy) -> None:
    with simulated(hook=False, orders=60) as simulator:
        shop = connected(simulator)
        run = taken(app, shop)
        assert (run.state, run.way, run.mode, run.lines) == ("done", "lists", "partial", 60)
        assert "no public address" in (run.remark or "")
        check_figures(db, simulator)


def test_a_webhook_of_ours_is_registered_where_there_is_none(app: Flask, db: SQLAlchemy, config: Config) -> None:
    with simulated(hook=False) as simulator:
        run = asked(connected(simulator))
        conduct(run, replace(config, base_url="https://pult.example.com"), in_place=True)
        assert (row(run).state, row(run).way) == ("done", "export")
        (hook,) = Client(simulator).get("/api/webhooks").data["webhooks"]
        assert hook["url"] == "https://pult.example.com/webhooks/shoptet/dilna"
        check_figures(db, simulator)


def test_a_list_whose_last_page_vanishes_is_read_to_its_end(app: Flask, db: SQLAlchemy, config: Config) -> None:
    with simulated(orders=101) as simulator:
        shop = connected(simulator)
        with reached(shop, config) as remote:
            lines = remote.walk(Kind.ORDERS)
            first = next(lines)
            code = simulator.shops[0].living.drawn(50).code
            simulator.shops[0].delete_order(code)
            read = [first, *lines]
        assert len(read) in (100, 101)  # the deleted one may have been read before
        assert simulator.counts.bucket_overflows == 0


@pytest.mark.parametrize("fault", ["duplicate-lines", "shuffled-lines", "gzip-encoding"])
def test_f34_lines_twice_and_out_of_order_and_packed_twice_change_no_figure(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop, fault: str
) -> None:
    """F34. Packed twice by Content-Encoding; also lines twice and out of order."""
    simulator.faults.switch_on(fault, path=None if fault != "gzip-encoding" else "/api-results/*")
    run = taken(app, shop)
    assert (run.state, run.superseded) == ("done", 5 if fault == "duplicate-lines" else 0)
    check_figures(db, simulator)


def test_records_that_cannot_be_read_are_set_aside_and_hold_up_nothing(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    simulator.faults.switch_on("bad-records", times=1)
    run = taken(app, shop)
    assert (run.state, run.quarantined) == ("done", 3)


def test_f32_a_failure_that_passes_is_told_from_one_that_does_not(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    """F32. Three exports of one run that give no file are enough."""
    simulator.faults.switch_on("job-failed")
    run = refused(app, shop)
    assert (run.error_code, run.exports) == ("no_export", 3)
    assert db.session.scalars(select(FailedSnapshot.permanent)).one() is False
    simulator.faults.switch_off()
    assert taken(app, shop).state == "done"
    assert db.session.scalar(select(func.count()).select_from(Order)) == 200
