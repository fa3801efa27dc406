"""The months: whatever is done to days, they stay the sum of their days, and every span reads as if day by day."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.analytics import queries
from shop.analytics.invariants import of_months
from shop.orders.models import OrderStatus
from shop.orders.queries import folded_orders
from shop.shops.models import Shop
from shop.spans import days_alone, span
from tests.builders import a_shop, added

FIRST, DAYS = date(2023, 11, 17), 500
STATUSES = {"-1": True, "-3": True, "-4": False}
ADD = """
    INSERT INTO daily_sales (shop_id, day, status_code, orders, items, units, total_sales, gross_sales, discounts, shipping, fees, tax, rounding)
    SELECT :shop, DATE '2023-11-17' + i, code, 1 + (i * 7 + :seed) % 5, 3, 2.5, i + 0.07, i + 0.05, 0.01, 0.02, 0.03, i % 21, -0.02
    FROM generate_series(0, 499) AS i, unnest(ARRAY['-1', '-3', '-4']) AS code WHERE (i + length(code) + :seed) % 3 > 0"""
DONE_TO_DAYS = (
    "UPDATE daily_sales SET total_sales = total_sales + 5, orders = orders + 1 WHERE day < '2024-02-10'",
    "DELETE FROM daily_sales WHERE day BETWEEN '2024-05-01' AND '2024-06-03'",
    "UPDATE daily_sales SET day = day + 400 WHERE day = '2024-01-31'",
    """INSERT INTO daily_sales AS d SELECT shop_id, day, status_code, -1, 0, 0, -9, 0, 0, 0, 0, 0, 0 FROM daily_sales WHERE orders > 1
       ON CONFLICT (shop_id, day, status_code) DO UPDATE SET orders = d.orders + EXCLUDED.orders, total_sales = d.total_sales + EXCLUDED.total_sales""",
    "DELETE FROM daily_sales WHERE status_code = '-1'",
)


@pytest.fixture
def shops(db: SQLAlchemy) -> list[Shop]:
    found = [a_shop("linen"), a_shop("wool")]
    for seed, shop in enumerate(found):
        for code, counted in STATUSES.items():
            added(OrderStatus(shop_id=shop.id, code=code, name=code, category="open", counted=counted))
        db.session.execute(text(ADD), {"shop": shop.id, "seed": seed})
    db.session.commit()
    return found


def differing(shops: list[Shop]) -> list[str]:
    return [one.what for shop in shops for one in of_months(shop.id)]


def spans(rounds: int) -> Iterator[tuple[date, date]]:
    """Days at random, and those at which months begin and end."""
    dice = Random(20)
    for _ in range(rounds):
        ends = [FIRST + timedelta(days=dice.randrange(-40, DAYS + 40)) for _ in range(2)]
        first, last = sorted(
            dice.choice((day, day.replace(day=1), day.replace(day=1) - timedelta(days=1))) for day in ends
        )
        yield first, last


def test_whatever_is_done_to_days_is_done_to_months(db: SQLAlchemy, shops: list[Shop]) -> None:
    assert differing(shops) == []
    for role in ("origin", "replica"):  # a large load fires no triggers but these
        for statement in DONE_TO_DAYS:
            db.session.execute(text(f"SET LOCAL session_replication_role = {role}"))
            assert db.session.execute(text(statement)).rowcount, statement
            db.session.execute(text("SET LOCAL session_replication_role = origin"))
            db.session.commit()
            assert differing(shops) == [], statement
        db.session.execute(text("TRUNCATE daily_sales"))
        assert db.session.execute(text("SELECT count(*) FROM monthly_sales")).scalar_one() == 0
        db.session.execute(text(ADD), {"shop": shops[0].id, "seed": 3})
        db.session.execute(text(ADD), {"shop": shops[1].id, "seed": 4})
        db.session.commit()


def test_what_is_taken_back_is_taken_back_of_both(db: SQLAlchemy, shops: list[Shop]) -> None:
    before = db.session.execute(text("SELECT * FROM monthly_sales ORDER BY 1, 2, 3")).all()
    db.session.execute(text(DONE_TO_DAYS[0]))
    assert db.session.execute(text("SELECT * FROM monthly_sales ORDER BY 1, 2, 3")).all() != before
    db.session.rollback()
    assert db.session.execute(text("SELECT * FROM monthly_sales ORDER BY 1, 2, 3")).all() == before


def test_a_month_that_is_not_its_days_is_found(db: SQLAlchemy, shops: list[Shop]) -> None:
    db.session.execute(
        text("UPDATE monthly_sales SET tax = tax + 0.01 WHERE month = '2024-03-01' AND status_code = '-3'")
    )
    db.session.execute(text("DELETE FROM monthly_sales WHERE month = '2024-04-01' AND status_code = '-4'"))
    db.session.commit()
    assert differing(shops) == ["2024-03, status -3", "2024-04, status -4"] * 2


def test_any_span_reads_as_its_days(db: SQLAlchemy, shops: list[Shop]) -> None:
    """Sums by shop, by month and by status, and the totals of lists, over spans that cut months anywhere."""
    days = db.session.execute(
        text("SELECT shop_id, day, status_code, orders, total_sales, rounding FROM daily_sales")
    ).all()
    ids = [shop.id for shop in shops]
    for first, last in spans(60):
        within = [row for row in days if first <= row.day <= last]
        counted = [row for row in within if STATUSES[row.status_code]]
        found = queries.sales_by_shop(ids, first, last)
        months = queries.sales_by_interval(ids, first, last, by_month=True)
        made: dict[tuple[int, date], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0), Decimal(0)])
        for row in counted:
            for key in ((row.shop_id, date.min), (row.shop_id, row.day.replace(day=1))):
                for place, value in enumerate((row.orders, row.total_sales, row.rounding)):
                    made[key][place] += value
        for shop_id in ids:
            sales = found[shop_id]
            assert [sales.orders, sales.total_sales, sales.rounding] == made[shop_id, date.min], (first, last)
        assert {
            (each.shop_id, each.start): [each.sales.orders, each.sales.total_sales, each.sales.rounding]
            for each in months
        } == {key: sums for key, sums in made.items() if key[1] != date.min}, (first, last)
        by_status = {each.code: each.orders for each in queries.orders_by_status(ids, first, last)}
        assert by_status == {
            code: orders
            for code in STATUSES
            if (orders := sum(row.orders for row in within if row.status_code == code))
        }
        totals = {each.shop_id: each.total_sales for each in folded_orders(ids, None, first, last)}
        assert totals == {
            shop_id: sum(row.total_sales for row in within if row.shop_id == shop_id)
            for shop_id in ids if any(row.shop_id == shop_id for row in within)
        }  # fmt: skip
    everything = sum(each.orders for each in folded_orders(ids, None, None, None))
    assert everything == sum(row.orders for row in days), "open at both ends"


def test_a_span_has_each_day_once() -> None:
    for first, last in spans(200):
        cut = span(first, last)
        assert cut.first == first
        assert cut.last == last
        assert first <= cut.whole <= cut.rest <= last + timedelta(days=1)
        if cut.whole < cut.rest:
            assert cut.whole.day == cut.rest.day == 1, "months are whole"
            assert (cut.whole - first).days < 31
            assert (last - cut.rest).days < 31
        else:
            assert cut == days_alone(first, last)
