"""What a product of Shoptet means: variants, prices, sets."""

from decimal import Decimal
from typing import Any

import pytest

from shop.platforms.records import BadRecord
from tests.platforms.lines import a_product, a_variant, read_product


def test_a_product_is_read_with_everything_that_is_kept() -> None:
    product = read_product(a_product(a_variant("0035", ean="4010355051486")))
    assert (product.name, product.brand, product.brand_code, product.supplier) == (
        "Pelle 1978",
        "Pelle",
        "pelle",
        "Willy",
    )
    assert (product.category, product.visibility, product.url) == ("Hodinky", "visible", "https://shop.example/p/")
    (variant,) = product.variants
    assert (variant.sku, variant.ean, variant.name, variant.unit) == ("0035", "4010355051486", "Barva: modrá", "ks")
    assert (variant.stock, variant.price, variant.vat_rate) == (Decimal("5.000"), Decimal("650.00"), Decimal("21.00"))
    assert (variant.visible, variant.including_vat, variant.currency) == (True, True, "CZK")
    assert product.changes == []


@pytest.mark.parametrize(("including_vat", "expected"), [(True, "413.22"), (False, "500.00"), (None, "500.00")])
def test_the_purchase_price_is_without_vat_whichever_way_it_is_given(including_vat: bool | None, expected: str) -> None:
    bought = {"purchasePrice": {"price": "500.00", "vatRate": 21.0, "includingVat": including_vat}}
    assert read_product(a_product(a_variant(prices=bought))).variants[0].purchase_price == Decimal(expected)


def test_no_price_and_no_stock_are_null_and_stock_may_be_negative() -> None:
    product = read_product(a_product(a_variant("a", price=None, stock=None), a_variant("b", price="0.00", stock="-3")))
    assert [(variant.price, variant.stock) for variant in product.variants] == [(None, None), (Decimal(0), Decimal(-3))]


@pytest.mark.parametrize("name", [None, ""])
def test_a_product_without_a_name_is_named_by_its_first_variant_and_noted(name: str | None) -> None:
    product = read_product(a_product(a_variant("A/1"), name=name))
    assert (product.name, product.changes) == ("A/1", ["name: empty, taken as A/1"])
    bare = read_product({"guid": "g", "type": "service"})
    assert (bare.name, bare.variants) == ("g", [])


def test_a_set_says_what_is_in_it() -> None:
    items = [{"guid": "g", "code": "154", "amount": 1.0}, {"guid": None, "code": "155", "amount": "2.5"}]
    product = read_product(a_product(type="product-set", setItems=items))
    assert [(part.guid, part.sku, part.amount) for part in product.set_items] == [
        ("g", "154", 1),
        (None, "155", Decimal("2.5")),
    ]


def test_a_variant_that_stands_twice_is_kept_as_it_stands_last() -> None:
    product = read_product(a_product(a_variant(" A ", price="1.00"), a_variant("B"), a_variant("A", price="2.00")))
    assert [(variant.sku, variant.price) for variant in product.variants] == [
        ("A", Decimal("2.00")),
        ("B", Decimal("650.00")),
    ]
    assert product.changes == ["variants[2].code: A stands twice, the last one kept"]


def test_what_shoptet_may_leave_null_or_out_is_null() -> None:
    nothing = dict.fromkeys(a_product()) | {"guid": "g", "type": "product", "variants": [{"code": 7}]}
    product = read_product(nothing)
    assert (product.brand, product.supplier, product.category, product.url, product.created_at) == (None,) * 5
    assert (product.variants[0].sku, product.variants[0].price, product.variants[0].currency) == ("7", None, None)


def test_a_price_with_more_decimals_is_rounded_and_noted() -> None:
    product = read_product(a_product(a_variant(), a_variant("b", price="0.125", currencyCode="???")))
    assert product.variants[1].price == Decimal("0.13")
    assert product.changes == [
        "variants[1].price: 0.125 rounded to 0.13", "variants[1].currencyCode: ??? left out, it is not a currency",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("variant", "code", "path"),
    [
        (a_variant(None), "missing_field", "$.variants[1].code"),
        (a_variant(""), "missing_field", "$.variants[1].code"),
        (a_variant("x" * 201), "too_long", "$.variants[1].code"),
        (a_variant("b", price="free"), "bad_number", "$.variants[1].price"),
        (a_variant("b", vatRate="-"), "bad_number", "$.variants[1].vatRate"),
        (a_variant("b", stock=10**12), "out_of_range", "$.variants[1].stock"),
        (a_variant("b", visible="yes"), "bad_value", "$.variants[1].visible"),
    ],
)
def test_a_bad_variant_is_refused_where_it_is_bad(variant: dict[str, Any], code: str, path: str) -> None:
    with pytest.raises(BadRecord) as bad:
        read_product(a_product(a_variant(), variant))
    assert (bad.value.code, bad.value.path) == (code, path)
