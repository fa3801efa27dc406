"""A customer as programs read it: the members of a JSON row, the columns of the CSV."""

from collections.abc import Mapping

from shop.customers.queries import CustomerRow
from shop.listing.cells import Fields
from shop.listing.scopes import ListedShop, zone_of

HEADER = (
    "shop", "id", "email", "name", "company", "registered", "orders_count", "total_spent", "currency", "first_order_at",
    "last_order_at", "url",
)  # fmt: skip
MONEY = {"total_spent": "currency"}  # columns that are added up in a manifest, and the columns of their currency


def customer_fields(row: CustomerRow, shops: Mapping[int, ListedShop], root: str) -> Fields:
    """Return one row; times are in the shop's zone. `root` is the address of this installation."""
    shop = shops[row.shop_id]
    zone = zone_of(shop)
    return {
        "shop": shop.slug,
        "id": row.id,
        "email": row.email,
        "name": row.name or row.company,
        "company": row.company,
        "registered": row.registered,
        "orders_count": row.orders_count,
        "total_spent": row.total_spent,
        "currency": shop.currency,
        "first_order_at": row.first_order_at.astimezone(zone) if row.first_order_at else None,
        "last_order_at": row.last_order_at.astimezone(zone) if row.last_order_at else None,
        "url": f"{root}/customers/{shop.slug}/{row.id}",
    }
