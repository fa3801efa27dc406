"""/overview.json: every figure equals what the orders themselves add up to, whoever asks, whatever was sold."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shop.customers.models import Customer
from shop.orders.models import Order
from shop.shops.models import Shop
from tests.analytics.ledger import STATUSES, buyers, counted_orders, days, fold, know_statuses, sold
from tests.builders import a_customer, a_manager, a_shop, a_snapshot, an_owner, bearer, signed_in

MARCH = date(2026, 3, 1)
RANDOM_ORDERS = st.lists(
    st.tuples(
        st.integers(0, 2),  # shop
        st.integers(0, 75),  # days after 1 March
        st.sampled_from([time(0, 5), time(12), time(23, 55)]),
        st.sampled_from(list(STATUSES)),
        st.integers(0, 4),  # customer; 4 is nobody
        st.decimals(Decimal("0.00"), Decimal("9999.99"), places=2),
        st.decimals(Decimal("0.00"), Decimal("50.00"), places=2),
    ),
    max_size=25,
)


def asked(client: FlaskClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/overview.json?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


@pytest.fixture
def world(client: FlaskClient) -> list[Shop]:
    """Three shops in two currencies and three zones, with four people each; Olga looks at them."""
    shops = [
        a_shop("praha"),
        a_shop("sydney", timezone="Australia/Sydney"),
        a_shop("azory", currency="EUR", timezone="Atlantic/Azores"),
    ]
    for shop in shops:
        know_statuses(shop)
    signed_in(client, an_owner())
    return shops


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.generate],  # making an example smaller would take minutes, each try being a database of its own
)
@given(orders=RANDOM_ORDERS, first=st.integers(0, 75), length=st.integers(0, 75))
def test_every_figure_is_the_sum_of_its_orders(
    client: FlaskClient, db: SQLAlchemy, world: list[Shop], orders: list[Any], first: int, length: int
) -> None:
    db.session.execute(text("DELETE FROM orders; DELETE FROM customer_metrics; DELETE FROM customers"))
    people = {shop.id: [a_customer(shop) for _ in range(4)] for shop in world}
    for place, after, at, status, who, gross, discounts in orders:
        shop = world[place]
        customer = [*people[shop.id], None][who]
        sold(
            shop,
            MARCH + timedelta(days=after),
            str(gross),
            at=at,
            discounts=str(min(gross, discounts)),
            status=status,
            customer=customer,
        )
    fold()
    start, end = MARCH + timedelta(days=first), MARCH + timedelta(days=first + length)
    for shops in (world, world[:2], world[2:]):
        check(client, shops, start, end)


def check(client: FlaskClient, shops: list[Shop], start: date, end: date) -> None:
    names = "&".join(f"shop={shop.slug}" for shop in shops)
    answer = asked(client, f"{names}&from={start}&to={end}")
    found = counted_orders(shops, start, end)
    every = buyers(counted_orders(shops, date.min, date.max))
    bought = {who for who, when in buyers(found).items() if when}
    new = {who for who in bought if every[who][0] >= start}
    assert answer["orders"] == len(found)
    assert (answer["customers"], answer["new_customers"]) == (len(bought), len(new))
    assert answer["new_customers"] + answer["returning_customers"] == answer["customers"]
    currencies = {shop.currency for shop in shops}
    parts = [answer] if len(currencies) == 1 else list(answer["by_currency"].values())
    assert (answer["currency"] is None, answer["total_sales"] is None) == (len(currencies) > 1,) * 2
    for part, currency in zip(parts, dict.fromkeys(shop.currency for shop in shops), strict=True):
        check_money(part, [order for order in found if order.currency == currency])


def check_money(part: dict[str, Any], orders: list[Order]) -> None:
    net = sum((order.gross_sales - order.discounts for order in orders), Decimal(0))
    assert part["orders"] == len(orders)
    assert Decimal(part["total_sales"]) == sum(order.total_shop for order in orders)
    assert Decimal(part["net_sales"]) == net
    assert part["aov"] == (None if not orders else str(round_half_up(net / len(orders))))
    for name in ("by_day", "by_month"):
        for figure in ("orders", "total_sales", "net_sales"):
            added = sum(Decimal(each[figure]) for each in part[name].values())
            assert added == Decimal(part[figure]), f"{figure} {name}"
    assert set(part["by_day"]) == {str(order.local_day) for order in orders}


def round_half_up(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), "ROUND_HALF_UP")


def test_a_day_is_the_shops_own(client: FlaskClient, world: list[Shop]) -> None:
    """The last minutes of a day in Sydney and the first on the Azores are other days in UTC."""
    _, sydney, azores = world
    sold(sydney, MARCH, "10.00", at=time(0, 1))
    sold(azores, MARCH, "20.00", at=time(23, 59))
    fold()
    for shop in ("sydney", "azory"):
        assert list(asked(client, f"shop={shop}")["by_day"]) == ["2026-03-01"]


def test_without_dates_it_is_everything(client: FlaskClient, world: list[Shop]) -> None:
    sold(world[0], MARCH)
    sold(world[0], date(2024, 5, 6))
    fold()
    answer = asked(client, "shop=praha")
    assert (answer["from"], answer["to"], answer["orders"]) == ("2024-05-06", "2026-03-01", 2)
    assert list(answer["by_month"]) == ["2024-05", "2026-03"]


def test_a_shop_without_orders_has_zeros_and_no_dates(client: FlaskClient, world: list[Shop]) -> None:
    answer = asked(client, "shop=praha")
    assert (answer["from"], answer["to"], answer["as_of"], answer["snapshots"]) == (None, None, None, [])
    assert (answer["orders"], answer["total_sales"], answer["aov"], answer["by_day"]) == (0, "0.00", None, {})


def test_what_it_is_about_is_said(client: FlaskClient, world: list[Shop]) -> None:
    run = a_snapshot(world[0], as_of=datetime(2026, 3, 19, 13, 30, tzinfo=UTC))
    answer = asked(client, "shop=praha")
    assert (answer["shop"], answer["shops"]) == ("praha", ["praha"])
    assert (answer["currency"], answer["timezone"]) == ("CZK", "Europe/Prague")
    assert (answer["as_of"], answer["snapshots"]) == ("2026-03-19T13:30:00+00:00", [run.id])


def test_a_manager_sees_sums_of_own_shops_only(client: FlaskClient, db: SQLAlchemy, world: list[Shop]) -> None:
    for shop in world:
        sold(shop, MARCH)
    fold()
    adam = a_manager([world[1]])
    signed_in(client, adam)
    answer = asked(client)
    assert (answer["shops"], answer["orders"]) == (["sydney"], 1)
    assert client.get("/overview.json?shop=praha").status_code == 404
    assert client.get("/cohorts.json?shop=praha,sydney").status_code == 404


def test_a_program_reads_it_with_a_token(client: FlaskClient, world: list[Shop]) -> None:
    adam = a_manager([world[1]])
    client.delete_cookie("pult")
    assert client.get("/overview.json").status_code == 401
    assert client.get("/overview.json", headers=bearer(adam)).get_json()["shops"] == ["sydney"]


@pytest.mark.parametrize("query", ["from=x", "from=2026-03-02&to=2026-03-01", "period=fortnight", "to=9999-12-31"])
def test_days_that_cannot_be_read_are_refused_in_json(client: FlaskClient, world: list[Shop], query: str) -> None:
    sold(world[0], MARCH)
    fold()
    answer = client.get(f"/overview.json?{query}")
    assert answer.status_code == 400
    assert answer.get_json()["error"].endswith(".")


def test_a_kept_answer_goes_with_the_snapshot_that_it_was_made_of(
    client: FlaskClient, db: SQLAlchemy, world: list[Shop]
) -> None:
    """Counting people is remembered; a run that is done changes the question, not only the answer."""
    jana, shop = a_customer(world[0]), world[0]
    sold(shop, MARCH, customer=jana)
    sold(shop, MARCH + timedelta(days=40))
    fold()
    a_snapshot(shop)
    query = f"shop=praha&from={MARCH}&to={MARCH}"
    assert asked(client, query)["customers"] == 1
    sold(shop, MARCH, customer=a_customer(shop))
    fold()
    assert asked(client, query)["customers"] == 1  # nothing was done since, so nothing can have changed
    a_snapshot(shop, "customers")
    assert asked(client, query)["customers"] == 2


def test_a_run_that_ends_after_a_younger_one_is_noticed(client: FlaskClient, db: SQLAlchemy, world: list[Shop]) -> None:
    """Runs of two kinds overlap: the one with the lower number may be done last."""
    shop = world[0]
    orders = a_snapshot(shop, "orders", "running")
    a_snapshot(shop, "products")
    sold(shop, MARCH, customer=a_customer(shop))
    sold(shop, MARCH + timedelta(days=40))
    fold()
    query = f"shop=praha&from={MARCH}&to={MARCH}"
    assert asked(client, query)["customers"] == 1
    sold(shop, MARCH, customer=a_customer(shop))
    fold()
    orders.state = "done"
    db.session.commit()
    assert asked(client, query)["customers"] == 2


def test_a_merged_person_is_counted_once(client: FlaskClient, db: SQLAlchemy, world: list[Shop]) -> None:
    shop = world[0]
    kept, gone = a_customer(shop), a_customer(shop)
    for customer in (kept, gone):
        sold(shop, MARCH, customer=customer)
    fold()
    assert asked(client, "shop=praha")["customers"] == 2
    db.session.execute(text("UPDATE orders SET customer_id = :kept"), {"kept": kept.id})
    db.session.get_one(Customer, (shop.id, gone.id)).merged_into = kept.id
    fold()
    assert asked(client, "shop=praha")["customers"] == 1


def test_every_day_of_a_range_is_counted_in_it_alone(client: FlaskClient, world: list[Shop]) -> None:
    """Single days add up to the range: the same edge both ends."""
    jana = a_customer(world[0])
    for day in days(MARCH, MARCH + timedelta(days=5)):
        sold(world[0], day, "10.00", at=time(23, 59), customer=jana)
    fold()
    whole = asked(client, f"shop=praha&from={MARCH}&to={MARCH + timedelta(days=5)}")
    each = [asked(client, f"shop=praha&from={day}&to={day}") for day in days(MARCH, MARCH + timedelta(days=5))]
    assert sum(one["orders"] for one in each) == whole["orders"] == 6
    assert sum(one["new_customers"] for one in each) == whole["new_customers"] == 1
