"""Lines of Shoptet files as plain values, whole and small, and the shortest way to read them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shop.platforms.records import BadRecord, CustomerRecord, Kind, OrderRecord, ProductRecord
from shop.platforms.registry import platform

SHARED = Path(__file__).parents[3] / "shared"
SHOPTET = platform("shoptet")


def a_price(with_vat: Any = "121.00", without_vat: Any = "100.00", rate: Any = "21.00") -> dict[str, Any]:
    return {"withVat": with_vat, "withoutVat": without_vat, "vat": "21.00", "vatRate": rate}


def an_item(item_type: str = "product", **more: Any) -> dict[str, Any]:
    return {
        "productGuid": "9b85251f-ae1f-5d53-871b-c1f4a0f5937b", "code": "85123A", "ean": None, "itemType": item_type,
        "name": "Krém", "variantName": "Obsah: 100 ml", "brand": None, "remark": None, "weight": "0.000", "amount": 1.0,
        "amountUnit": "ks", "priceRatio": "1.0000", "status": {"id": -3, "name": "Vyřízena"}, "itemPrice": a_price(),
        "unitPrice": a_price(), "displayPrices": [a_price()], "purchasePrice": None, "itemId": 1551001,
    } | more  # fmt: skip


def an_order(**more: Any) -> dict[str, Any]:
    return {
        "code": "126000101", "guid": "01a0c541-0000-7000-8000-000000000101", "externalCode": None,
        "creationTime": "2025-09-21T20:36:22+0200", "changeTime": "2025-09-22T12:14:17+0200", "email": "buyer@example.com",
        "phone": None, "customerGuid": None, "cashDeskOrder": False, "paid": True, "status": {"id": -3, "name": "Vyřízena"},
        "source": {"id": -1, "name": "E-shop"}, "billingMethod": {"id": 4, "name": "Card"},
        "paymentMethod": {"guid": None, "name": "Kartou"}, "shipping": {"guid": "x", "name": "PPL"}, "language": "cs",
        "billingAddress": {"company": None, "fullName": "Jana Testová", "city": "Brno", "countryCode": "CZ", "zip": ""},
        "deliveryAddress": None, "items": [an_item()], "completion": [],
        "price": {"vat": "21.00", "toPay": "121.00", "currencyCode": "CZK", "withVat": "121.00", "withoutVat": "100.00",
                  "exchangeRate": "1.00000000"},
    } | more  # fmt: skip


def a_customer(**more: Any) -> dict[str, Any]:
    return {
        "guid": "75b9eace-3874-5eee-9bd7-33cb40f67065",
        "billingAddress": {"fullName": "Jana Testová", "company": "", "city": "Brno", "countryCode": "cz"},
        "deliveryAddress": [], "creationTime": "2018-05-29T09:02:27+0200", "changeTime": "2025-05-29T09:02:27+0200",
        "customerGroup": None, "priceList": None, "remark": None, "priceRatio": "0.7800", "birthDate": None,
        "accounts": [an_account()], "disabledOrders": False, "remarks": [],
    } | more  # fmt: skip


def an_account(email: str | None = "jana@example.com", *, main: bool = True, guid: str = "a-1") -> dict[str, Any]:
    return {"guid": guid, "fullName": "Jana", "email": email, "phone": "+420777888999", "mainAccount": main}


def a_variant(code: Any = "0035", **more: Any) -> dict[str, Any]:
    return {
        "code": code, "ean": None, "stock": "5.000", "unit": "ks", "visible": True, "price": "650.00", "includingVat": True,
        "vatRate": "21.00", "currencyCode": "CZK", "name": "Barva: modrá",
    } | more  # fmt: skip


def a_product(*variants: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "guid": "8cecd015-2a55-557e-9112-212bd44c6379", "type": "product", "name": "Pelle 1978",
        "brand": {"code": "pelle", "name": "Pelle"}, "supplier": {"guid": "x", "name": "Willy"}, "visibility": "visible",
        "creationTime": "2018-05-29T09:02:27+0200", "changeTime": "2025-05-29T09:02:27+0200", "url": "https://shop.example/p/",
        "defaultCategory": {"guid": None, "name": "Hodinky", "visible": True}, "variants": list(variants) or [a_variant()],
    } | more  # fmt: skip


def raw(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def read_order(order: dict[str, Any] | bytes) -> OrderRecord:
    record = SHOPTET.decode(Kind.ORDERS)(order if isinstance(order, bytes) else raw(order))
    assert isinstance(record, OrderRecord)
    return record


def read_customer(customer: dict[str, Any]) -> CustomerRecord:
    record = SHOPTET.decode(Kind.CUSTOMERS)(raw(customer))
    assert isinstance(record, CustomerRecord)
    return record


def read_product(product: dict[str, Any]) -> ProductRecord:
    record = SHOPTET.decode(Kind.PRODUCTS)(raw(product))
    assert isinstance(record, ProductRecord)
    return record


def refusal(order: dict[str, Any] | bytes) -> tuple[str, str]:
    """Return the code and the path with which an order is refused."""
    with pytest.raises(BadRecord) as bad:
        read_order(order)
    assert re.fullmatch(r"[A-Z“].*\.", bad.value.reason), "the reason is a sentence"
    return bad.value.code, bad.value.path


def with_value(path: str, value: Any) -> dict[str, Any]:
    """Return an order in which the value at a path like `items.0.itemPrice.withVat` is another."""
    order = json.loads(raw(an_order()))
    holder: Any = order
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        holder = holder[step]
    holder[last] = value
    return order
