"""Pages of single records, the overview and the lists of operators find their rows by index in full tables."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from bench.seeding import fill
from shop.config import Config
from shop.db import db
from tests.builders import an_owner, signed_in
from tests.explaining import LARGE, explained
from tests.quarters_made import quarters_of_the_bench
from tests.servers import EMPTY_EVERYTHING

ROWS = 20_000
KEPT = LARGE | {"audit_entries", "failed_snapshots", "snapshots"}
MORE = """
INSERT INTO order_items (shop_id, order_id, line, created_at, item_type, kind, sku, name, quantity, total, total_without_vat)
SELECT shop_id, id, line, items_at, 'product', 'goods', 's' || id % 900, 'Thing', 1, 121, 100 FROM orders, generate_series(1, 2) AS line;
INSERT INTO customer_accounts (shop_id, guid, customer_id) SELECT shop_id, 'c' || id, id FROM customers WHERE registered;
INSERT INTO audit_entries (actor, action, subject, details) SELECT 'ota', 'order_viewed', 'order ' || i, '{}' FROM generate_series(1, 5000) AS i;
INSERT INTO snapshots (shop_id, kind, mode, state, requested_by, requested_at)
SELECT (SELECT min(id) FROM shops), 'orders', 'partial', 'failed', 'test', now() FROM generate_series(1, 5000);
INSERT INTO failed_snapshots (shop_id, kind, snapshot_id, error, error_code, fingerprint, permanent, failed_at, resolved_at)
SELECT shop_id, kind, id, 'Away', 'unreachable', 'f' || id % 7, false, now(), CASE WHEN id % 20 > 0 THEN now() END FROM snapshots;
"""
PAGES = (
    "/", "/orders/{slug}/{order}", "/customers/{slug}/{customer}", "/products/{slug}/{product}",
    "/orders/?email=buyer3@example.com", "/customers/?email=buyer3@example.com", "/customers/?q=buyer3@example.com", "/products/?sku=s5",
    "/audit/", "/recovery/", "/recovery/?cause=f3&state=resolved", "/snapshots/",
)  # fmt: skip


@pytest.fixture(scope="module")
def filled(app: Flask, config: Config) -> Iterator[tuple[Any, dict[str, object]]]:
    """A client who may see everything, and the names of one record of each kind."""
    with quarters_of_the_bench(app):
        with psycopg.connect(config.database_url) as connection:
            connection.execute(EMPTY_EVERYTHING)
            connection.commit()
            fill(connection, ROWS)
            connection.execute(MORE)
            connection.commit()
            connection.autocommit = True
            connection.execute("ANALYZE")
        with app.app_context():
            one = db.session.execute(
                text("""
                SELECT s.slug, o.id AS "order", o.customer_id AS customer, (SELECT id FROM products p WHERE p.shop_id = s.id LIMIT 1) AS product
                FROM orders o JOIN shops s ON s.id = o.shop_id WHERE o.customer_id IS NOT NULL AND o.counted AND o.items_at < '2025-01-01'
                ORDER BY o.placed_at DESC LIMIT 1""")
            ).one()
            yield signed_in(app.test_client(), an_owner()), dict(one._mapping)


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_read_from_end_to_end(filled: tuple[Any, dict[str, object]], page: str) -> None:
    client, names = filled
    with explained(KEPT) as seen:
        assert client.get(page.format(**names)).status_code == 200
    assert seen or page == "/"
    assert [f"{found} by {each}" for each in seen if (found := each.read_through(KEPT))] == []


def test_m16_the_lines_of_an_order_are_looked_for_in_its_quarter(filled: tuple[Any, dict[str, object]]) -> None:
    client, names = filled
    with explained({"order_items"}) as seen:
        assert client.get("/orders/{slug}/{order}".format(**names)).status_code == 200
    tables = {node["Relation Name"] for each in seen for node in each.nodes() if "Relation Name" in node}
    assert len(tables) == 1, "one table, whether it is the whole or a quarter of it"
