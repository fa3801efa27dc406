"""The page of one order: its lines and what they add up to, who bought it, what happened, where it comes from."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from shop.orders.models import Order, OrderItem, OrderRevision
from shop.partitions.quarters import Quarter
from shop.shops.models import Shop
from tests.builders import a_product, a_shop, a_snapshot, added, an_archive, an_operator, signed_in
from tests.listing.rows import MORNING, asked, buyer, fold_all, know_statuses, ordered
from tests.page import Page
from tests.statements import statements


def a_line(order: Order, line: int, name: str, total: str, kind: str = "goods", **values: object) -> OrderItem:
    given = {
        "item_type": "product",
        "quantity": Decimal(1),
        "unit_price": Decimal(total),
        "vat_rate": Decimal(21),
    } | values
    amounts = {"total": Decimal(total), "total_without_vat": Decimal(total)}
    return added(
        OrderItem(
            shop_id=order.shop_id, order_id=order.id, created_at=order.items_at, line=line, name=name, kind=kind, **(amounts | given)
        )
    )  # fmt: skip


def page_of(client: FlaskClient, order: Order, query: str = "") -> Page:
    response = client.get(f"/orders/linen/{order.id}{query}")
    assert response.status_code == 200, response.text
    return Page(response.text)


def a_basket(shop: Shop) -> Order:
    order = ordered(
        shop, MORNING, "1251.00", code="2026003874", name="Hana Vlčková", units=Decimal(3), payment_method="dobírkou",
        shipping_method="Zásilkovna", total_without_vat=Decimal("1033.88"), tax=Decimal("217.12"), gross_sales=Decimal("1033.88"),
        particulars={
            "billing_address": {"fullName": "Hana Vlčková", "street": "Dlouhá", "houseNumber": "5", "city": "Brno", "zip": "612 00"},
            "delivery_address": {"fullName": "Hana V.", "city": "Brno"},
            "customer_note": "Zvonit dvakrát", "tracking_number": "Z 294", "changes": ["total: rounded"],
        },
    )  # fmt: skip
    a_product(shop, "SET-2")
    a_line(order, 1, "Set Kuchyně pro dva", "1390.00", sku="SET-2", item_type="product-set")
    a_line(order, 2, "Kupón JARO10", "-139.00", "discount", item_type="discount-coupon")
    a_line(order, 3, "Zásilkovna", "0.30", "shipping", item_type="shipping")
    a_line(
        order, 4, "Utěrka", "0.00", "part", item_type="product-set-item", parent_line=1, quantity=Decimal(2), sku="UT-1"
    )
    return order


def test_lines_stand_with_their_sets_and_add_up(shop: Shop, adam: FlaskClient) -> None:
    order = a_basket(shop)
    page = page_of(adam, order)
    assert page.heading == "Order 2026003874"
    rows = page.rows("Items")
    assert [row[0].split()[0] for row in rows] == ["Set", "Kupón", "Zásilkovna", "Utěrka"]
    assert rows[3][-1] == "of the set"
    assert page.link("Set Kuchyně pro dva").startswith("/products/linen/")
    for words in (
        "Goods, 3 pieces",
        "Discounts",
        "−139,00",
        "Delivery by Zásilkovna",
        "Rounding",
        "−0,30",
        "Total, of it VAT 217,12",
    ):
        assert page.has(words), words
    assert page.has("Lines and rounding equal the total the shop sent: 1 251,00")
    assert page.has("Net sales of this order: 1 033,88 without VAT")


def test_a_total_that_the_lines_do_not_reach_is_told(shop: Shop, adam: FlaskClient) -> None:
    order = ordered(shop, total="100.00")
    a_line(order, 1, "Ubrus", "80.00")
    page = page_of(adam, order)
    assert page.has("The lines add up to 80,00, but the shop sent 100,00; the difference of 20,00 is kept as rounding")


def test_a_cancelled_order_with_a_zero_total_is_no_mistake(shop: Shop, adam: FlaskClient) -> None:
    order = ordered(
        shop, total="0.00", status="c", total_without_vat=Decimal(0), tax=Decimal(0), gross_sales=Decimal(0)
    )
    a_line(order, 1, "Ubrus", "80.00")
    assert page_of(adam, order).has(
        "The shop sent a total of 0,00 because the order does not count; its lines came to 80,00"
    )


def test_an_order_in_another_currency_shows_both_and_the_rate(shop: Shop, adam: FlaskClient) -> None:
    order = ordered(
        shop, currency="EUR", exchange_rate=Decimal("0.04"), total=Decimal("40.00").to_eng_string(), code="EX-1"
    )
    order.total_shop = Decimal("1000.00")
    added(order)
    page = page_of(adam, order)
    assert page.has("in €, with VAT")
    assert page.has("1 CZK = 0,0400 EUR at the time of the order")
    assert page.has("1 000,00")


def test_the_customer_s_orders_are_counted_up_to_this_one(shop: Shop, adam: FlaskClient) -> None:
    hana = buyer(shop, "hana@posta.example", "Hana Vlčková")
    for day in (0, 10, 34):
        ordered(shop, MORNING + timedelta(days=day), "100.00", code=f"H{day}", customer=hana, name="Hana Vlčková")
    cancelled = ordered(shop, MORNING + timedelta(days=40), status="c", customer=hana)
    fold_all()
    last = asked(adam, "/orders.json?q=H34")["rows"][0]
    page = Page(adam.get(f"/orders/linen/{last['id']}").text)
    assert page.has("3 of 3")
    assert page.has("300,00 Kč")
    assert page.has("24 d")
    assert page.link("Hana Vlčková") == f"/customers/linen/{hana.id}"
    assert page.link("3 of 3") == f"/orders/?shop=linen&customer={hana.id}&counted=yes"
    assert page_of(adam, cancelled).has("does not count as a sale")


def test_what_happened_is_told_newest_first(shop: Shop, adam: FlaskClient) -> None:
    order = a_basket(shop)
    changes = [
        (11, "status", "n", "s"), (12, "status", "s", "d"), (12, "paid", "false", "true"), (13, "total", "1300.00", "1251.00"),
        (13, "particulars", '{"delivery_address": {"city": "Praha"}}', '{"delivery_address": {"city": "Brno"}, "shop_note": "x"}'),
        (14, "placed", "2026-03-02 08:00:00+00", "2026-03-02 09:00:00+00"), (14, "e-mail", None, "a@b.example"),
    ]  # fmt: skip
    for number, (snapshot, field, before, after) in enumerate(changes):
        seen = MORNING + timedelta(days=snapshot, seconds=number)
        key = {"shop_id": shop.id, "order_id": order.id, "snapshot_id": snapshot, "field": field}
        added(OrderRevision(**key, before=before, after=after, seen_at=seen))
    page = page_of(adam, order)
    told = page.text
    expected = [
        "E-mail — → a@b.example", "Placed 2. 3. 2026 09:00 → 2. 3. 2026 10:00", "Delivery address and shop’s note changed",
        "Total 1 300,00 → 1 251,00", "Paid", "Status Odesláno → Delivered", "Status New → Odesláno", "Order placed",
    ]  # fmt: skip
    told = told.replace("2. 3. 09:00", "2. 3. 2026 09:00").replace("2. 3. 10:00", "2. 3. 2026 10:00")
    places = [told.index(words, told.index("What happened")) for words in expected]
    assert places == sorted(places)
    assert page.has("first in snapshot 13")
    assert page.has("8 events")


def test_addresses_notes_and_origin_are_shown(shop: Shop, adam: FlaskClient, app: Flask) -> None:
    snapshot = a_snapshot(shop, file_name="orders.jsonl.gz", file_sha256="9c4e" + "0" * 56 + "17ab")
    order = a_basket(shop)
    order.snapshot_id, order.snapshot_line = snapshot.id, 317
    added(order)
    page = page_of(adam, order)
    for words in (
        "Dlouhá 5",
        "612 00 Brno",
        "Hana V.",
        "Zvonit dvakrát",
        "Z 294",
        "Read as: total: rounded",
        "9c4e0000…17ab",
        "line 317",
    ):
        assert page.has(words), words
    assert f"snapshot {snapshot.id}" not in page.links  # a manager does not read operations
    ota = signed_in(app.test_client(), an_operator([shop]))
    assert page_of(ota, order).link(f"snapshot {snapshot.id}") == f"/snapshots/{snapshot.id}"


def test_one_goes_on_in_the_list_one_came_from(shop: Shop, adam: FlaskClient) -> None:
    for day, (code, total) in enumerate([("A1", "300.00"), ("A2", "100.00"), ("A3", "200.00"), ("B4", "400.00")]):
        ordered(shop, MORNING + timedelta(days=day), total, code=code, name="Jana" if code[0] == "A" else "Eva")
    fold_all()
    by_code = {row["code"]: row["id"] for row in asked(adam, "/orders.json?")["rows"]}

    def around(page: Page) -> tuple[str, str]:
        steps = [page.links.get(f"{way} order in the list", "") for way in ("Previous", "Next")]
        ids = {str(number): code for code, number in by_code.items()}
        return tuple(ids.get(step.partition("?")[0].rsplit("/", 1)[-1], "") for step in steps)  # type: ignore[return-value]  # two

    assert around(page_of(adam, Order(id=by_code["A2"]))) == ("A3", "A1")
    listed = Page(adam.get("/orders/?q=jana&sort=total").text)
    assert listed.column("Order") == ["A2", "A3", "A1"]
    page = Page(adam.get(listed.link("A3")).text)
    assert around(page) == ("A2", "A1")
    assert page.link("orders matching “jana”, lowest total first") == "/orders/?q=jana&sort=total"
    first = Page(adam.get(page.link("Previous order in the list")).text)
    assert around(first) == ("", "A3")


def test_every_reading_of_lines_names_their_time(app: Flask, db: SQLAlchemy, shop: Shop, adam: FlaskClient) -> None:
    order = a_basket(shop)
    with statements("order_items") as seen:
        page_of(adam, order)
    assert seen
    assert all("order_items.created_at =" in statement for statement in seen)


@pytest.mark.parametrize("number", ["0", "999999", "9223372036854775808", "1" * 40])
def test_an_order_that_is_not_there_is_not_found(adam: FlaskClient, number: str) -> None:
    assert adam.get(f"/orders/linen/{number}").status_code == 404


def test_an_order_of_another_shop_is_not_found(db: SQLAlchemy, shop: Shop, adam: FlaskClient) -> None:
    other = a_shop("secret")
    know_statuses(other)
    theirs = ordered(other)
    assert adam.get(f"/orders/secret/{theirs.id}").status_code == 404
    assert adam.get(f"/orders/linen/{theirs.id}").status_code == 404
    mine = ordered(shop)
    assert adam.get(f"/orders/linen/{mine.id}").status_code == 200
    assert adam.get(f"/orders/linen/{mine.id}?in=shop%3Dsecret").status_code == 200
    assert adam.get(f"/orders/linen/{mine.id}?in=colour%3Dred").status_code == 400


def test_a_bare_order_has_a_page_without_gaps(shop: Shop, adam: FlaskClient) -> None:
    order = ordered(shop, code="bare", paid=None, country=None, deleted_at=datetime.now(UTC))
    page = page_of(adam, order)
    assert page.has("The shop sent no items with this order.")
    assert page.has("Unknown customer")
    assert page.has("Deleted in the shop")


def test_archived_lines_are_told_with_the_way_back(shop: Shop, adam: FlaskClient, app: Flask, db: SQLAlchemy) -> None:
    order = ordered(shop, datetime(2001, 2, 3, 10, tzinfo=UTC), "121.00", code="old", items=2)
    an_archive(Quarter(2001, 1))
    page = page_of(adam, order)
    assert page.has("The 2 lines of this order are archived with 2001-Q1, which left the table")
    assert page.has("Ask an operator or an owner to bring 2001-Q1 back")
    assert page.has("Net sales of this order")
    assert not page.has("The lines add up to"), "what is not there is not added up"
    assert not page.has("The shop sent no items")
    ota = signed_in(app.test_client(), an_operator([shop]))
    assert page_of(ota, order).link("Bring 2001-Q1 back…") == "/partitions/?quarter=2001-Q1#chosen"
    listed = adam.get("/orders.json").get_json()
    assert [(row["code"], row["items"]) for row in listed["rows"]] == [("old", 2)]
    assert "old" in adam.get("/orders.csv").text
