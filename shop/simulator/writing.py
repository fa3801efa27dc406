"""Writes values as Shoptet writes them: money as strings, amounts as numbers, and the rows of an order."""

from datetime import datetime
from decimal import Decimal

import msgspec


def money(hundredths: int) -> str:
    """Return an amount in hundredths with its two decimals."""
    sign, rest = ("-", -hundredths) if hundredths < 0 else ("", hundredths)
    return f"{sign}{rest // 100}.{rest % 100:02d}"


def moment(when: datetime) -> str:
    """Return a time with its offset, without a colon in it."""
    return when.strftime("%Y-%m-%dT%H:%M:%S%z")


def text(value: str | None) -> str:
    return "null" if value is None else msgspec.json.encode(value).decode()


def price(gross: int, net: int, rate: Decimal) -> str:
    return f'{{"withVat":"{money(gross)}","withoutVat":"{money(net)}","vat":"{money(gross - net)}","vatRate":"{rate:.2f}"}}'


def goods_row(
    item_type: str, guid: str | None, sku: str | None, name: str, more: tuple[str | None, str | None, str | None],
    amount: str, unit: str, item_price: str, unit_price: str, purchase_price: str,
) -> tuple[str, str, str]:  # fmt: skip
    """Return a row of items[] around its itemId, and its repetition in completion[] up to there."""
    variant_name, brand, ean = more
    known = f'{{"productGuid":{text(guid)},"code":{text(sku)}'
    head = (
        f'{known},"ean":{text(ean)},"itemType":"{item_type}","productType":"{item_type}","name":{text(name)},'
        f'"variantName":{text(variant_name)},"brand":{text(brand)},"remark":null,"weight":"0.000","additionalField":null,'
        f'"amount":{amount},"amountUnit":{text(unit)},"priceRatio":"1.0000","itemPrice":{item_price},"unitPrice":{unit_price},'
        f'"displayPrices":[{item_price}],"purchasePrice":{purchase_price},"recyclingFee":null,"itemId":'
    )
    repeated = (
        f'{known},"itemType":"{item_type}","name":{text(name)},"variantName":{text(variant_name)},"amount":{amount},'
        f'"amountUnit":{text(unit)},"itemId":'
    )
    return head, ',"warrantyDescription":null,"amountCompleted":null,', repeated


def part_row(guid: str, sku: str, name: str, amount: str, unit: str, item_id: int) -> str:
    """Return a part of a set in completion[] up to the number of its set's line."""
    return (
        f'{{"productGuid":{text(guid)},"code":{text(sku)},"itemType":"product-set-item","name":{text(name)},'
        f'"variantName":null,"amount":{amount},"amountUnit":{text(unit)},"itemId":{item_id},"amountCompleted":null,'
        f'"parentProductSetItemId":'
    )
