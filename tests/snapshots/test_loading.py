"""One file through the whole pipeline: what is stored, what the books say, what a second load does."""

from decimal import Decimal

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from shop.analytics.models import DailyProductSales, DailySales, ProductMetrics
from shop.customers.models import Customer, CustomerMetrics
from shop.errors import Conflict
from shop.orders.models import Order, OrderItem, OrderRevision
from shop.platforms.records import Kind
from shop.products.models import Product, ProductVariant
from shop.shops.models import Shop
from shop.snapshots import runs
from shop.snapshots.rawstore import StoredFile
from shop.snapshots.reading import DamagedFile
from tests.snapshots.files import a_line, a_product_line, an_order_line, books, load, packed
from tests.snapshots.invariants import broken_invariants


def orders(db: SQLAlchemy) -> dict[str, Order]:
    return {order.code: order for order in db.session.scalars(select(Order))}


def test_orders_become_rows_lines_folds_and_customers(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    lines = [
        a_line("SKU-1", "242.00", 2.0),
        a_line(None, "69.00", item_type="shipping"),
        a_line(None, "-21.00", item_type="discount-coupon"),
    ]
    snapshot = load(app, shop, packed(an_order_line("1", lines=lines), an_order_line("2", status=-4)))
    assert snapshot.state == "done"
    assert books(snapshot) == {"lines": 2, "inserted": 2}
    first = orders(db)["1"]
    assert (first.total, first.gross_sales, first.discounts, first.shipping) == tuple(
        map(Decimal, ("290.00", "200.00", "17.36", "57.02"))
    )
    assert (
        first.gross_sales - first.discounts + first.shipping + first.fees + first.tax + first.rounding
        == first.total_shop
    )
    assert (first.items, first.units, first.counted, orders(db)["2"].counted) == (3, 2, True, False)
    items = db.session.scalars(select(OrderItem).where(OrderItem.order_id == first.id).order_by(OrderItem.line)).all()
    assert [(item.kind, item.sku, item.created_at) for item in items] == [
        ("goods", "SKU-1", first.items_at), ("shipping", None, first.items_at), ("discount", None, first.items_at),
    ]  # fmt: skip
    sold = db.session.scalars(select(DailyProductSales)).one()
    assert (sold.day.isoformat(), sold.sku, sold.units, sold.sales) == ("2026-03-01", "SKU-1", 2, Decimal("200.00"))
    assert {row.status_code: row.total_sales for row in db.session.scalars(select(DailySales))} == {
        "-3": Decimal("290.00"),
        "-4": Decimal("121.00"),
    }
    assert db.session.scalars(select(CustomerMetrics.total_spent).order_by(CustomerMetrics.total_spent)).all() == [
        0,
        Decimal("290.00"),
    ]
    assert broken_invariants(db) == []


def test_a_second_load_changes_nothing_and_says_so(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    content = packed(*(an_order_line(str(number)) for number in range(30)))
    load(app, shop, content)
    before = db.session.execute(text("SELECT md5(string_agg(o::text, '' ORDER BY id)) FROM orders o")).scalar_one()
    again = load(app, shop, content)
    assert books(again) == {"lines": 30, "unchanged": 30}
    assert (
        db.session.execute(text("SELECT md5(string_agg(o::text, '' ORDER BY id)) FROM orders o")).scalar_one() == before
    )
    assert broken_invariants(db) == []


def test_a_newer_version_replaces_the_order_and_is_written_down(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    load(app, shop, packed(an_order_line("1", status=-1), an_order_line("2")))
    changed = an_order_line("1", status=-3, changed=5, lines=[a_line("SKU-2", "484.00", 4.0)])
    snapshot = load(app, shop, packed(changed, an_order_line("2")))
    assert books(snapshot) == {"lines": 2, "updated": 1, "unchanged": 1}
    order = orders(db)["1"]
    revised = {
        row.field: (row.before, row.after)
        for row in db.session.scalars(select(OrderRevision).where(OrderRevision.order_id == order.id))
    }
    assert revised["status"] == ("-1", "-3")
    assert revised["total"] == ("121.00", "484.00")
    assert "name" not in revised
    assert {row.sku: row.units for row in db.session.scalars(select(ProductMetrics))} == {"SKU-1": 1, "SKU-2": 4}
    assert broken_invariants(db) == []


def test_f22_an_older_version_never_wins(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F22."""
    load(app, shop, packed(an_order_line("1", status=-3, changed=9), an_order_line("2", changed=9)))
    late = load(app, shop, packed(an_order_line("1", status=-1, changed=2)))
    assert books(late) == {"lines": 1, "superseded": 1}
    assert orders(db)["1"].status_code == "-3"
    assert orders(db)["2"].deleted_at is None
    assert broken_invariants(db) == []


def test_f18_the_newest_of_several_lines_in_one_file_wins(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F18."""
    content = packed(
        an_order_line("1", status=-3, changed=5),
        an_order_line("1", status=-1, changed=1),
        an_order_line("1", status=70, changed=5),
    )
    assert books(load(app, shop, content)) == {"lines": 3, "inserted": 1, "superseded": 2}
    assert orders(db)["1"].status_code == "70"
    assert books(load(app, shop, content)) == {"lines": 3, "unchanged": 1, "superseded": 2}
    assert broken_invariants(db) == []


def test_f17_an_order_whose_date_is_corrected_leaves_one_copy(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F17."""
    load(app, shop, packed(an_order_line("1")))
    load(app, shop, packed(an_order_line("1", changed=3, creationTime="2025-11-20T10:00:00+0100")))
    order = orders(db)["1"]
    assert order.placed_at.isoformat() == "2025-11-20T09:00:00+00:00"
    items = db.session.scalars(select(OrderItem)).all()
    assert [(item.order_id, item.created_at) for item in items] == [(order.id, order.items_at)]
    assert order.items_at.isoformat() == "2026-03-01T09:00:00+00:00"
    assert db.session.scalars(select(DailySales.day)).one().isoformat() == "2025-11-20"
    assert broken_invariants(db) == []


def test_f24_an_order_gone_from_a_complete_file_is_marked_and_comes_back(
    app: Flask, db: SQLAlchemy, shop: Shop
) -> None:
    """F24."""
    both = packed(an_order_line("1"), an_order_line("2"))
    load(app, shop, both)
    without = load(app, shop, packed(an_order_line("1")))
    assert books(without) == {"lines": 1, "unchanged": 1, "deleted": 1}
    assert orders(db)["2"].deleted_at is not None
    assert broken_invariants(db) == []
    back = load(app, shop, both)
    assert books(back) == {"lines": 2, "unchanged": 1, "updated": 1}
    assert orders(db)["2"].deleted_at is None
    assert broken_invariants(db) == []


def test_a_partial_file_deletes_nothing(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    load(app, shop, packed(*(an_order_line(str(number)) for number in range(5))))
    assert books(load(app, shop, packed(an_order_line("1")), mode="partial")) == {"lines": 1, "unchanged": 1}


def test_foreign_currency_is_turned_at_the_orders_own_rate(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    euro = an_order_line("1", lines=[a_line("SKU-1", "50.00")])
    euro["price"] |= {"currencyCode": "EUR", "exchangeRate": "0.03980000"}
    load(app, shop, packed(euro))
    order = orders(db)["1"]
    assert (order.total, order.currency, order.total_shop) == (Decimal("50.00"), "EUR", Decimal("1256.28"))
    assert broken_invariants(db) == []


def test_parts_of_sets_cost_nothing_and_are_not_counted_twice(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    order = an_order_line("1", lines=[a_line("SET-1", "1780.00", 2.0, item_type="product-set", itemId=77)])
    order["completion"] = [
        {"itemType": "product-set", "code": "SET-1", "name": "Set", "amount": 2.0, "amountUnit": "ks", "itemId": 77},
        {
            "itemType": "product-set-item",
            "code": "A",
            "name": "Part",
            "amount": 4.0,
            "amountUnit": "ks",
            "itemId": 9,
            "parentProductSetItemId": 77,
        },
    ]
    load(app, shop, packed(order))
    assert orders(db)["1"].units == 2
    items = db.session.scalars(select(OrderItem).order_by(OrderItem.line)).all()
    assert [(item.kind, item.parent_line, item.total) for item in items] == [
        ("goods", None, Decimal("1780.00")),
        ("part", 1, 0),
    ]
    assert {row.sku for row in db.session.scalars(select(ProductMetrics))} == {"SET-1"}


def test_f20_what_is_sold_but_not_in_the_catalogue_has_a_product_until_the_catalogue_comes(
    app: Flask, db: SQLAlchemy, shop: Shop
) -> None:
    """F20."""
    load(app, shop, packed(an_order_line("1", lines=[a_line("RED"), a_line("BLUE")])))
    assert {product.sku: product.guid for product in db.session.scalars(select(Product))} == {"RED": None, "BLUE": None}
    load(app, shop, packed(a_product_line("p-1", "RED", "BLUE", "GREEN")), Kind.PRODUCTS)
    product = db.session.scalars(select(Product)).one()
    assert product.guid == "p-1"
    assert {
        variant.sku for variant in db.session.scalars(select(ProductVariant)) if variant.product_id == product.id
    } == {"RED", "BLUE", "GREEN"}


def test_goods_without_a_code_are_counted_once_an_order(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    lines = [
        a_line(None, "69.00", item_type="shipping"),
        a_line(None, "12.10", item_type="generic-item"),
        a_line(None, "12.10", item_type="generic-item"),
    ]
    load(app, shop, packed(an_order_line("1", lines=lines)))
    sold = db.session.scalars(select(DailyProductSales)).one()
    assert (sold.sku, sold.orders, sold.units, sold.sales) == ("", 1, 2, Decimal("20.00"))
    assert broken_invariants(db) == []


def test_two_runs_of_one_shop_and_kind_cannot_be_live(db: SQLAlchemy, shop: Shop) -> None:
    file = StoredFile("raw/x", "x", 1, "0")
    live = runs.request_run(shop.id, "orders", "full", "test", file)
    with pytest.raises(Conflict, match=f"snapshot {live.id}"):
        runs.request_run(shop.id, "orders", "full", "test", file)
    assert runs.request_run(shop.id, "customers", "full", "test", file).id != live.id


def test_one_shop_never_touches_another(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    other = Shop(slug="other", name="Other", platform="shoptet", currency="CZK", timezone="Europe/Prague")
    db.session.add(other)
    db.session.commit()
    load(app, shop, packed(an_order_line("1")))
    load(app, other, packed(an_order_line("1", status=-1)))
    found = db.session.execute(select(Order.shop_id, Order.status_code, Order.customer_id)).all()
    assert {(row.shop_id, row.status_code) for row in found} == {(shop.id, "-3"), (other.id, "-1")}
    assert len({row.customer_id for row in found}) == 2
    assert len(db.session.scalars(select(Customer)).all()) == 2


def test_staging_leaves_nothing_behind(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    load(app, shop, packed(an_order_line("1")))
    with pytest.raises(DamagedFile):
        load(app, shop, b"<html>")
    assert db.session.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'")).scalar_one() == 0
