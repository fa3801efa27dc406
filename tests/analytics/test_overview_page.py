"""The overview page: what Adam and Olga read on it, and that every number opens exactly its rows."""

from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient

from shop.db import db
from shop.formatting import money
from shop.orders.models import OrderStatus
from shop.shops.models import Shop
from tests.analytics.ledger import an_item, fold, know_statuses, sold
from tests.analytics.overview import count, figures, opened, rows_behind, sell, today, value, words
from tests.builders import a_product, a_shop


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
    total = client.get("/overview.json?period=28d").get_json()["total_sales"]
    rows = next(node for node in figures(page)["Total sales"].all("a") if "figure__value" in node.get("class"))
    assert opened(client, rows["href"]).has(" ".join(money(Decimal(total), "CZK").split()))  # the list's own sum


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
