"""Orders and customers as lists find them: with their search words, their statuses and their folds."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text

from shop.customers.models import Customer
from shop.db import db
from shop.orders.models import Order, OrderStatus
from shop.search import fold, marks, vector, words
from shop.shops.models import Shop
from tests.builders import a_customer, an_order

STATUSES = (
    ("n", "New", "new", True),
    ("s", "Odesláno", "open", True),
    ("d", "Delivered", "done", True),
    ("c", "Cancelled", "cancelled", False),
)
MORNING = datetime(2026, 3, 2, 8, tzinfo=UTC)
codes = itertools.count(1)

FOLDS = """
DELETE FROM daily_sales; DELETE FROM customer_metrics;
INSERT INTO daily_sales (shop_id, day, status_code, orders, items, units, total_sales, gross_sales, discounts, shipping, fees, tax, rounding)
SELECT shop_id, local_day, status_code, count(*), sum(items), sum(units), sum(total_shop), sum(gross_sales), 0, 0, 0, sum(tax), 0
FROM orders WHERE deleted_at IS NULL GROUP BY 1, 2, 3;
INSERT INTO customer_metrics (shop_id, customer_id, orders_count, total_spent, first_order_at, last_order_at, first_order_day, last_order_day)
SELECT c.shop_id, c.id, count(o.id), coalesce(sum(o.total_shop), 0), min(o.placed_at), max(o.placed_at), min(o.local_day), max(o.local_day)
FROM customers c LEFT JOIN orders o ON o.shop_id = c.shop_id AND o.customer_id = c.id AND o.counted GROUP BY 1, 2
"""


def know_statuses(*shops: Shop) -> None:
    for shop in shops:
        for code, name, category, counted in STATUSES:
            db.session.add(OrderStatus(shop_id=shop.id, code=code, name=name, category=category, counted=counted))
    db.session.commit()


def ordered(
    shop: Shop,
    placed: datetime = MORNING,
    total: str = "100.00",
    *,
    status: str = "d",
    skus: Sequence[str] = (),
    types: Sequence[str] = ("product",),
    customer: Customer | None = None,
    **values: Any,
) -> Order:
    """One order with the search words that the loader would have written."""
    given: dict[str, Any] = {
        "code": f"A{next(codes):04}", "email": customer.email if customer else None, "name": None, "country": "CZ", "paid": True,
        "currency": shop.currency,
    } | values  # fmt: skip
    lexemes = {fold(given["code"]), *(f"#{fold(sku)}" for sku in skus), *(f"%{kind}" for kind in types)}
    lexemes |= {given["email"] or "", *words(given["name"] or "")} | marks(
        given["country"], given["currency"], given["paid"]
    )
    counted = next(counted for code, _, _, counted in STATUSES if code == status) and not given.get("deleted_at")
    return an_order(
        shop, status_code=status, counted=counted, placed_at=placed, items_at=placed, local_day=placed.astimezone(shop.zone).date(),
        total=Decimal(total), total_shop=Decimal(total), customer_id=customer.id if customer else None, search=vector(lexemes), **given,
    )  # fmt: skip


def buyer(shop: Shop, email: str, name: str = "Jana Testová", **values: Any) -> Customer:
    phone = values.get("phone", "")
    found = {email, *words(name), "".join(letter for letter in phone if letter.isdigit())}
    return a_customer(shop, email, name=name, search=vector(found), **values)


def fold_all() -> None:
    """Make the folds of what stands in the tables now."""
    for statement in FOLDS.split(";"):
        db.session.execute(text(statement))
    db.session.commit()


def asked(client: FlaskClient, address: str) -> dict[str, Any]:
    """The JSON of one page."""
    response = client.get(address)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.get_json()
    return answer


def pages(client: FlaskClient, address: str, way: str = "next") -> Iterator[dict[str, Any]]:
    """Every page from an address on, following its own links."""
    while address:
        answer = asked(client, address)
        yield answer
        address = (answer[way] or "").removeprefix("http://localhost")


def refusal(client: FlaskClient, address: str) -> str:
    """The sentence with which an address is refused."""
    response = client.get(address)
    assert response.status_code == 400, response.text
    sentence: str = response.get_json()["error"]
    return sentence
