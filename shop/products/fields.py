"""A product as programs read it: the members of a JSON row, the columns of the CSV."""

from collections.abc import Mapping
from decimal import Decimal

from shop.listing.cells import Fields
from shop.listing.scopes import ListedShop
from shop.products.queries import ProductRow

HEADER = (
    "shop", "id", "sku", "name", "brand", "orders", "units", "sales", "currency", "price", "price_currency", "stock",
    "listed", "url",
)  # fmt: skip
MONEY = {"sales": "currency"}  # columns that are added up in a manifest, and the columns of their currency


def plain(quantity: Decimal | None) -> int | float | None:
    """Return a quantity as a number: it is no money, and it has three decimals at most."""
    if quantity is None or quantity != quantity.to_integral_value():
        return None if quantity is None else float(quantity)
    return int(quantity)


def product_fields(row: ProductRow, shops: Mapping[int, ListedShop], root: str) -> Fields:
    """Return one row: a SKU, with the number of its product. `root` is the address of this installation."""
    shop = shops[row.shop_id]
    return {
        "shop": shop.slug,
        "id": row.id,
        "sku": row.sku,
        "name": row.full_name,
        "brand": row.brand,
        "orders": row.orders,
        "units": plain(row.units),
        "sales": row.sales,
        "currency": shop.currency,
        "price": row.price,
        "price_currency": row.price_currency,
        "stock": plain(row.stock),
        "listed": row.is_listed,
        "url": f"{root}/products/{shop.slug}/{row.id}",
    }
