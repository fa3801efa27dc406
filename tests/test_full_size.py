"""The benchmark of the full size, at a thousandth of it: its figures agree, and every measurement can be taken."""

from collections.abc import Iterator
from datetime import date

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from bench.meter import Meter
from bench.scale import cases, day, lines, pages
from bench.scale.filling import Filled, fill, is_filled
from bench.scale.shops import LINES, ORDERS, days_of, fraction_of, shops_of
from shop.analytics.invariants import differences
from shop.config import Config
from shop.db import db
from shop.orders.lists import ORDERS as ORDER_LIST
from tests.servers import EMPTY_EVERYTHING

pytestmark = pytest.mark.scale
END = date(2026, 3, 31)
SCALE = 0.001
FEW = 2


@pytest.fixture(scope="module")
def filled(app: Flask, config: Config) -> Iterator[Filled]:
    with psycopg.connect(config.database_url, autocommit=True) as connection:
        connection.execute(EMPTY_EVERYTHING)
    with app.app_context():
        yield fill(config.database_url, SCALE, END)
        db.session.remove()


@pytest.fixture(scope="module")
def meter(app: Flask, filled: Filled) -> Meter:
    return Meter(app, "", warm=0)


def test_the_sizes_are_those_of_the_reference_installation() -> None:
    assert [fraction_of(scale) for scale in (0.5, 1)] == [0.5, 1]
    assert fraction_of(50) * LINES == pytest.approx(50_000_000)
    shops = shops_of(1)
    assert sum(shop.orders for shop in shops) == ORDERS
    pieces = days_of(shops[0], END, 40_000)
    assert sum(sum(piece.counts) for piece in pieces) == shops[0].orders
    assert len({day for piece in pieces for day in piece.days}) == sum(len(piece.days) for piece in pieces)


def test_every_figure_agrees_with_its_orders_and_every_order_with_its_lines(filled: Filled) -> None:
    for (shop_id,) in db.session.execute(text("SELECT id FROM shops")).all():
        assert list(differences(shop_id)) == []
    added = db.session.execute(
        text("""
        SELECT count(*) FILTER (WHERE o.total <> CASE WHEN o.status_code = '-4' THEN 0 ELSE i.total END OR o.items <> i.lines
                                   OR o.gross_sales - o.discounts + o.shipping + o.fees + o.tax + o.rounding <> o.total_shop),
               count(*), sum(i.lines)
        FROM orders o JOIN (SELECT shop_id, order_id, created_at, sum(total) AS total, count(*) AS lines FROM order_items GROUP BY 1, 2, 3) i
             ON i.shop_id = o.shop_id AND i.order_id = o.id AND i.created_at = o.items_at""")
    ).one()
    assert added == (0, filled.orders, filled.lines)
    products = db.session.execute(
        text("""
        SELECT count(*) FROM (SELECT shop_id, sku, sum(orders) AS orders, sum(units) AS units, sum(sales) AS sales
                              FROM daily_product_sales GROUP BY 1, 2) d
        FULL JOIN product_metrics m USING (shop_id, sku)
        WHERE (d.orders, d.units, d.sales) IS DISTINCT FROM (m.orders, m.units, m.sales)""")
    ).scalar()
    assert products == 0


def test_the_same_seed_gives_the_same_rows(app: Flask, config: Config, filled: Filled) -> None:
    hashed = (
        "SELECT sum(hashtextextended(o::text, 0)) FROM (SELECT id, code, total, placed_at, search FROM orders) AS o"
    )
    first = db.session.execute(text(hashed)).scalar()
    db.session.remove()
    with psycopg.connect(config.database_url, autocommit=True) as connection:
        connection.execute(EMPTY_EVERYTHING)
    fill(config.database_url, SCALE, END)
    assert db.session.execute(text(hashed)).scalar() == first


def test_a_kept_folder_is_measured_only_when_it_was_filled_to_the_end(config: Config, filled: Filled) -> None:
    assert filled.orders
    assert is_filled(config.database_url)
    with psycopg.connect(config.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE scale_people ()")  # which only the end of the filling drops
        try:
            with pytest.raises(RuntimeError, match="broke off"):
                is_filled(config.database_url)
        finally:
            connection.execute("DROP TABLE scale_people")


def test_every_measurement_can_be_taken(config: Config, meter: Meter, environment: dict[str, str]) -> None:
    largest = shops_of(SCALE)[0]
    with psycopg.connect(config.database_url, autocommit=True) as connection:
        found = cases.samples(connection, largest.slug, FEW)
        examples = {name: values[-1:] for name, values in cases.examples(found[0]).items()}
        assert examples.keys() == {known.name for known in ORDER_LIST.filters}
        rows = pages.deepest(meter, FEW)
        rows += pages.lists(meter, examples, FEW, sorts=("-placed",))
        rows += pages.others(meter, found, FEW)
        rows += lines.quarter_totals(connection, END)
        changes = day.written(connection, largest, END, config.data_dir)
    loaded = day.imported(environment, largest, changes, END)
    assert len(rows) > 25
    assert loaded[0].holds, loaded


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Flask-Admin's own
def test_the_peers_list_the_same_orders(config: Config, meter: Meter) -> None:
    pytest.importorskip("flask_admin", reason="Flask-Admin comes with the extra “bench”, which is not installed")
    from bench.scale import peers

    with psycopg.connect(config.database_url, autocommit=True) as connection:
        rows = peers.peers(
            meter, peers.peer_client(config.database_url), connection, pages.cursor_of_the_end(meter), FEW
        )
    assert "Flask-Admin" in rows[0].name
