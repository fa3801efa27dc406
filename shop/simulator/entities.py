"""Orders, customers and products as the API shows them: thin rows of lists, details, and lines of snapshots."""

from typing import Any

import msgspec

from shop.simulator.baskets import Draft
from shop.simulator.living import LivingShop
from shop.simulator.receipts import order_line

ORDER_ROW = (
    "code", "guid", "creationTime", "changeTime", "email", "phone", "customerGuid", "cashDeskOrder", "adminUrl", "status",
    "source", "shipping", "paymentMethod", "price", "paid",
)  # fmt: skip
PRODUCT_ROW = (
    "guid", "name", "type", "url", "visibility", "creationTime", "changeTime", "brand", "supplier", "defaultCategory",
)  # fmt: skip

ORDER_INCLUDES = frozenset(
    {"notes", "images", "shippingDetails", "stockLocation", "surchargeParameters", "productFlags"}
)
PRODUCT_INCLUDES = frozenset({
    "images", "variantParameters", "allCategories", "flags", "descriptiveParameters", "measureUnit",
    "surchargeParameters", "setItems", "filteringParameters", "recyclingFee", "warranty", "sortVariants", "gifts",
    "alternativeProducts", "relatedProducts", "relatedVideos", "relatedFiles", "perPricelistPrices",
})  # fmt: skip
NEED_A_MODULE = frozenset({"consumptionTax", "perStockAmounts"})


def order_row(shop: LivingShop, draft: Draft) -> dict[str, Any]:
    """Return a row of the orders list: no items, no addresses."""
    whole = msgspec.json.decode(order_line(draft, shop.profile))
    bill = whole["billingAddress"]
    more = {"fullName": bill["fullName"], "company": bill["company"], "remark": draft.remark}
    return {name: whole[name] for name in ORDER_ROW} | more


def order_bytes(shop: LivingShop, draft: Draft, includes: set[str]) -> bytes:
    """Return a line of a snapshot of orders; what must be asked for is there only then."""
    line = order_line(draft, shop.profile, notes="notes" in includes)
    if "shippingdetails" in includes:
        line = line.replace(b',"adminUrl":', b',"shippingDetails":null,"adminUrl":', 1)
    return line


def order_detail(shop: LivingShop, draft: Draft, includes: set[str]) -> dict[str, Any]:
    detail: dict[str, Any] = msgspec.json.decode(order_bytes(shop, draft, includes))
    if "paymenttransactions" in includes:
        detail["paymentTransactions"] = []
    return detail


def customer_row(shop: LivingShop, index: int) -> dict[str, Any]:
    """Return a row of the customers list: no e-mail."""
    whole = shop.customer(index)
    bill = whole["billingAddress"]
    row = {name: whole[name] for name in ("guid", "creationTime", "changeTime", "adminUrl")}
    return row | {"billCompany": bill["company"], "billFullName": bill["fullName"]}


def product_row(shop: LivingShop, place: int) -> dict[str, Any]:
    """Return a row of the products list: no variants."""
    whole = shop.product(place)
    return {name: whole[name] for name in PRODUCT_ROW}


def product_detail(shop: LivingShop, place: int, includes: set[str]) -> dict[str, Any]:
    whole = shop.product(place)
    if "setitems" not in includes:
        del whole["setItems"]
    if "variantparameters" not in includes:
        for variant in whole["variants"]:
            del variant["name"]
    if "allcategories" in includes:
        whole["categories"] = [{"guid": None, "name": whole["defaultCategory"]["name"], "parentGuid": None}]
    if "images" in includes:
        whole["images"] = []
    return whole
