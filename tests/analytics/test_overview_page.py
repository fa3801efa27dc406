"""The overview page: what Adam and Olga read on it, and that every number opens exactly its rows."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from shop.db import db
from shop.formatting import day
from shop.orders.models import OrderStatus
from shop.shops.models import Shop
from tests.analytics.ledger import an_item, fold, know_statuses, sold
from tests.builders import a_customer, a_manager, a_product, a_shop, a_snapshot, an_operator, an_owner, signed_in
from tests.html_tree import Node
from tests.page import Page


def opened(client: FlaskClient, path: str = "/") -> Page:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return Page(answer.text)


def words(of: date) -> str:
    """Return a day as a page's plain text has it."""
    return " ".join(day(of).split())


def today(shop: Shop) -> date:
    return datetime.now(UTC).astimezone(shop.zone).date()


def figures(page: Page) -> dict[str, Node]:
    cards = [node for node in page.root.all("li") if node.get("class") == "figure"]
    return {card.all("a", "span")[0].text: card for card in cards}


def value(card: Node) -> str:
    return next(node.text for node in card.all("a", "span") if "figure__value" in node.get("class"))


def rows_behind(client: FlaskClient, href: str) -> int:
    """Ask the list that a number leads to how many rows it has."""
    path, _, query = href.partition("?")
    answer = client.get(f"{path.rstrip('/')}.json?{query}")
    assert answer.status_code == 200, href
    total = answer.get_json()["total"]
    assert total["exact"]
    return int(total["value"])


