"""A made-up shop goes through the whole pipeline, and the database says what its maker expected."""

from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.platforms.records import Kind
from shop.shops.models import Shop
from shop.simulator.generator import GeneratedShop, generate
from shop.simulator.profiles import PROFILES
from tests.builders import a_shop
from tests.snapshots.files import books, load
from tests.snapshots.invariants import broken_invariants


def check(db: SQLAlchemy, made_up: GeneratedShop) -> None:
    expected = made_up.expected
    orders = "SELECT count(*), count(*) FILTER (WHERE counted), coalesce(sum(total_shop) FILTER (WHERE counted), 0) FROM orders"
    assert tuple(db.session.execute(text(orders)).one()) == (
        expected.orders, expected.counted_orders, expected.counted_total,
    )  # fmt: skip
    assert db.session.scalar(text("SELECT count(*) FROM order_items")) == expected.lines
    by_currency = "SELECT currency, sum(total) FROM orders WHERE counted GROUP BY currency"
    assert {row.currency: row.sum for row in db.session.execute(text(by_currency))} == expected.totals
    assert db.session.scalar(text("SELECT sum(total_sales) FROM daily_sales")) == expected.counted_total
    assert broken_invariants(db) == []


def loaded(app: Flask, shop: Shop, made_up: GeneratedShop, folder: Path) -> None:
    paths = made_up.write(folder)
    for kind in (Kind.PRODUCTS, Kind.CUSTOMERS, Kind.ORDERS):
        assert "quarantined" not in books(load(app, shop, paths[kind], kind))


@pytest.mark.parametrize("profile", PROFILES)
def test_figures_after_a_first_load_and_after_the_next_snapshot(
    app: Flask, db: SQLAlchemy, tmp_path: Path, profile: str
) -> None:
    made_up = generate(PROFILES[profile].untidy(), 700, seed=5)
    shop = a_shop(currency=made_up.profile.currency, timezone=made_up.profile.timezone)
    db.session.add(shop)
    db.session.commit()
    loaded(app, shop, made_up, tmp_path / "first")
    check(db, made_up)
    later = made_up.changed(0.2)
    loaded(app, shop, later, tmp_path / "later")
    check(db, later)
    assert later.expected.counted_total != made_up.expected.counted_total != Decimal(0)
