"""What PostgreSQL believes of its tables, right after a run."""

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.db import MANY, joined_as_sets, raw_connection
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


@pytest.mark.usefixtures("db")
def test_many_rows_are_joined_as_a_set_and_few_by_the_index() -> None:
    """The planner takes what the same transaction has written for nothing, so that it may not choose for many."""
    with raw_connection() as connection:

        def loops() -> str:
            found = connection.execute("SHOW enable_nestloop").fetchone()
            return str(found[0]) if found else ""

        for rows, inside in ((MANY, "on"), (MANY + 1, "off")):
            with joined_as_sets(connection, rows):
                assert loops() == inside
            assert loops() == "on"
