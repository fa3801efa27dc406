"""Two years of a real shop, loaded from its files: every figure to the penny, and nothing changes the second time."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.platforms.records import Kind
from shop.shops.models import Shop
from tests.builders import an_owner, signed_in
from tests.snapshots.files import books, load
from tests.snapshots.invariants import broken_invariants

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "online-retail"


def rows(db: SQLAlchemy, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in db.session.execute(text(query))]


def test_the_retail_shop_gives_exactly_its_expected_figures(app: Flask, client: FlaskClient, db: SQLAlchemy) -> None:
    if not FOLDER.is_dir():
        pytest.skip("the retail shop's files are not beside the project")
    expected = json.loads((FOLDER / "expected.json").read_text())
    shop = Shop(
        slug="retail",
        name="Online Retail",
        platform="shoptet",
        currency=expected["currency"],
        timezone=expected["timezone"],
    )
    db.session.add(shop)
    db.session.commit()

    first = load(app, shop, FOLDER / "orders.jsonl.gz")
    assert books(first) == {"lines": expected["orders_in_file"], "inserted": expected["orders_in_file"]}
    customers = load(app, shop, FOLDER / "customers.jsonl.gz", Kind.CUSTOMERS)
    assert books(customers) == {"lines": expected["customers_in_file"], "inserted": expected["customers_in_file"]}
    products = load(app, shop, FOLDER / "products.jsonl.gz", Kind.PRODUCTS)
    assert books(products) == {"lines": expected["products_in_file"], "inserted": expected["products_in_file"]}

    assert rows(db, "SELECT count(*) FROM order_items") == [(expected["items_in_file"],)]
    assert rows(db, "SELECT count(*) FILTER (WHERE customer_id IS NULL) FROM orders") == [
        (expected["orders_without_customer"],)
    ]
    assert rows(db, "SELECT count(*) FROM customers WHERE merged_into IS NULL") == [(expected["customers_in_file"],)]
    check_sales(db, expected)
    check_customers(db, expected)
    check_products(db, expected)
    check_overview(signed_in(client, an_owner()), expected)
    assert broken_invariants(db) == []

    for kind, lines in ((Kind.ORDERS, first.lines), (Kind.CUSTOMERS, customers.lines), (Kind.PRODUCTS, products.lines)):
        assert books(load(app, shop, FOLDER / f"{kind.value}.jsonl.gz", kind)) == {"lines": lines, "unchanged": lines}


def check_sales(db: SQLAlchemy, expected: dict[str, Any]) -> None:
    counted = (
        "FROM daily_sales d JOIN order_statuses s ON s.shop_id = d.shop_id AND s.code = d.status_code AND s.counted"
    )
    assert rows(db, f"SELECT sum(orders), sum(total_sales) {counted}") == [
        (expected["counted_orders"], Decimal(expected["counted_total"]))
    ]
    assert rows(db, "SELECT sum(orders) FROM daily_sales WHERE status_code = '-4'") == [(expected["cancelled_orders"],)]
    months = rows(db, f"SELECT to_char(day, 'YYYY-MM'), sum(orders), sum(total_sales) {counted} GROUP BY 1")
    assert {month: [orders, str(total)] for month, orders, total in months} == expected["by_month"]
    days = {
        day: [orders, str(total)]
        for day, orders, total in rows(db, f"SELECT day::text, sum(orders), sum(total_sales) {counted} GROUP BY 1")
    }
    assert {day: days[day] for day in expected["sample_days"]} == expected["sample_days"]


def check_customers(db: SQLAlchemy, expected: dict[str, Any]) -> None:
    assert rows(
        db,
        """SELECT count(*) FILTER (WHERE orders_count > 0), count(*) FILTER (WHERE orders_count >= 2),
                  count(*) FILTER (WHERE total_spent > 1000), count(*) FILTER (WHERE orders_count >= 10) FROM customer_metrics""",
    ) == [
        (
            expected["customers_with_counted_order"], expected["customers_with_two_or_more"],
            expected["customers_spending_over_1000"], expected["customers_with_10_or_more"],
        )
    ]  # fmt: skip
    top = rows(
        db,
        """SELECT substr(c.name, 10), m.orders_count, m.total_spent::text FROM customer_metrics m JOIN customers c ON c.id = m.customer_id
           ORDER BY m.total_spent DESC LIMIT 20""",
    )
    assert [list(row) for row in top] == expected["top_customers_by_spent"]


def check_products(db: SQLAlchemy, expected: dict[str, Any]) -> None:
    by_units = rows(db, "SELECT sku, units::bigint::text FROM product_metrics m ORDER BY m.units DESC LIMIT 10")
    assert [list(row) for row in by_units] == expected["top_products_by_units"]
    by_sales = rows(db, "SELECT sku, sales::text FROM product_metrics m WHERE sku <> '' ORDER BY m.sales DESC LIMIT 10")
    assert [list(row) for row in by_sales] == expected["top_products_by_revenue"]


def check_overview(client: FlaskClient, expected: dict[str, Any]) -> None:
    overview = client.get("/overview.json?shop=retail").get_json()
    months = {month: [sums["orders"], sums["total_sales"]] for month, sums in overview["by_month"].items()}
    days = {day: [sums["orders"], sums["total_sales"]] for day, sums in overview["by_day"].items()}
    assert months == expected["by_month"]
    assert {day: days[day] for day in expected["sample_days"]} == expected["sample_days"]
    assert (overview["orders"], overview["total_sales"]) == (expected["counted_orders"], expected["counted_total"])
    assert overview["customers"] == overview["new_customers"] == expected["customers_with_counted_order"]
    assert client.get("/cohorts.json?shop=retail").get_json()["cohorts"] == expected["cohorts"]
