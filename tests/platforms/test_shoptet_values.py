"""Faults of values, F12 to F16 of the matrix: what is refused, with which word and at which place."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from tests.platforms.lines import a_price, an_item, an_order, raw, read_order, refusal, with_value

WITH_VAT = "items.0.itemPrice.withVat"


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
def test_f12_what_is_no_number_is_refused_where_it_stands(value: str, path: str) -> None:
    assert refusal(with_value(path, value)) == ("bad_number", "$." + path.replace("items.0", "items[0]"))


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity"])
def test_f12_the_non_numbers_of_javascript_are_refused(token: str) -> None:
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
def test_f13_amounts_larger_than_the_column_are_refused(value: Any) -> None:
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


def test_f13_thirty_decimals_of_a_json_number_are_not_lost_in_a_float() -> None:
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
def test_f14_impossible_quantities_are_refused(amount: Any, code: str) -> None:
    assert refusal(with_value("items.0.amount", amount)) == (code, "$.items[0].amount")


# Faults of F15 and F16 in the matrix: times.
@pytest.mark.parametrize(
    "given",
    ["10000-01-01T00:00:00+0000", "2025-09-21T20:36:22", "2025-09-21", "2025-09-21T24:00:00+0200", "2025-13-01T00:00:00+0100", "",
     "0000-00-00T00:00:00+0000", "yesterday", "2025-02-29T10:00:00+0100"],
)  # fmt: skip
def test_f15_what_is_no_time_or_has_no_offset_is_refused(given: str) -> None:
    assert refusal(an_order(creationTime=given)) == ("bad_date", "$.creationTime")


@pytest.mark.parametrize("year", ["0001", "1970", "1999", "2035", "9999"])
@time_machine.travel("2026-01-15", tick=False)
def test_f16_orders_of_impossible_years_are_refused(year: str) -> None:
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
