"""Every offered order and filter is answered by an index, as the database itself explains."""

import json
import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, text

from bench.seeding import fill
from shop.config import Config
from shop.db import db
from tests.builders import an_owner, signed_in

ROWS = int(os.environ.get("PLANS_ORDERS", "20000"))
LARGE = {"orders", "customers", "customer_metrics", "product_variants", "product_metrics", "products"}
MOST_OF_IT = 0.2  # of a table: whoever wants as much is served best by reading it from end to end
ORDERS = [
    "", "sort=placed", "sort=-total", "sort=total", "before=end", "at=2023-05-05", "status=Cancelled", "category=open",
    "counted=no", "status=New&category=new", "placed=2023-01-01..2023-01-07", "placed=2023-01-01..2023-01-02&sort=total",
    "total=gte:2900", "total=gte:2990&sort=-total", "q=buyer17@example.com", "q=first1+last17", "q=o123", "sku=s5", "email=buyer3@example.com",
    "item_type=gift", "country=IS", "currency=USD", "paid=unknown", "customer=17", "q=last17&status=Delivered&total=gte:100",
]  # fmt: skip
CUSTOMERS = [
    "", "sort=total_spent", "sort=-orders_count", "sort=-last_order", "sort=last_order&before=end", "sort=-created",
    "sort=created&at=2023-05-05", "q=buyer77", "email=buyer3@example.com", "orders_count=gte:60", "total_spent=gte:90000",
    "last_order=2022-01-01..2022-01-02", "first_order=2023-01-01..2023-01-02", "created=2022-05-01..2022-05-02",
]  # fmt: skip
PRODUCTS = [
    "",
    "sort=units",
    "sort=name",
    "sort=-sku",
    "before=end",
    "q=brand+7",
    "sku=s5",
    "sales=gte:200000",
    "units=gte:500",
]
CASES = [
    f"/{name}/?{query}"
    for name, queries in (("orders", ORDERS), ("customers", CUSTOMERS), ("products", PRODUCTS))
    for query in queries
]


@pytest.fixture(scope="module")
def filled(app: Flask, config: Config) -> Iterator[Any]:
    """Three shops of 20,000 orders between them, and a client who may see them."""
    with psycopg.connect(config.database_url) as connection:
        from tests.servers import EMPTY_EVERYTHING

        connection.execute(EMPTY_EVERYTHING)
        connection.commit()
        fill(connection, ROWS)
    with app.app_context():
        yield signed_in(app.test_client(), an_owner())


def plans_of(app: Flask, client: Any, address: str) -> list[dict[str, Any]]:
    """The plan of each statement that a page sends, made again with the settings it was sent under."""
    seen: list[dict[str, Any]] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if any(f" {table}" in statement for table in LARGE) and "EXPLAIN" not in statement:
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
                found = cursor.fetchone()[0]
                seen.append((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", explain)
        try:
            assert client.get(address).status_code == 200
        finally:
            event.remove(db.engine, "before_cursor_execute", explain)
    return seen


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


@pytest.mark.parametrize("address", CASES)
def test_no_page_reads_a_large_table_for_a_few_of_its_rows(app: Flask, filled: Any, address: str) -> None:
    plans = plans_of(app, filled, address)
    sizes = dict(db.session.execute(text("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r'")).all())
    assert plans
    for plan in plans:
        for node in nodes(plan):
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE:
                share = node["Plan Rows"] / sizes[node["Relation Name"]]
                assert share > MOST_OF_IT, f"{address} reads all for {share:.1%}:\n{json.dumps(plan, indent=1)}"


@pytest.mark.parametrize("address", ["/orders/?", "/orders/?sort=total", "/orders/?status=Cancelled", "/customers/?", "/customers/?sort=-last_order", "/customers/?sort=created", "/products/?", "/products/?sort=units", "/products/?sort=-sku", "/products/?sort=name"])  # fmt: skip
def test_a_walk_starts_in_its_index_and_sorts_only_what_it_shows(app: Flask, filled: Any, address: str) -> None:
    walks = [
        plan for plan in plans_of(app, filled, address) if any(node["Node Type"] == "Limit" for node in nodes(plan))
    ]
    walked = [plan for plan in walks if not any(node["Node Type"] == "Aggregate" for node in nodes(plan))]
    assert walked
    for plan in walked:
        for node in nodes(plan):
            if node["Node Type"] == "Sort":
                assert node["Plan Rows"] <= 51 * 3 * 5, (
                    f"{address} sorts {node['Plan Rows']} rows:\n{json.dumps(plan, indent=1)}"
                )
