"""What an order of Shoptet means: lines, sets, discounts, guests, headers, currencies."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.platforms.lines import a_price, an_item, an_order, raw, read_order, refusal, with_value


def test_the_header_is_read_with_everything_that_is_kept() -> None:
    order = read_order(
        an_order(
            externalCode="1234", phone="+420604600444", customerGuid="1b02cb8e",
            notes={"customerRemark": "Better in green", "eshopRemark": "Gift", "trackingNumber": "DR1", "new": 1},
        )
    )  # fmt: skip
    assert (order.code, order.external_code, order.status_code, order.status_name) == (
        "126000101",
        "1234",
        "-3",
        "Vyřízena",
    )
    assert order.placed_at == datetime(2025, 9, 21, 18, 36, 22, tzinfo=UTC)
    assert order.changed_at == datetime(2025, 9, 22, 10, 14, 17, tzinfo=UTC)
    assert (order.name, order.country, order.phone, order.customer_guid) == (
        "Jana Testová",
        "CZ",
        "+420604600444",
        "1b02cb8e",
    )
    assert (order.source, order.language, order.payment_method, order.shipping_method) == (
        "E-shop",
        "cs",
        "Kartou",
        "PPL",
    )
    assert (order.customer_note, order.shop_note, order.tracking_number) == ("Better in green", "Gift", "DR1")
    assert (order.paid, order.cash_desk, order.changes) == (True, False, [])


def test_an_address_keeps_only_what_is_filled() -> None:
    order = read_order(an_order())
    assert order.billing_address == {"fullName": "Jana Testová", "city": "Brno", "countryCode": "CZ"}
    assert order.delivery_address is None
    assert order.company is None


def test_without_a_billing_address_the_delivery_address_says_who_bought() -> None:
    order = read_order(an_order(billingAddress=None, deliveryAddress={"company": "Firma s.r.o.", "countryCode": "sk"}))
    assert (order.name, order.company, order.country) == ("Firma s.r.o.", "Firma s.r.o.", "SK")


def test_the_price_of_an_item_is_the_whole_lines_and_the_unit_price_one_pieces() -> None:
    item = an_item(amount=2.0, itemPrice=a_price("700.00", "578.52"), unitPrice=a_price("350.00", "289.26"))
    (line,) = read_order(an_order(items=[item])).lines
    assert (line.total, line.total_without_vat, line.unit_price) == (
        Decimal("700.00"),
        Decimal("578.52"),
        Decimal("350.00"),
    )
    assert (line.quantity, line.vat_rate, line.unit) == (Decimal("2.000"), Decimal("21.00"), "ks")
    assert (line.sku, line.name, line.variant_name) == ("85123A", "Krém", "Obsah: 100 ml")


def test_the_purchase_price_is_taken_without_vat_where_it_is_said() -> None:
    items = [
        an_item(purchasePrice=a_price("106.68", "88.17")),
        an_item(purchasePrice=a_price("106.68", None)),
        an_item(purchasePrice=a_price(None, None)),
        an_item(purchasePrice=None),
    ]
    lines = read_order(an_order(items=items)).lines
    assert [line.purchase_price for line in lines] == [Decimal("88.17"), Decimal("106.68"), None, None]


def test_discounts_shipping_and_payment_are_lines_of_their_own() -> None:
    items = [an_item(), an_item("shipping", code=None, productGuid=None), an_item("billing", code=None),
             an_item("discount-coupon", code=None, itemPrice=a_price("-208.00", "-171.90")),
             an_item("something-new", code=None)]  # fmt: skip
    lines = read_order(an_order(items=items)).lines
    assert [line.item_type for line in lines] == ["product", "shipping", "billing", "discount-coupon", "something-new"]
    assert lines[3].total == Decimal("-208.00")


def test_parts_of_a_set_come_after_the_items_without_money_and_point_to_their_set() -> None:
    completion = [
        {"itemType": "product", "code": "85123A", "name": "Krém", "amount": 1.0, "itemId": 5},
        {"itemType": "product-set", "code": "SET010", "name": "Set", "amount": 2.0, "itemId": 6},
        {"itemType": "product-set-item", "code": " VZR005 ", "name": "Vzorek A", "amount": "4", "amountUnit": "ks",
         "itemId": 710, "parentProductSetItemId": 6},
        {"itemType": "product-set-item", "code": None, "name": "Vzorek B", "amount": None, "itemId": None,
         "parentProductSetItemId": 99},
    ]  # fmt: skip
    items = [
        an_item(itemId=5),
        an_item("product-set", code="SET010", itemId=6, itemPrice=a_price("1780.00", "1471.07")),
    ]
    order = read_order(an_order(items=items, completion=completion))
    first, second = order.lines[2:]
    assert (first.item_type, first.sku, first.parent_line) == ("product-set-item", "VZR005", 2)
    assert (first.quantity, first.total, first.total_without_vat, first.unit_price) == (Decimal("4.000"), 0, 0, None)
    assert (second.parent_line, second.quantity) == (None, Decimal("1.000")), "its set is in no line"
    assert order.changes == ["completion[3].amount: null taken as 1"]


def test_a_cancelled_orders_zero_header_and_its_lines_prices_are_both_kept() -> None:
    zeros = {"vat": "0.00", "toPay": "0.00", "withVat": "0.00", "withoutVat": "0.00"}
    order = read_order(an_order(status={"id": -4, "name": "Storno"}, price=an_order()["price"] | zeros))
    assert (order.total, order.lines[0].total, order.status_code) == (0, Decimal("121.00"), "-4")


def test_a_header_that_is_not_the_sum_of_its_lines_is_no_error() -> None:
    order = read_order(with_value("price.withVat", "500.00"))
    assert (order.total, order.lines[0].total, order.changes) == (Decimal("500.00"), Decimal("121.00"), [])


def test_null_header_prices_follow_from_the_lines_and_are_noted() -> None:
    nothing = dict.fromkeys(("vat", "toPay", "withVat", "withoutVat"))
    order = read_order(an_order(price=an_order()["price"] | nothing, items=[an_item(), an_item()]))
    assert (order.total, order.total_without_vat, order.vat, order.to_pay) == (242, 200, 42, 242)
    assert [change.split(":")[0] for change in order.changes] == [
        "price.withVat", "price.withoutVat", "price.vat", "price.toPay",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("with_vat", "without_vat", "expected"),
    [("121.00", None, ("121.00", "100.00")), (None, "100.00", ("121.00", "100.00")), (None, None, ("0.00", "0.00"))],
)
def test_a_line_with_half_a_price_gets_the_other_from_its_vat_rate(
    with_vat: str | None, without_vat: str | None, expected: tuple[str, str]
) -> None:
    order = read_order(with_value("items.0.itemPrice", a_price(with_vat, without_vat)))
    assert (order.lines[0].total, order.lines[0].total_without_vat) == tuple(map(Decimal, expected))
    assert order.changes[0].startswith("items[0].itemPrice")


def test_a_null_amount_is_one_piece_and_noted() -> None:
    order = read_order(with_value("items.0.amount", None))
    assert (order.lines[0].quantity, order.changes) == (Decimal("1.000"), ["items[0].amount: null taken as 1"])


def test_a_deleted_products_line_keeps_its_name() -> None:
    order = read_order(an_order(items=[an_item(productGuid=None, code=None, name="Smazaný produkt")]))
    assert (order.lines[0].product_guid, order.lines[0].sku, order.lines[0].name) == (None, None, "Smazaný produkt")


def test_a_line_without_a_name_is_named_by_its_code_and_noted() -> None:
    order = read_order(an_order(items=[an_item(name=None), an_item("deposit", name="", code=None)]))
    assert [line.name for line in order.lines] == ["85123A", "deposit"]
    assert order.changes == ["items[0].name: empty, taken as 85123A", "items[1].name: empty, taken as deposit"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("  Buyer@Example.COM ", "buyer@example.com"),
        ("", None),
        ("   ", None),
        (None, None),
        ("Žofie@Example.CZ", "žofie@example.cz"),
    ],
)
def test_emails_are_trimmed_and_lower_cased(given: str | None, expected: str | None) -> None:
    assert read_order(an_order(email=given)).email == expected


def test_what_shoptet_may_leave_null_or_out_is_null() -> None:
    whole = an_order()
    bare = {key: whole[key] for key in ("code", "creationTime", "price", "items")}
    for order in (read_order(bare), read_order(bare | {key: None for key in whole if key not in bare})):
        assert (order.guid, order.email, order.customer_guid, order.paid, order.cash_desk) == (None,) * 5
        assert (order.payment_method, order.shipping_method, order.source, order.language) == (None,) * 4
        assert (order.status_code, order.status_name, order.name, order.billing_address) == ("none", None, None, None)


def test_the_way_of_billing_stands_in_for_the_way_of_payment() -> None:
    assert read_order(an_order(paymentMethod=None)).payment_method == "Card"


@pytest.mark.parametrize("paid", [True, False, None])
def test_paid_has_three_states(paid: bool | None) -> None:
    assert read_order(an_order(paid=paid)).paid is paid


def test_the_exchange_rate_is_order_currency_for_one_unit_of_the_shops() -> None:
    order = read_order(with_value("price", an_order()["price"] | {"currencyCode": "eur", "exchangeRate": "0.03980000"}))
    assert (order.currency, order.exchange_rate) == ("EUR", Decimal("0.03980000"))
    assert (order.total / order.exchange_rate).quantize(Decimal("0.01")) == Decimal("3040.20")


@pytest.mark.parametrize(
    ("rate", "code"),
    [("0", "out_of_range"), ("-1", "out_of_range"), (None, "missing_field"), ("0.000000001", "out_of_range")],
)
def test_an_order_without_a_usable_rate_is_refused_because_guessing_would_miscount(rate: str | None, code: str) -> None:
    assert refusal(with_value("price.exchangeRate", rate)) == (code, "$.price.exchangeRate")


def test_names_of_orders_are_trimmed_text_and_keep_zeros_and_capitals() -> None:
    assert [read_order(an_order(code=code)).code for code in (" A-1/x ", "007", 7, "a-1/x")] == [
        "A-1/x",
        "007",
        "7",
        "a-1/x",
    ]


def test_numbers_where_texts_are_meant_are_taken_as_their_digits() -> None:
    order = read_order(an_order(items=[an_item(ean=12345678901234), an_item(ean="1"), an_item(ean=2, code=5)]))
    assert [(line.ean, line.sku) for line in order.lines] == [("12345678901234", "85123A"), ("1", "85123A"), ("2", "5")]


@pytest.mark.parametrize("price", ["15.30", 15.3, "15.3", "15.300"])
def test_money_may_be_a_string_or_a_number(price: object) -> None:
    line = read_order(with_value("items.0.itemPrice.withVat", price)).lines[0]
    assert str(line.total) == "15.30"


@pytest.mark.parametrize("amount", ["2.000", 2.000, 2, "2"])
def test_an_amount_reads_the_same_however_it_is_written(amount: object) -> None:
    assert str(read_order(with_value("items.0.amount", amount)).lines[0].quantity) == "2.000"


def test_a_unit_price_with_more_decimals_is_rounded_and_noted() -> None:
    order = read_order(with_value("items.0.unitPrice.withVat", "0.12345"))
    assert (order.lines[0].unit_price, order.changes) == (
        Decimal("0.12"), ["items[0].unitPrice.withVat: 0.12345 rounded to 0.12"],
    )  # fmt: skip


def test_a_wrapped_order_is_read_like_a_bare_one() -> None:
    assert read_order({"order": an_order()}) == read_order(an_order())
    assert read_order({"data": {"order": an_order()}, "errors": None}) == read_order(an_order())


def test_unknown_fields_are_tolerated_everywhere() -> None:
    item = an_item(newThing={"a": [1]}) | {"itemPrice": a_price() | {"new": 1}}
    assert read_order(an_order(items=[item], brandNew=[{}])) == read_order(an_order())


def test_a_file_may_begin_with_a_byte_order_mark() -> None:
    assert read_order(b"\xef\xbb\xbf" + raw(an_order())) == read_order(an_order())
