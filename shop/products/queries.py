"""Products as they are listed and shown: rows by key, and what one product and each of its SKUs brought."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from sqlalchemy import ARRAY, BigInteger, Integer, Text, bindparam, select, text
from sqlalchemy.orm import Session

from shop.db import db, found_by
from shop.products.models import Product, ProductVariant


class ProductRow(NamedTuple):
    """One SKU with its product. Sales are without VAT in the shop's currency, the price is the platform's own."""

    shop_id: int
    id: int  # of the product
    sku: str
    name: str
    variant_name: str | None
    brand: str | None
    ean: str | None
    unit: str | None
    stock: Decimal | None
    price: Decimal | None
    including_vat: bool | None
    price_currency: str | None
    is_listed: bool
    deleted_at: datetime | None
    orders: int
    units: Decimal
    sales: Decimal

    @property
    def full_name(self) -> str:
        """Return the product's name with what tells its variants apart."""
        return f"{self.name}, {self.variant_name}" if self.variant_name else self.name


class Keyed(Protocol):
    """A row's shop and variant, as a list's walk returns them."""

    @property
    def shop_id(self) -> int: ...
    @property
    def row(self) -> Any: ...


@dataclass(frozen=True)
class Variant:
    """The key of one SKU."""

    shop_id: int
    row: int


@dataclass(frozen=True)
class MonthSold:
    """What one month of the shop's days brought; `start` is its first day."""

    start: date
    units: Decimal
    sales: Decimal


ROWS = text("""
    SELECT v.shop_id, v.product_id, v.sku, p.name, v.name, p.brand, v.ean, v.unit, v.stock, v.price, v.including_vat, v.currency,
           p.guid IS NOT NULL AND p.deleted_at IS NULL, p.deleted_at,
           coalesce(m.orders, 0), coalesce(m.units, 0), coalesce(m.sales, 0)
    FROM unnest(:shop_ids, :ids) WITH ORDINALITY AS k(shop_id, id, place)
         JOIN product_variants v ON v.shop_id = k.shop_id AND v.id = k.id
         JOIN products p ON p.shop_id = v.shop_id AND p.id = v.product_id
         LEFT JOIN product_metrics m ON m.shop_id = v.shop_id AND m.sku = v.sku
    ORDER BY k.place""").bindparams(
    bindparam("shop_ids", type_=ARRAY(Integer)), bindparam("ids", type_=ARRAY(BigInteger))
)
MONTHS = text("""
    SELECT date_trunc('month', d.day)::date, sum(d.units), sum(d.sales) FROM daily_product_sales d
    WHERE d.shop_id = :shop_id AND d.sku = ANY(:skus) GROUP BY 1 ORDER BY 1""").bindparams(
    bindparam("skus", type_=ARRAY(Text))
)
WITHOUT_SKU = text("""
    SELECT shop_id, sales FROM product_metrics WHERE shop_id = ANY(:shop_ids) AND sku = '' AND orders > 0""").bindparams(
    bindparam("shop_ids", type_=ARRAY(Integer))
)


def product_rows(session: Session, keys: Sequence[Keyed]) -> list[ProductRow]:
    """Return the SKUs of the keys, in their order."""
    parameters = {"shop_ids": [key.shop_id for key in keys], "ids": [key.row for key in keys]}
    return [ProductRow(*row) for row in found_by(session, ROWS, parameters)] if keys else []


def product_of(shop_id: int, product_id: int) -> Product | None:
    return db.session.scalar(select(Product).where(Product.shop_id == shop_id, Product.id == product_id))


def variants_of(product: Product) -> list[ProductRow]:
    """Return each SKU of a product."""
    theirs = (ProductVariant.shop_id == product.shop_id, ProductVariant.product_id == product.id)
    found = db.session.scalars(select(ProductVariant.id).where(*theirs).order_by(ProductVariant.sku))
    return product_rows(db.session(), [Variant(product.shop_id, row) for row in found])


def months_of(shop_id: int, skus: Sequence[str]) -> list[MonthSold]:
    """Return what counted orders brought for the SKUs in each month that has any, oldest first."""
    return [MonthSold(*row) for row in db.session.execute(MONTHS, {"shop_id": shop_id, "skus": list(skus)})]


def sales_without_sku(shop_ids: Sequence[int]) -> dict[int, Decimal]:
    """Return what lines without a SKU brought, by shop: the part of the sales that no row of the list has."""
    return {row.shop_id: row.sales for row in found_by(db.session(), WITHOUT_SKU, {"shop_ids": list(shop_ids)})}
