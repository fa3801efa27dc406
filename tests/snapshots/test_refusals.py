"""Files that must not be believed: empty, shrunken, damaged, or with records that cannot be read (faults F1 to F6)."""

import gzip

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from shop.orders.models import Order, OrderStatus
from shop.shops.models import Shop
from shop.snapshots.models import QuarantinedRecord
from shop.snapshots.proving import Implausible
from shop.snapshots.reading import DamagedFile
from shop.snapshots.staging import TooManyBad
from tests.snapshots.files import an_order_line, books, load, packed
from tests.snapshots.invariants import broken_invariants


def orders(db: SQLAlchemy) -> dict[str, Order]:
    return {order.code: order for order in db.session.scalars(select(Order))}


def test_f5_an_empty_file_needs_a_person(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F5."""
    load(app, shop, packed(an_order_line("1")))
    for content in (b"", packed()):
        with pytest.raises(Implausible, match="holds no orders"):
            load(app, shop, content)
    assert orders(db)["1"].deleted_at is None
    assert books(load(app, shop, packed(), confirmed=True)) == {"deleted": 1}


def test_f6_half_a_shop_needs_a_person(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F6."""
    load(app, shop, packed(*(an_order_line(str(number)) for number in range(60))))
    with pytest.raises(Implausible, match="held 60"):
        load(app, shop, packed(*(an_order_line(str(number)) for number in range(29))))
    with pytest.raises(Implausible, match="25 stored orders are not in this file"):
        load(app, shop, packed(*(an_order_line(str(number)) for number in range(35))))
    assert not [order for order in orders(db).values() if order.deleted_at]
    assert (
        books(load(app, shop, packed(*(an_order_line(str(number)) for number in range(35))), confirmed=True))["deleted"]
        == 25
    )


def test_bad_records_are_set_aside_and_the_rest_loads(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    bad = an_order_line("2")
    bad["items"][0]["itemPrice"]["withVat"] = "1,5"
    snapshot = load(app, shop, packed(an_order_line("1"), bad, b"{broken", b"\xff\xfe", an_order_line("3")))
    assert books(snapshot) == {"lines": 5, "inserted": 2, "quarantined": 3}
    aside = db.session.scalars(select(QuarantinedRecord).order_by(QuarantinedRecord.line)).all()
    assert [row.line for row in aside] == [2, 3, 4]
    assert aside[0].path == "$.items[0].itemPrice.withVat"
    assert all(row.reason and row.error_code for row in aside)
    assert (aside[1].raw, aside[1].raw_bytes) == (b"{broken", 7)
    assert broken_invariants(db) == []


def test_nothing_is_deleted_while_lines_are_set_aside(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    load(app, shop, packed(an_order_line("1"), an_order_line("2")))
    assert books(load(app, shop, packed(an_order_line("1"), b"{broken"))) == {
        "lines": 2,
        "unchanged": 1,
        "quarantined": 1,
    }


def test_too_many_bad_records_stop_the_run_before_publishing(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    good = [an_order_line(str(number)) for number in range(100)]
    with pytest.raises(TooManyBad, match="51 of 151"):
        load(app, shop, packed(*good, *([b"{broken"] * 51)))
    assert orders(db) == {}
    assert db.session.scalars(select(OrderStatus)).all() == []


def test_f1_f3_f4_damaged_files_change_nothing(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F1, F3, F4."""
    whole = packed(*(an_order_line(str(number)) for number in range(50)))
    for content in (
        whole[:-20],
        whole[: len(whole) // 2],
        whole + b"tail",
        b"<html>502</html>",
        packed(an_order_line("1"))[:-3],
    ):
        with pytest.raises(DamagedFile):
            load(app, shop, content)
    assert orders(db) == {}
    failed = db.session.execute(text("SELECT count(*), count(resolved_at) FROM failed_snapshots")).one()
    assert tuple(failed) == (5, 0)
    load(app, shop, whole)
    assert db.session.execute(text("SELECT count(*) - count(resolved_at) FROM failed_snapshots")).scalar_one() == 0


def test_a_plain_file_cut_in_its_last_line_is_refused(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    with pytest.raises(DamagedFile, match="breaks off"):
        load(app, shop, gzip.decompress(packed(an_order_line("1"), an_order_line("2")))[:-40])
    assert orders(db) == {}
