"""Keys given twice, values of the wrong type, missing fields and texts too long: refused where they stand."""

import json
from typing import Any

import pytest

from shop.platforms.records import BadRecord, Kind
from tests.platforms.lines import SHOPTET, a_price, an_item, an_order, raw, read_order, refusal, with_value

WITH_VAT = "items.0.itemPrice.withVat"


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
