"""What each kind of snapshot stages: its tables, their columns, and how a record becomes rows of them."""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from shop.platforms.platform import Platform
from shop.platforms.records import Kind
from shop.snapshots.mapping_customers import CUSTOMER_COLUMNS, CustomerMapper
from shop.snapshots.mapping_orders import ITEM_COLUMNS, ORDER_COLUMNS, OrderMapper
from shop.snapshots.mapping_products import PRODUCT_COLUMNS, VARIANT_COLUMNS, ProductMapper

TYPES = {
    "line": "int", "src": "int", "fresh": "bool", "source_hash": "bytea", "content_hash": "bytea", "changed_at": "timestamptz",
    "placed_at": "timestamptz", "created_at": "timestamptz", "local_day": "date", "exchange_rate": "numeric",
    "total": "numeric", "total_without_vat": "numeric", "to_pay": "numeric", "paid": "bool", "total_shop": "numeric",
    "gross_sales": "numeric", "discounts": "numeric", "shipping": "numeric", "fees": "numeric", "tax": "numeric",
    "rounding": "numeric", "items": "int", "units": "numeric", "cash_desk": "bool", "particulars": "jsonb",
    "search": "tsvector", "buyer": "tsvector", "sales": "numeric", "quantity": "numeric", "unit_price": "numeric", "vat_rate": "numeric",
    "purchase_price": "numeric", "parent_line": "int", "price_ratio": "numeric", "addresses": "jsonb", "visible": "bool",
    "stock": "numeric", "price": "numeric", "including_vat": "bool",
}  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """One kind. `key` is the staged column that names the entity; `stored` finds the hashes already stored by it."""

    kind: Kind
    key: str
    columns: tuple[str, ...]
    parts: tuple[str, ...]
    stored: str
    mapper: Callable[[ZoneInfo, Platform], Callable[..., tuple[str, str]]]

    def definition(self, columns: tuple[str, ...]) -> str:
        """Return the column list of a staging table; whatever is not listed among the types is text."""
        return ", ".join(f"{name} {TYPES.get(name, 'text')}" for name in columns)


SHAPES = {
    Kind.ORDERS: Shape(
        kind=Kind.ORDERS,
        key="code",
        columns=ORDER_COLUMNS,
        parts=ITEM_COLUMNS,
        stored="SELECT code, source_hash FROM orders WHERE shop_id = %s AND code = ANY(%s)",
        mapper=lambda zone, platform: OrderMapper(zone, platform.line_kind).rows,
    ),
    Kind.CUSTOMERS: Shape(
        kind=Kind.CUSTOMERS,
        key="guid",
        columns=CUSTOMER_COLUMNS,
        parts=(),
        stored="SELECT guid, source_hash FROM customer_accounts WHERE shop_id = %s AND guid = ANY(%s)",
        mapper=lambda _zone, _platform: CustomerMapper().rows,
    ),
    Kind.PRODUCTS: Shape(
        kind=Kind.PRODUCTS,
        key="guid",
        columns=PRODUCT_COLUMNS,
        parts=VARIANT_COLUMNS,
        stored="SELECT guid, source_hash FROM products WHERE shop_id = %s AND guid = ANY(%s)",
        mapper=lambda _zone, _platform: ProductMapper().rows,
    ),
}
