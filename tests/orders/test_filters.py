"""What a filter of the list of orders leaves, and what each is called on the page."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from shop.shops.models import Shop
from tests.builders import a_manager, a_shop, signed_in
from tests.listing.rows import asked, refusal
from tests.orders.few import a_few, codes
from tests.page import Page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "A4 A3 A2 A1"),
        ("sort=placed", "A1 A2 A3 A4"),
        ("sort=-total", "A1 A4 A2 A3"),
        ("sort=total", "A3 A2 A4 A1"),
        ("status=n", "A1"),
        ("status=new", "A1"),
        ("status=Odeslano", "A2"),
        ("status=n&status=Cancelled", "A3 A1"),
        ("status=paid", "A4 A1"),
        ("status=unpaid", "A2"),
        ("status=paid&category=new", "A1"),
        ("category=open", "A2"),
        ("category=new&category=done", "A4 A1"),
        ("counted=yes", "A4 A2 A1"),
        ("counted=no", "A3"),
        ("placed=2026-03-03..2026-03-04", "A3 A2"),
        ("placed=2026-03-04..", "A4 A3"),
        ("placed=..2026-03-02", "A1"),
        ("total=gte:1000", "A4 A1"),
        ("total=gt:1000", "A1"),
        ("total=eq:99.90", "A2"),
        ("total=gte:50,lt:1000", "A2"),
        ("q=A2", "A2"),
        ("q=a", "A4 A3 A2 A1"),
        ("q=zlutoucka", "A1"),
        ("q=ŽLUŤ+anna", "A1"),
        ("q=ann", "A1"),
        ("q=petr@", "A2"),
        ("q=lp-1", "A1"),
        ("q=%23LP-140", "A1"),
        ("q=nobody", ""),
        ("q=%25product", ""),
        ("sku=lp-140", "A1"),
        ("sku=LP-1", ""),
        ("sku=UB/1+x", "A2"),
        ("sku=LP-140&sku=UB/1+x", "A2 A1"),
        ("item_type=gift-certificate", "A3"),
        ("email=Anna@posta.example", "A1"),
        ("email=nobody@posta.example", ""),
        ("country=sk", "A3"),
        ("currency=EUR", "A4"),
        ("paid=yes", "A4 A1"),
        ("paid=unknown", "A3"),
        ("paid=no&paid=unknown", "A3 A2"),
        ("deleted=only", "A5"),
        ("q=a&total=gte:1&country=cz&sort=total", "A2 A1"),
    ],
)
def test_a_filter_leaves_the_rows_it_says(shop: Shop, adam: FlaskClient, query: str, found: str) -> None:
    a_few(shop)
    assert codes(adam, query) == found.split()


def test_a_customer_s_orders_are_found_by_number(shop: Shop, adam: FlaskClient) -> None:
    a_few(shop)
    anna = asked(adam, "/orders.json?q=A1")["rows"][0]["customer_id"]
    assert codes(adam, f"customer={anna}") == ["A1"]
    assert codes(adam, "customer=9223372036854775807") == []


def test_a_refusal_names_the_parameter_on_the_page_too(shop: Shop, adam: FlaskClient) -> None:
    a_few(shop)
    response = adam.get("/orders/?colour=red")
    assert response.status_code == 400
    assert Page(response.text).has("“colour” is not a parameter of this list.")
    assert "Žluťoučká" not in response.text
    assert "Odesláno" in refusal(adam, "/orders.json?status=lost")
    assert "It takes a whole e-mail address" in refusal(adam, "/orders.json?email=anna")
    assert "only by itself" in refusal(adam, "/orders.json?status=paid&status=new")


def test_a_list_without_statuses_yet_takes_any(app: Flask, db: SQLAlchemy) -> None:
    new = a_shop("new")
    client = signed_in(app.test_client(), a_manager([new]))
    assert asked(client, "/orders.json?status=paid&q=x")["rows"] == []
    assert asked(client, "/orders.json?status=Shipped")["total"] == {"value": 0, "exact": True}
    page = Page(client.get("/orders/").text)
    assert page.has("No orders yet")
    assert page.has("No snapshot yet")


def test_chips_take_one_filter_away_and_keep_the_rest(shop: Shop, adam: FlaskClient) -> None:
    a_few(shop)
    page = Page(adam.get("/orders/?total=gte:1&status=n&q=anna&sort=-total&shop=linen").text)
    assert page.link("Remove filter Total") == "/orders/?shop=linen&status=n&q=anna&sort=-total"
    assert page.link("Remove filter Status") == "/orders/?shop=linen&total=gte:1&q=anna&sort=-total"
    assert page.link("Clear") == "/orders/?shop=linen&sort=-total"


def test_a_form_without_script_leads_to_the_tidy_address(shop: Shop, adam: FlaskClient) -> None:
    a_few(shop)
    response = adam.get(
        "/orders/?q=&status=n&placed_from=1.+3.+2026&placed_to=&total_min=1+000&total_max=&sku=&sort=-total"
    )
    assert response.status_code == 302
    assert response.location == "/orders/?status=n&placed=2026-03-01..&total=gte:1000&sort=-total"
    assert Page(adam.get(response.location).text).column("Order") == ["A1"]
    assert adam.get("/orders/?at=3.+3.+2026").location == "/orders/?at=2026-03-03"


def test_the_page_says_what_to_do_when_nothing_matches(shop: Shop, adam: FlaskClient) -> None:
    a_few(shop)
    page = Page(adam.get("/orders/?q=nobody&total=gte:7").text)
    assert page.has("No order matches")
    assert page.text.replace("\u00a0", " ").count("at least 7") == 2  # the chip and the sentence
    assert page.link("Show all orders") == "/orders/"


@pytest.mark.parametrize("density", ["compact", "comfortable"])
def test_rows_stand_as_close_as_one_likes(shop: Shop, adam: FlaskClient, density: str) -> None:
    a_few(shop)
    page = Page(adam.get(f"/orders/?density={density}").text)
    assert page.table("Orders").get("data-density") == density
    assert f"density={density}" in page.link("Total")
