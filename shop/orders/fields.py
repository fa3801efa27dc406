"""An order as programs read it: the members of a JSON row, the columns of the CSV."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from shop.listing.cells import Fields
from shop.listing.scopes import ListedShop
from shop.orders.queries import OrderRow

HEADER = (
    "shop", "id", "code", "placed_at", "status", "status_name", "category", "counted", "paid", "customer_id", "email",
    "name", "country", "currency", "total", "total_shop_currency", "shop_currency", "items", "changed_at",
    "url",
)  # fmt: skip
MONEY = {
    "total": "currency",
    "total_shop_currency": "shop_currency",
}  # columns that are added up in a manifest, and the columns of their currency


def order_fields(row: OrderRow, shops: Mapping[int, ListedShop], root: str) -> Fields:
    """Return one row; times are in the shop's zone. `root` is the address of this installation."""
    shop = shops[row.shop_id]
    zone = ZoneInfo(shop.timezone)
    return {
        "shop": shop.slug,
        "id": row.id,
        "code": row.code,
        "placed_at": row.placed_at.astimezone(zone),
        "status": row.status_code,
        "status_name": row.status_name,
        "category": row.category,
        "counted": row.counted,
        "paid": row.paid,
        "customer_id": row.customer_id,
        "email": row.email,
        "name": row.name or row.company,
        "country": row.country,
        "currency": row.currency,
        "total": row.total,
        "total_shop_currency": row.total_shop,
        "shop_currency": shop.currency,
        "items": row.items,
        "changed_at": row.changed_at.astimezone(zone) if row.changed_at else None,
        "url": f"{root.rstrip('/')}/orders/{shop.slug}/{row.id}",
    }