def count(text: str) -> int:
    return int(re.sub(r"\D", "", text))


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A shop that sells every day, with a person who returns and one who is new; Olga looks at it."""
    shop = a_shop("praha")
    know_statuses(shop)
    signed_in(client, an_owner())
    return shop


def sell(shop: Shop) -> None:
    end = today(shop)
    returning, new = a_customer(shop), a_customer(shop)
    sold(shop, end - timedelta(days=40), "50.00", customer=returning)
    for ago in range(28):
        sold(shop, end - timedelta(days=ago), "100.00", discounts="10.00", shipping="5.00", customer=returning)
    sold(shop, end - timedelta(days=3), "100.00", customer=new, status="-1")
    sold(shop, end - timedelta(days=3), "900.00", customer=new, status="-4")
    fold()


def test_the_last_28_days_are_shown(client: FlaskClient, shop: Shop) -> None:
    sell(shop)
    page = opened(client)
    cards = figures(page)
    assert {name: value(card) for name, card in cards.items()} == {
        "Total sales": "3 340 Kč",  # (28 × 95 + 100) × 1.21, rounded line by line
        "Net sales": "2 620 Kč",
        "Orders": "29",
        "Average order": "90,34 Kč",
        "New customers": "1",
        "Returning customers": "1",
    }
    end = today(shop)
    assert page.has(f"days of {shop.timezone}")
    assert page.has(words(end))


def test_every_number_opens_exactly_the_rows_that_it_sums(client: FlaskClient, shop: Shop) -> None:
    sell(shop)
    page = opened(client)
    for name in ("Orders", "New customers", "Returning customers"):
        card = figures(page)[name]
        link = next(node for node in card.all("a") if "figure__value" in node.get("class"))
        assert rows_behind(client, link["href"]) == count(value(card)), name
    for link in page.table("Orders by status").all("a"):
        assert rows_behind(client, link["href"]) == count(link.text), link.text
    for name in ("Total sales", "Net sales", "Average order"):
        link = next(node for node in figures(page)[name].all("a") if "figure__value" in node.get("class"))
        assert rows_behind(client, link["href"]) == 29, name


def test_numbers_of_one_of_several_shops_open_the_rows_of_that_shop(client: FlaskClient, shop: Shop) -> None:
    brno = a_shop("brno")
    know_statuses(brno)
    sell(shop)
    sold(brno, today(brno), "1000.00", status="-1")
    fold()
    page = opened(client)
    for row in page.table("By shop").all("tbody")[0].all("tr"):
        href = row.all("a")[1]["href"]
        assert rows_behind(client, href) == count(row.all("a")[1].text)
    assert page.column("Net sales", "By shop") == ["2 620,00 Kč", "1 000,00 Kč"]
    assert page.has("equals the key number")
    brno_page = opened(client, page.link("Brno"))
    assert value(figures(brno_page)["Orders"]) == "1"
    link = next(node for node in figures(brno_page)["Orders"].all("a") if "figure__value" in node.get("class"))
    assert parse_qs(urlsplit(link["href"]).query)["shop"] == ["brno"]


def test_statuses_add_up_to_the_orders_that_count(client: FlaskClient, shop: Shop) -> None:
    sell(shop)
    page = opened(client)
    assert page.rows("Orders by status") == [
        ["Done", "28", "93,3 %"],
        ["New", "1", "3,3 %"],
        ["Cancelled", "1", "3,3 %"],
    ]
    feet = [
        [cell.text for cell in row.all("th", "td")] for row in page.table("Orders by status").all("tfoot")[0].all("tr")
    ]
    assert feet == [["All placed", "30", ""], ["Count as sales", "29", "equals the key number"]]


def test_two_shops_may_call_different_statuses_by_one_code(client: FlaskClient, shop: Shop) -> None:
    """The rows behind a status are those of the shops that mean the same by it."""
    brno = a_shop("brno")
    db.session.add(OrderStatus(shop_id=brno.id, code="-3", name="Hotovo", category="done", counted=True))
    db.session.commit()
    for _ in range(3):
        sold(brno, today(brno))
    sold(shop, today(shop))
    fold()
    page = opened(client)
    for link in page.table("Orders by status").all("a"):
        assert rows_behind(client, link["href"]) == count(link.text), link["href"]


def test_products_others_and_discounts_add_up_to_net_sales(client: FlaskClient, shop: Shop) -> None:
    for number in range(1, 12):
        a_product(shop, f"SKU-{number}", name=f"Ubrus {number}")
        order = sold(shop, today(shop), f"{number}00.00", discounts="10.00")
        an_item(order, f"SKU-{number}", f"{number}00.00")
        an_item(order, None, "-10.00", kind="discount", line=2)
    fold()
    page = opened(client)
    names = page.column("Product", "Top products")
    assert names[0] == "Ubrus 11 SKU-11"
    assert names[-2:] == ["3 other products", "Discounts of whole orders, not of a product"]
    amounts = [
        Decimal(
            cell.replace("\N{NO-BREAK SPACE}", "")
            .removesuffix("Kč")
            .replace(",", ".")
            .replace("−", "-")
            .replace(" ", "")
        )
        for cell in page.column("Net sales", "Top products")
    ]
    assert sum(amounts) == Decimal("6600.00") - Decimal("110.00")
    assert page.table("Top products").all("tfoot")[0].text.endswith("adds up")
    link = page.table("Top products").all("tbody")[0].all("a")[0]
    assert "sku=SKU-11" in link["href"]


def test_amounts_of_two_currencies_are_never_added(client: FlaskClient, shop: Shop) -> None:
    wien = a_shop("wien", currency="EUR", timezone="Europe/Vienna")
    know_statuses(wien)
    sold(shop, today(shop), "100.00")
    sold(wien, today(wien), "7.00")
    fold()
    page = opened(client)
    assert value(figures(page)["Net sales"]) == "100 Kč"
    assert page.has("Currencies are never added up")
    assert page.has("7,00 €")
    euros = opened(client, page.link("1 shop in EUR"))
    assert value(figures(euros)["Net sales"]) == "7 €"
    link = next(node for node in figures(euros)["Orders"].all("a") if "figure__value" in node.get("class"))
    assert rows_behind(client, link["href"]) == 1
    assert client.get("/?currency=USD").status_code == 400


def test_the_first_currency_whose_shops_still_sell_is_shown(client: FlaskClient, shop: Shop) -> None:
    wien = a_shop("wien", currency="EUR")
    know_statuses(wien)
    sold(shop, today(shop) - timedelta(days=200))
    sold(wien, today(wien), "7.00")
    fold()
    assert value(figures(opened(client))["Net sales"]) == "7 €"


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
    for words in (
        "daily_sales.gross_sales − daily_sales.discounts",
        "customer_metrics.first_order_day",
        "returns are 0 here",
    ):
        assert page.has(words)


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
    assert page.has("flask snapshots run praha --kind orders --file orders.jsonl.gz")
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
