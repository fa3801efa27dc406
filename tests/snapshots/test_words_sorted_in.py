"""After a run, searches read an index and no list of what was written last."""

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.db import raw_connection
from shop.platforms.records import Kind
from shop.snapshots.statistics import sort_in
from tests.builders import a_shop
from tests.snapshots.files import a_customer_line, a_product_line, an_order_line, load, packed

INDEXES = ("ix_orders_words", "ix_customers_search", "ix_products_search")


def waiting(db: SQLAlchemy) -> dict[str, int]:
    """Return the pages of each index's list, as PostgreSQL counts them while it puts them in."""
    return {
        name: db.session.execute(text("SELECT gin_clean_pending_list(to_regclass(:name))"), {"name": name}).scalar_one()
        for name in INDEXES
    }


def test_words_of_a_run_stand_in_their_indexes_when_it_is_done(app: Flask, db: SQLAlchemy) -> None:
    shop = a_shop("praha")
    load(app, shop, packed(an_order_line("1001"), an_order_line("1002")))
    load(app, shop, packed(a_customer_line("c1", "jana@posta.example")), Kind.CUSTOMERS)
    load(app, shop, packed(a_product_line("p1", "SKU-1")), Kind.PRODUCTS)
    assert waiting(db) == dict.fromkeys(INDEXES, 0)


def test_what_others_wrote_since_is_put_in_as_well(app: Flask, db: SQLAlchemy) -> None:
    shop = a_shop("praha")
    load(app, shop, packed(an_order_line("1001")))
    db.session.execute(text("UPDATE orders SET search = array_to_tsvector(ARRAY['somebody'])"))
    db.session.commit()
    with raw_connection(autocommit=True) as connection:
        sort_in(connection, Kind.ORDERS)
    assert waiting(db)["ix_orders_words"] == 0
