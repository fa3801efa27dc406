"""/cohorts.json: who came back how many months after their first counted order."""

from datetime import date, time

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.analytics.ledger import STATUSES, fold, know_statuses, sold
from tests.builders import a_customer, a_shop, an_owner, signed_in


def test_months_are_counted_from_the_first_counted_order(client: FlaskClient) -> None:
    shop = a_shop("praha")
    know_statuses(shop)
    signed_in(client, an_owner())
    jana, petr = a_customer(shop), a_customer(shop)
    sold(shop, date(2025, 11, 30), customer=jana, status="-4")  # cancelled: not the first
    sold(shop, date(2025, 12, 31), at=time(23, 59), customer=jana)
    sold(shop, date(2025, 12, 1), customer=petr)
    sold(shop, date(2026, 1, 1), at=time(0, 1), customer=jana)
    sold(shop, date(2026, 1, 2), customer=jana)  # twice in a month is one person
    sold(shop, date(2026, 3, 1), customer=petr)
    sold(shop, date(2026, 3, 2))  # nobody's
    fold()
    answer = client.get("/cohorts.json?shop=praha").get_json()
    assert answer["cohorts"] == {"2025-12": {"0": 2, "1": 1, "3": 1}}
    assert answer["shops"] == ["praha"]


def test_without_orders_there_are_no_cohorts(client: FlaskClient) -> None:
    a_shop("praha")
    signed_in(client, an_owner())
    assert client.get("/cohorts.json").get_json()["cohorts"] == {}


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.generate],  # making an example smaller would take minutes, each try being a database of its own
)
@given(
    bought=st.lists(
        st.tuples(
            st.integers(0, 1),
            st.integers(0, 3),
            st.dates(date(2024, 11, 1), date(2026, 2, 28)),
            st.sampled_from(list(STATUSES)),
        ),
        max_size=25,
    )
)
def test_cohorts_are_what_the_orders_say(
    client: FlaskClient, db: SQLAlchemy, bought: list[tuple[int, int, date, str]]
) -> None:
    db.session.execute(text("DELETE FROM orders; DELETE FROM customer_metrics; DELETE FROM customers"))
    db.session.execute(
        text(
            "DELETE FROM order_statuses; DELETE FROM daily_sales; DELETE FROM staff_sessions; DELETE FROM staff; DELETE FROM shops"
        )
    )
    shops = [a_shop("praha"), a_shop("brno", currency="EUR")]
    people = {shop.id: [a_customer(shop) for _ in range(4)] for shop in shops}
    for shop in shops:
        know_statuses(shop)
    signed_in(client, an_owner())
    months: dict[tuple[int, int], set[int]] = {}
    for place, who, day, status in bought:
        sold(shops[place], day, customer=people[shops[place].id][who], status=status)
        if STATUSES[status][2]:
            months.setdefault((place, who), set()).add(day.year * 12 + day.month - 1)
    fold()
    expected: dict[str, dict[str, int]] = {}
    for seen in months.values():
        first = min(seen)
        cohort = expected.setdefault(f"{first // 12}-{first % 12 + 1:02}", {})
        for month in seen:
            cohort[str(month - first)] = cohort.get(str(month - first), 0) + 1
    assert client.get("/cohorts.json").get_json()["cohorts"] == expected
