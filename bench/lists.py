"""The lists at 300,000 orders: what their SQL and their pages cost, on the first page and on the deepest."""

import os
from statistics import median

import psycopg
from flask_migrate import upgrade

from bench.meter import Meter, Visit
from bench.seeding import fill
from bench.table import Row
from shop.config import Config
from shop.db import db
from shop.factory import create_app

ORDERS = int(os.environ.get("BENCH_LIST_ORDERS", "300000"))
ROUNDS = 25
SQL_LIMIT, PAGE_LIMIT, DEEPER_LIMIT = 5.0, 50.0, 1.2  # ms, ms, times
SLACK = 0.3  # ms: below this two measurements of one statement differ by themselves
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


def run(config: Config) -> list[Row]:
    """Fill three shops, then ask for each list's first and last page and for some searches."""
    app = create_app(config)
    with app.app_context():
        upgrade()
        with psycopg.connect(config.database_url) as connection:
            slugs = fill(connection, ORDERS)
        meter = Meter(app, ",".join(slugs))
        rows = [row for name, path in LISTS.items() for row in both_ends(meter, name, path)]
        rows += [page_row(f"{name}: page", cost(meter, path).page) for name, path in SEARCHES.items()]
        db.engine.dispose()
    return rows


def both_ends(meter: Meter, name: str, path: str) -> list[Row]:
    first, last = cost(meter, path), cost(meter, f"{path}&before=end")
    deeper = max(last.sql - SLACK, 0) / first.sql
    return [
        Row(f"{name}: SQL, first and last page", f"{first.sql:.1f} and {last.sql:.1f} ms", f"at most {SQL_LIMIT:.0f} ms", max(first.sql, last.sql) <= SQL_LIMIT),
        Row("… the last against the first", f"{last.sql / first.sql:.2f}x", f"within {DEEPER_LIMIT}x", deeper <= DEEPER_LIMIT),
        page_row("… page", max(first.page, last.page)),
    ]  # fmt: skip


def cost(meter: Meter, path: str) -> Visit:
    """Open a page often; return the medians."""
    visits = meter.visits(path, ROUNDS)
    return Visit(*(median(getattr(visit, name) for visit in visits) for name in ("sql", "page", "processor")))


def page_row(name: str, page: float) -> Row:
    return Row(name, f"{page:.0f} ms", f"at most {PAGE_LIMIT:.0f} ms", page <= PAGE_LIMIT)
