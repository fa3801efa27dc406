"""The overview's periods and edges: long spans, unfinished days, shops without sales, who may look."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from shop.formatting import day
from shop.shops.models import Shop
from tests.analytics.ledger import fold, know_statuses, sold
from tests.analytics.overview import count, figures, opened, sell, today, value, words
from tests.builders import a_manager, a_shop, a_snapshot, an_operator, an_owner, signed_in
from tests.page import Page


def test_a_shop_that_stopped_selling_ends_at_its_newest_day(client: FlaskClient, shop: Shop) -> None:
    newest = today(shop) - timedelta(days=500)
    sold(shop, newest)
    fold()
    page = opened(client)
    assert page.has(f"The newest order is from {words(newest)}")
    assert value(figures(page)["Orders"]) == "1"
    assert "Last day" in page.links


def test_the_chart_table_says_the_same_as_the_figure(client: FlaskClient, shop: Shop) -> None:
    sell(shop)
    page = opened(client, "/?chart=orders")
    shown = page.column("This period", "Orders by day")
    assert len(shown) == 28
    assert sum(count(text.removesuffix(" so far")) for text in shown) == 29
    assert page.has("The days add up")
    assert shown[-1].endswith("so far")


def test_a_long_period_is_drawn_by_month(client: FlaskClient, shop: Shop) -> None:
    sell(shop)
    page = opened(client, "/?period=12m&chart=total_sales")
    assert len(page.rows("Total sales by month")) == 12
    assert page.has("The months add up")


def test_an_unfinished_day_is_left_out_of_changes(client: FlaskClient, shop: Shop) -> None:
    """Six whole days against the six a week before them: the same, whatever today brings."""
    for ago in range(1, 14):
        sold(shop, today(shop) - timedelta(days=ago))
    fold()
    page = opened(client, "/?period=7d")
    assert page.has("The last day is not over: changes leave it out")
    assert "+0,0 %" in figures(page)["Net sales"].text
    assert "−" not in figures(page)["Net sales"].text
    alone = opened(client, "/?period=today")
    assert alone.has("The day is not over yet")
    assert "%" not in figures(alone)["Net sales"].text


@pytest.mark.parametrize(
    "query",
    ["period=all", "period=quarter&compare=year", "period=12m&compare=none", "period=today", "compare=none&chart=aov"],
)
def test_every_period_and_comparison_is_a_page(client: FlaskClient, shop: Shop, query: str) -> None:
    sell(shop)
    page = opened(client, f"/?{query}")
    assert not page.has("do not add up")
    assert not page.has("does not add up")
    assert not page.has("differs from")


def test_a_form_names_any_days_without_script(client: FlaskClient, shop: Shop) -> None:
    sell(shop)
    page = opened(client, "/?shop=praha&chart=orders")
    form = page.form("/")
    assert {"from", "to", "compare", "chart"} <= form.keys()
    end = today(shop)
    wanted = {**form, "from": day(end - timedelta(days=3)), "to": day(end - timedelta(days=3))}
    answer = client.get("/", query_string=wanted)
    assert value(figures(Page(answer.text))["Orders"]) == "2"


def test_every_figure_is_explained_with_its_column(client: FlaskClient, shop: Shop) -> None:
    sell(shop)
    page = opened(client)
    assert page.has("What these numbers mean")
    for told in (
        "daily_sales.gross_sales − daily_sales.discounts",
        "customer_metrics.first_order_day",
        "returns are 0 here",
    ):
        assert page.has(told)


def test_how_fresh_the_numbers_are_is_said(client: FlaskClient, shop: Shop) -> None:
    sell(shop)
    assert opened(client).has("Not from a snapshot yet")
    run = a_snapshot(shop, as_of=datetime.now(UTC))
    page = opened(client)
    assert page.has("As of")
    assert f"/snapshots/{run.id}" in page.links.values()
    adam = a_manager([shop])
    signed_in(client, adam)
    assert f"/snapshots/{run.id}" not in opened(client).links.values()  # who may not open runs is not sent there


def test_an_installation_without_shops_says_what_to_do(client: FlaskClient) -> None:
    signed_in(client, an_owner())
    page = opened(client)
    assert page.has("No shop is connected yet")
    assert page.has("flask shops add")
    assert page.has("flask snapshots run")


def test_a_shop_without_orders_says_what_to_do(client: FlaskClient, shop: Shop) -> None:
    page = opened(client)
    assert page.has("No orders yet")
    assert page.has("flask snapshots run praha --kind orders")
    assert "Load a snapshot file…" in page.links
    signed_in(client, a_manager([shop]))
    assert "Load a snapshot file…" not in opened(client).links


def test_a_manager_sees_own_shops_only(client: FlaskClient, shop: Shop) -> None:
    brno = a_shop("brno")
    know_statuses(brno)
    sell(shop)
    sold(brno, today(brno), "1000.00")
    fold()
    signed_in(client, a_manager([brno]))
    page = opened(client)
    assert value(figures(page)["Net sales"]) == "1 000 Kč"
    assert not page.has("Praha")
    assert client.get("/?shop=praha").status_code == 404


def test_an_operator_sees_the_overview_and_a_stranger_signs_in(client: FlaskClient, shop: Shop) -> None:
    sell(shop)
    signed_in(client, an_operator([shop]))
    assert opened(client).heading == "Overview"
    client.delete_cookie("pult")
    assert client.get("/").status_code == 303


@pytest.mark.parametrize("query", ["period=x", "compare=x", "chart=new_customers", "from=x", "currency=x"])
def test_what_the_address_cannot_mean_is_refused(client: FlaskClient, shop: Shop, query: str) -> None:
    sell(shop)
    assert client.get(f"/?{query}").status_code == 400


def test_days_that_no_snapshot_has_seen_are_gaps_and_days_without_a_sale_are_zero(
    client: FlaskClient, shop: Shop
) -> None:
    end = today(shop)
    for ago in (20, 10):
        sold(shop, end - timedelta(days=ago), "100.00")
    fold()
    a_snapshot(shop, as_of=datetime.now(UTC) - timedelta(days=5))
    shown = opened(client, "/?chart=orders").column("This period", "Orders by day")
    assert shown == ["—"] * 7 + ["1"] + ["0"] * 9 + ["1"] + ["0"] * 5 + ["—"] * 5
