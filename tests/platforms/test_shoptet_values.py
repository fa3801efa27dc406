"""Faults of values, F9 to F20 of the fault matrix: what is refused, with which word and at which place."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from shop.platforms.records import BadRecord, Kind
from tests.platforms.lines import SHOPTET, a_price, an_item, an_order, raw, read_order, refusal, with_value

WITH_VAT = "items.0.itemPrice.withVat"


# Faults of F9 in the matrix: depth and size.
@pytest.mark.parametrize("depth", [65, 500, 100_000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_nesting_without_end_is_refused(depth: int, brackets: str) -> None:
    opening, closing = ("[", "]") if brackets == "[]" else ('{"a":', "}")
    deep = opening * depth + "1" + closing * depth
    assert refusal(raw(an_order(x="HERE")).replace(b'"HERE"', deep.encode())) == ("too_deep", "$")


def test_reasonable_nesting_passes() -> None:
    deep = b"[" * 60 + b"]" * 60
    assert read_order(raw(an_order(x="HERE")).replace(b'"HERE"', deep)) == read_order(an_order())


@pytest.mark.parametrize("path", ["items.0.amount", "items.0.itemId", "unheard_of"])
def test_a_number_of_five_thousand_digits_is_refused(path: str) -> None:
    line = raw(with_value(path, "HERE")).replace(b'"HERE"', b"1" * 5000)
    assert refusal(line) == ("bad_number", "$." + path.replace("items.0", "items[0]"))


def test_an_object_of_a_hundred_thousand_keys_is_refused() -> None:
    assert refusal(an_order(x=dict.fromkeys(map(str, range(100_000)), 1))) == ("too_many_keys", "$.x")


# Faults of F10 in the matrix: encodings.
def test_a_line_in_another_encoding_is_refused() -> None:
    text = json.dumps(an_order(), ensure_ascii=False)
    assert refusal(text.encode("iso8859-2")) == ("not_utf8", "$")
    assert refusal(text.encode("utf-16")) == ("not_utf8", "$")


def test_bytes_that_are_no_utf8_are_refused_also_where_nothing_is_read() -> None:
    assert refusal(raw(an_order(unread="HERE")).replace(b"HERE", b"\xff")) == ("not_utf8", "$")


@pytest.mark.parametrize("line", [b"", b"null", b"[]", b"5", b'"x"', b"{", b'{"code":', b"{}x", b"\x00"])
def test_what_is_no_object_is_refused(line: bytes) -> None:
    code, _ = refusal(line)
    assert code in ("not_json", "bad_value")


def test_a_line_cut_inside_a_letter_is_no_json() -> None:
    line = raw(an_order())
    assert refusal(line[: line.index("ř".encode()) + 1]) == ("not_json", "$")
    assert refusal(line[:-1]) == ("not_json", "$")


# Faults of F11 in the matrix: text.
@pytest.mark.parametrize(
    "text",
    [
        "😀 emoji 👩‍👩‍👧",
        "\u05e2\u05d1\u05e8\u05d9\u05ea \u200f RTL \u202e",
        "e\u0301 NFD",
        "a\u2028b\u2029c\x85d",
        "\x7f\x80\x9f C1",
        "tab\tline\nfeed\r",
        "\ufffe\uffff",
        "'\"\\/",
    ],
)
@pytest.mark.parametrize("escaped", [True, False])
def test_legal_text_is_kept_to_the_letter(text: str, escaped: bool) -> None:
    order = read_order(json.dumps(an_order(items=[an_item(name=text)]), ensure_ascii=escaped).encode())
    assert (order.lines[0].name, order.changes) == (text, [])


def test_controls_are_replaced_and_noted_never_dropped() -> None:
    order = read_order(an_order(items=[an_item(), an_item(name="a\0b", variantName="x\x1f\b\f")], email="a\x01@b.cz"))
    assert (order.lines[1].name, order.lines[1].variant_name) == ("a�b", "x���")
    assert order.email == "a�@b.cz"
    assert sorted(order.changes) == [
        "email: control character replaced", "items[1].name: NUL replaced", "items[1].variantName: control character replaced",
    ]  # fmt: skip


def test_a_control_character_that_is_not_escaped_is_no_json() -> None:
    assert refusal(raw(an_order(email="HERE")).replace(b"HERE", b"a\x01b")) == ("not_json", "$")


@pytest.mark.parametrize("half", ["\\ud800", "\\udc00", "\\ud800\\u0041", "\\uD83D"])
def test_half_a_character_is_refused(half: str) -> None:
    assert refusal(raw(an_order(email="HERE")).replace(b"HERE", half.encode())) == ("lone_surrogate", "$.email")


# Faults of F12 in the matrix: what is no number.
@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1,5",
        "",
        " 1",
        "1 ",
        "0x10",
        "1e5",
        "1_000",
        "+1",
        ".5",
        "5.",
        "١",
        "--1",
        "1.2.3",
    ],
)
@pytest.mark.parametrize(
    "path", [WITH_VAT, "items.0.amount", "items.0.unitPrice.withVat", "price.toPay", "price.exchangeRate"]
)
def test_what_is_no_number_is_refused_where_it_stands(value: str, path: str) -> None:
    assert refusal(with_value(path, value)) == ("bad_number", "$." + path.replace("items.0", "items[0]"))


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity"])
def test_the_non_numbers_of_javascript_are_refused(token: str) -> None:
    assert refusal(with_value(WITH_VAT, float(token.replace("Infinity", "inf")))) == (
        "bad_number",
        "$.items[0].itemPrice.withVat",
    )


@pytest.mark.parametrize("token", ["1e400", "-1e400", "1e999999999999"])
def test_a_number_beyond_floats_is_refused(token: str) -> None:
    line = raw(with_value(WITH_VAT, "HERE")).replace(b'"HERE"', token.encode())
    assert refusal(line) == ("bad_number", "$.items[0].itemPrice.withVat")


@pytest.mark.parametrize("value", [True, False, [1], {"a": 1}])
@pytest.mark.parametrize("path", [WITH_VAT, "items.0.amount", "price.withVat"])
def test_values_of_another_kind_are_refused_where_they_stand(value: Any, path: str) -> None:
    assert refusal(with_value(path, value)) == ("bad_value", "$." + path.replace("items.0", "items[0]"))


@pytest.mark.parametrize("zero", ["-0.00", "-0", -0.0, 0, "0"])
def test_there_is_one_zero(zero: Any) -> None:
    assert str(read_order(with_value(WITH_VAT, zero)).lines[0].total) == "0.00"


# Faults of F13 in the matrix: too large and too precise.
@pytest.mark.parametrize("value", ["1000000000000", "-1000000000000.00", 1e12, 1e300, 10**30, "9" * 30])
def test_amounts_larger_than_the_column_are_refused(value: Any) -> None:
    code, path = refusal(with_value(WITH_VAT, value))
    assert (code, path) == ("out_of_range", "$.items[0].itemPrice.withVat")


def test_the_largest_amount_is_kept_to_the_penny() -> None:
    order = read_order(with_value(WITH_VAT, "-999999999999.99"))
    assert order.lines[0].total == Decimal("-999999999999.99")


def test_lines_that_are_kept_alone_but_not_together_are_refused() -> None:
    items = [an_item(itemPrice=a_price("900000000000.00", "900000000000.00"))] * 2
    assert refusal(an_order(items=items)) == ("out_of_range", "$.price")


def test_an_amount_that_is_too_large_in_the_shops_currency_is_refused() -> None:
    price = an_order()["price"] | {"exchangeRate": "0.00000001"}
    assert refusal(an_order(price=price, items=[an_item(itemPrice=a_price("999999.00", "999999.00"))])) == (
        "out_of_range",
        "$.price",
    )


@pytest.mark.parametrize("value", ["1.005", 1.005, "0.001", 0.1 + 0.2, "1." + "0" * 29 + "1"])
def test_a_total_with_parts_of_a_penny_is_refused_because_sums_are_exact(value: Any) -> None:
    assert refusal(with_value(WITH_VAT, value)) == ("too_precise", "$.items[0].itemPrice.withVat")


def test_thirty_decimals_of_a_json_number_are_not_lost_in_a_float() -> None:
    line = raw(with_value(WITH_VAT, "HERE")).replace(b'"HERE"', b"1.000000000000000000000000000001")
    assert refusal(line) == ("too_precise", "$.items[0].itemPrice.withVat")


def test_thirty_zeros_are_as_good_as_two() -> None:
    assert str(read_order(with_value(WITH_VAT, "1.5" + "0" * 29)).lines[0].total) == "1.50"


# Faults of F14 in the matrix: quantities.
@pytest.mark.parametrize("amount", [-3, 0, "0.250", 1_000_000_000, "-1000000000"])
def test_negative_zero_and_large_quantities_are_kept(amount: Any) -> None:
    assert read_order(with_value("items.0.amount", amount)).lines[0].quantity == Decimal(str(amount))


@pytest.mark.parametrize(
    ("amount", "code"), [("1000000001", "out_of_range"), (-1e10, "out_of_range"), ("0.0005", "too_precise")]
)
def test_impossible_quantities_are_refused(amount: Any, code: str) -> None:
    assert refusal(with_value("items.0.amount", amount)) == (code, "$.items[0].amount")


# Faults of F15 and F16 in the matrix: times.
@pytest.mark.parametrize(
    "given",
    ["10000-01-01T00:00:00+0000", "2025-09-21T20:36:22", "2025-09-21", "2025-09-21T24:00:00+0200", "2025-13-01T00:00:00+0100", "",
     "0000-00-00T00:00:00+0000", "yesterday", "2025-02-29T10:00:00+0100"],
)  # fmt: skip
def test_what_is_no_time_or_has_no_offset_is_refused(given: str) -> None:
    assert refusal(an_order(creationTime=given)) == ("bad_date", "$.creationTime")


@pytest.mark.parametrize("year", ["0001", "1970", "1999", "2035", "9999"])
@time_machine.travel("2026-01-15", tick=False)
def test_orders_of_impossible_years_are_refused(year: str) -> None:
    assert refusal(an_order(creationTime=f"{year}-06-01T00:00:00+0000")) == ("out_of_range", "$.creationTime")


@time_machine.travel("2026-01-15T12:00:00Z", tick=False)
def test_the_span_of_orders_is_from_2000_to_a_year_ahead() -> None:
    assert read_order(an_order(creationTime="2000-01-01T00:00:00+0000")).placed_at.year == 2000
    assert refusal(an_order(creationTime="2000-01-01T00:00:00+0100")) == ("out_of_range", "$.creationTime"), (
        "1999 in UTC"
    )
    assert read_order(an_order(creationTime="2027-01-15T12:00:00+0000")).placed_at.year == 2027
    assert refusal(an_order(creationTime="2027-01-17T12:00:00+0000")) == ("out_of_range", "$.creationTime")


@pytest.mark.parametrize(("value", "code"), [(None, "missing_field"), (5, "bad_date"), (True, "bad_value")])
def test_an_order_without_a_time_is_refused(value: Any, code: str) -> None:
    assert refusal(an_order(creationTime=value)) == (code, "$.creationTime")


@pytest.mark.parametrize("offset", ["+0200", "+02:00"])
def test_offsets_may_have_a_colon_or_none(offset: str) -> None:
    order = read_order(an_order(creationTime=f"2025-09-21T20:36:22{offset}"))
    assert order.placed_at == datetime(2025, 9, 21, 18, 36, 22, tzinfo=UTC)


def test_a_time_in_the_hour_that_spring_leaves_out_is_what_its_offset_says() -> None:
    assert read_order(an_order(creationTime="2025-03-30T02:30:00+0100")).placed_at == datetime(
        2025, 3, 30, 1, 30, tzinfo=UTC
    )
    assert read_order(an_order(creationTime="2025-03-30T01:30:00Z")).placed_at == datetime(
        2025, 3, 30, 1, 30, tzinfo=UTC
    )


def test_an_impossible_time_of_change_is_left_out_and_noted_so_that_it_never_wins() -> None:
    for given in ("9999-01-01T00:00:00+0000", "1970-01-01T01:00:00+0100"):
        order = read_order(an_order(changeTime=given))
        assert (order.changed_at, order.changes) == (None, [f"changeTime: {given} left out, it cannot be true"])
    assert refusal(an_order(changeTime="soon")) == ("bad_date", "$.changeTime")


# Faults of F18 in the matrix: keys given twice.
@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ('"code": "126', '"code": "9", "code": "126', "$.code"),
        ('"amount":', '"amount": 9, "amount":', "$.items[0].amount"),
        ('"itemPrice":', '"itemPrice": {"withVat": "1.00", "withoutVat": "1.00", "vat": "0", "vatRate": "0"}, "itemPrice":', "$.items[0].itemPrice"),
        ('"withVat": "121.00", "withoutVat": "100.00", "vat"', '"withVat": "1.00", "withVat": "121.00", "withoutVat": "100.00", "vat"', "$.items[0].itemPrice.withVat"),
        ('"price":', '"price": null, "price":', "$.price"),
        ('"completion": []', '"completion": [], "completion": []', "$.completion"),
        ('"zip": ""', '"zip": "", "zip": ""', "$.billingAddress.zip"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("experienced", [True, False])
def test_a_key_given_twice_is_refused(before: str, after: str, path: str, experienced: bool) -> None:
    line = json.dumps(an_order(), ensure_ascii=False)
    assert before in line
    read = SHOPTET.decode(Kind.ORDERS)
    if experienced:
        read(line.encode())  # it has met the shape of the clean line
        read(raw(an_order(items=[an_item(), an_item(purchasePrice=a_price())])))
    with pytest.raises(BadRecord) as bad:
        read(line.replace(before, after, 1).encode())
    assert (bad.value.code, bad.value.path) == ("duplicate_key", path)


# Faults of F19 and F21 in the matrix: types and missing fields.
@pytest.mark.parametrize(
    ("path", "value", "code"),
    [("code", None, "missing_field"), ("code", "  ", "missing_field"), ("code", True, "bad_value"), ("code", ["1"], "bad_value"),
     ("items", None, "missing_field"), ("items", {}, "bad_value"), ("items.0", 5, "bad_value"), ("price", None, "missing_field"),
     ("items.0.itemType", None, "missing_field"), ("items.0.itemPrice", None, "missing_field"), ("items.0.name", {}, "bad_value"),
     ("paid", "yes", "bad_value"), ("price.currencyCode", "Kč", "bad_value"), ("status", "done", "bad_value"),
     ("items.0.itemId", 10**30, "out_of_range")],
)  # fmt: skip
def test_a_value_of_the_wrong_type_is_refused_where_it_stands(path: str, value: Any, code: str) -> None:
    assert refusal(with_value(path, value)) == (code, "$." + path.replace("items.0", "items[0]"))


@pytest.mark.parametrize("key", ["code", "creationTime", "price", "items"])
def test_a_missing_field_is_named(key: str) -> None:
    order = an_order()
    del order[key]
    assert refusal(order) == ("missing_field", f"$.{key}")


def test_the_place_is_exact_in_the_fortieth_item() -> None:
    items = [an_item() for _ in range(60)]
    items[40] = an_item(itemPrice=a_price("1,5"))
    assert refusal(an_order(items=items)) == ("bad_number", "$.items[40].itemPrice.withVat")
    items[40] = an_item(name=[])
    assert refusal(an_order(items=items)) == ("bad_value", "$.items[40].name")
    del items[40]["itemPrice"]
    items[40]["name"] = "x"
    assert refusal(an_order(items=items)) == ("missing_field", "$.items[40].itemPrice")


@pytest.mark.parametrize(
    ("path", "longest"),
    [("code", 200), ("guid", 200), ("email", 320), ("customerGuid", 200), ("items.0.name", 500), ("items.0.code", 200),
     ("items.0.productGuid", 200), ("items.0.itemType", 200)],
)  # fmt: skip
def test_texts_that_no_index_would_take_are_refused(path: str, longest: int) -> None:
    read_order(with_value(path, "x" * longest))
    assert refusal(with_value(path, "x" * (longest + 1))) == ("too_long", "$." + path.replace("items.0", "items[0]"))


# Faults of F20 in the matrix: a part before or without its set.
def test_a_part_whose_set_is_in_no_line_is_kept_without_it() -> None:
    part = {"itemType": "product-set-item", "name": "Vzorek", "amount": 1, "parentProductSetItemId": 404}
    order = read_order(an_order(completion=[part]))
    assert (order.lines[1].parent_line, order.lines[1].total) == (None, 0)


def test_a_bad_amount_of_a_part_is_refused_where_it_stands() -> None:
    part = {"itemType": "product-set-item", "name": "Vzorek", "amount": "x"}
    assert refusal(an_order(completion=[{"itemType": "product", "name": "y"}, part])) == (
        "bad_number",
        "$.completion[1].amount",
    )
