"""What counts as a sale changes: orders, customers, products and days follow together, and nothing else does."""

from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop import chores
from shop.locks import take
from shop.settings.changing import change, restore_default
from shop.settings.options import EXCLUDED_STATUSES
from shop.shops.models import Shop
from tests.builders import an_owner, signed_in
from tests.snapshots.files import a_line, an_order_line, load, packed
from tests.snapshots.invariants import broken_invariants
from tests.snapshots.taken_again import contents

FILE = packed(
    an_order_line("new", status=-1, lines=[a_line("SKU-1"), a_line("SKU-2", "242.00", 2.0)]),
    an_order_line("done", email="buyernew@example.com", lines=[a_line("SKU-1")]),
    an_order_line("cancelled", status=-4, lines=[a_line("SKU-9", "999.00")]),
)


@pytest.fixture
def loaded(app: Flask, db: SQLAlchemy, shop: Shop) -> Shop:
    load(app, shop, FILE)
    return shop


def excluded(db: SQLAlchemy, shop: Shop, *codes: str) -> chores.Outcome:
    change(EXCLUDED_STATUSES, codes, shop)
    db.session.commit()
    return chores.bring_statuses_up(shop)


def counted(db: SQLAlchemy) -> list[str]:
    db.session.rollback()
    return sorted(db.session.scalars(text("SELECT code FROM orders WHERE counted")))


def test_a_status_that_is_left_out_leaves_every_figure(app: Flask, db: SQLAlchemy, loaded: Shop) -> None:
    assert counted(db) == ["done", "new"]
    outcome = excluded(db, loaded, "-1", "-4")
    assert outcome.words.replace("\u00a0", " ") == "1 order counts otherwise now, in 1 status -1."
    assert counted(db) == ["done"]
    assert broken_invariants(db) == []
    spent = db.session.execute(
        text("SELECT orders_count, total_spent FROM customer_metrics ORDER BY 1 DESC LIMIT 1")
    ).one()
    assert tuple(spent) == (1, Decimal("121.00"))
    sold = db.session.execute(text("SELECT sku, orders FROM daily_product_sales ORDER BY sku")).all()
    assert [tuple(row) for row in sold] == [("SKU-1", 1)]


def test_one_that_never_counted_brings_its_goods_along(app: Flask, db: SQLAlchemy, loaded: Shop) -> None:
    excluded(db, loaded)
    assert counted(db) == ["cancelled", "done", "new"]
    assert broken_invariants(db) == []
    assert db.session.scalar(text("SELECT name FROM products WHERE sku = 'SKU-9'")) == "Thing SKU-9"


def test_there_and_back_is_what_it_was(app: Flask, db: SQLAlchemy, loaded: Shop) -> None:
    before = contents(db)
    excluded(db, loaded, "-1", "-3", "-4")
    assert counted(db) == []
    restore_default(EXCLUDED_STATUSES, loaded)
    db.session.commit()
    chores.bring_statuses_up(loaded)
    assert contents(db) == before
    assert broken_invariants(db) == []


def test_a_second_time_changes_nothing(app: Flask, db: SQLAlchemy, loaded: Shop) -> None:
    excluded(db, loaded, "-1", "-4")
    before = contents(db)
    assert chores.bring_statuses_up(loaded).words == "Every status counts as it is set."
    assert contents(db) == before


def test_another_shops_orders_stay(app: Flask, db: SQLAlchemy, loaded: Shop) -> None:
    other = Shop(slug="brno", name="Brno", platform="shoptet", currency="CZK", timezone="Europe/Prague")
    db.session.add(other)
    db.session.commit()
    load(app, other, FILE)
    excluded(db, loaded, "-1", "-3", "-4")
    db.session.rollback()
    theirs = text("SELECT count(*) FROM orders WHERE shop_id = :shop AND counted")
    assert db.session.scalar(theirs, {"shop": other.id}) == 2
    assert broken_invariants(db) == []


def test_orders_that_arrive_later_follow_it_too(app: Flask, db: SQLAlchemy, loaded: Shop) -> None:
    """A status that was never seen counts as the setting has it, from its first order on."""
    excluded(db, loaded, "-4", "-1")
    more = [an_order_line("own", status=55, changed=1), an_order_line("late", status=-1, changed=1)]
    load(app, loaded, packed(*more), mode="partial")
    assert counted(db) == ["done", "own"]
    assert broken_invariants(db) == []


def test_while_a_snapshot_of_orders_is_at_work_it_waits(app: Flask, db: SQLAlchemy, loaded: Shop) -> None:
    from shop.db import raw_connection

    change(EXCLUDED_STATUSES, ("-1",), loaded)
    db.session.commit()
    with raw_connection(autocommit=True) as connection:
        lease = take(connection, f"snapshot:{loaded.id}:orders")
        with pytest.raises(chores.Later):
            chores.bring_statuses_up(loaded)
        lease.release(connection)
    chores.bring_statuses_up(loaded)
    assert broken_invariants(db) == []
    assert counted(db) == ["cancelled", "done"]


def test_what_the_overview_remembers_is_asked_anew(
    app: Flask, db: SQLAlchemy, client: FlaskClient, loaded: Shop
) -> None:
    signed_in(client, an_owner())
    days = "/overview.json?shop=dilna&from=2026-03-01&to=2026-03-01"

    def told() -> Any:
        found = client.get(days).get_json()
        return found["orders"], found["customers"], found["total_sales"]

    assert told() == (2, 1, "484.00")
    excluded(db, loaded, "-1", "-4", "-3")
    assert told()[:2] == (0, 0)
