"""The lists at 300,000 orders: what their SQL and their pages cost, on the first page and on the deepest."""

import contextvars
import os
import re
import time
from dataclasses import dataclass
from statistics import median

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import event

from bench.seeding import fill
from bench.table import Row
from shop.config import Config
from shop.db import db
from shop.factory import create_app
from shop.staff.models import Person
from shop.staff.permissions import Role
from shop.staff.sessions import open_session

ORDERS = int(os.environ.get("BENCH_LIST_ORDERS", "300000"))
ROUNDS = 25
SQL_LIMIT, PAGE_LIMIT, DEEPER_LIMIT = 5.0, 50.0, 1.2  # ms, ms, times
SLACK = 0.3  # ms: below this two measurements of one statement differ by themselves
OWN_TABLES = re.compile(r"\b(orders|daily_sales|customers|customer_metrics|product_variants|product_metrics)\b")
LISTS = {
    "orders, newest first": "/orders/?",
    "orders, highest total first": "/orders/?sort=-total",
    "orders of one shop": "/orders/?shop=bench-cz",
    "orders in one status": "/orders/?status=Cancelled",
    "orders of a year": "/orders/?placed=2023-01-01..2023-12-31",
    "customers, most spent first": "/customers/?",
    "customers, latest order first": "/customers/?sort=-last_order",
    "products, best sales first": "/products/?",
    "products by name": "/products/?sort=name",
}
SEARCHES = {
    "orders by e-mail": "/orders/?q=buyer17@example.com",
    "orders by name": "/orders/?q=first1+last17",
    "orders with a SKU": "/orders/?sku=s999",
    "orders over 2 900": "/orders/?total=gte:2900",
    "orders over 1 000 (more than are counted)": "/orders/?total=gte:1000",
    "customers by e-mail": "/customers/?q=buyer77@example.com",
}


@dataclass(frozen=True)
class Cost:
    """Medians in milliseconds: the statements that read the list, and the whole page on the server."""

    sql: float
    page: float


def run(config: Config) -> list[Row]:
    """Fill three shops, then ask for each list's first and last page and for some searches."""
    app = create_app(config)
    with app.app_context():
        upgrade()
        with psycopg.connect(config.database_url) as connection:
            slugs = fill(connection, ORDERS)
        meter = Meter(app, ",".join(slugs))
        rows = [row for name, path in LISTS.items() for row in meter.both_ends(name, path)]
        rows += [page_row(f"{name}: page", meter.cost(path)) for name, path in SEARCHES.items()]
        db.engine.dispose()
    return rows


class Meter:
    """A signed-in owner who opens pages and notes what they cost."""

    def __init__(self, app: Flask, shops: str) -> None:
        self.client: FlaskClient = app.test_client()
        self.shops = shops
        self.spent: list[tuple[str, float]] = []
        self.started = 0.0
        self.sign_in()
        event.listen(db.engine, "before_cursor_execute", self.before)
        event.listen(db.engine, "after_cursor_execute", self.after)

    def sign_in(self) -> None:
        owner = Person(email="bench@example.com", name="Bench", role=Role.OWNER.value)
        db.session.add(owner)
        db.session.commit()
        secret = open_session(owner, "127.0.0.1", "bench")
        db.session.commit()
        with self.client.session_transaction() as session:
            session["_user_id"] = secret

    def before(self, *_whatever: object) -> None:
        self.started = time.perf_counter()

    def after(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        self.spent.append((statement, (time.perf_counter() - self.started) * 1000))

    def both_ends(self, name: str, path: str) -> list[Row]:
        first, last = self.cost(path), self.cost(f"{path}&before=end")
        deeper = max(last.sql - SLACK, 0) / first.sql
        return [
            Row(f"{name}: SQL, first and last page", f"{first.sql:.1f} and {last.sql:.1f} ms", f"at most {SQL_LIMIT:.0f} ms", max(first.sql, last.sql) <= SQL_LIMIT),
            Row("… the last against the first", f"{last.sql / first.sql:.2f}x", f"within {DEEPER_LIMIT}x", deeper <= DEEPER_LIMIT),
            page_row("… page", Cost(0, max(first.page, last.page))),
        ]  # fmt: skip

    def cost(self, path: str) -> Cost:
        """Open a page often; return the medians."""
        shops = "" if "shop=" in path else f"&shop={self.shops}"
        visits = [self.visit(path + shops) for _ in range(ROUNDS + 3)][3:]  # the first visits fill caches
        return Cost(median(visit.sql for visit in visits), median(visit.page for visit in visits))

    def visit(self, address: str) -> Cost:
        self.spent.clear()
        started = time.perf_counter()
        response = contextvars.Context().run(self.client.get, address)
        page = (time.perf_counter() - started) * 1000
        assert response.status_code == 200, f"{address} answered {response.status}"
        return Cost(sum(spent for statement, spent in self.spent if OWN_TABLES.search(statement)), page)


def page_row(name: str, cost: Cost) -> Row:
    return Row(name, f"{cost.page:.0f} ms", f"at most {PAGE_LIMIT:.0f} ms", cost.page <= PAGE_LIMIT)
