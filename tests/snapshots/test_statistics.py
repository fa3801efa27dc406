"""What PostgreSQL believes of its tables, right after a run."""

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.shops.models import Shop
from shop.snapshots.statistics import FEW
from tests.snapshots.files import an_order_line, load, packed


def believed(db: SQLAlchemy, table: str) -> int:
    db.session.rollback()
    return int(
        db.session.execute(
            text("SELECT reltuples FROM pg_class WHERE oid = CAST(:name AS regclass)"), {"name": table}
        ).scalar_one()
    )


def test_pages_are_planned_for_what_a_first_load_has_stored(app: Flask, shop: Shop, db: SQLAlchemy) -> None:
    orders = FEW + 100
    load(app, shop, packed(*(an_order_line(str(number)) for number in range(orders))))
    for table in ("orders", "order_items", "customers", "customer_metrics"):
        assert believed(db, table) == orders, table
    load(app, shop, packed(*(an_order_line(str(number)) for number in range(orders, orders + 50))), mode="partial")
    assert believed(db, "orders") == orders, "fifty more are no reason to look again"


def test_a_file_of_few_records_costs_no_look(app: Flask, shop: Shop, db: SQLAlchemy) -> None:
    before = believed(db, "orders")
    load(app, shop, packed(an_order_line("1"), an_order_line("2")))
    assert believed(db, "orders") == before
