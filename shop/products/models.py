"""What is sold: products and their variants."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    CHAR,
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Text,
    false,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model


class Product(Model):
    """One thing in the catalogue, or one that is only known from orders (`guid` is null then)."""

    __tablename__ = "products"

    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    guid: Mapped[str | None] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    sku: Mapped[str] = mapped_column(Text)  # of its first variant
    brand: Mapped[str | None] = mapped_column(Text)
    supplier: Mapped[str | None] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(Text)
    visibility: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    search: Mapped[str] = mapped_column(TSVECTOR)
    source_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    content_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    snapshot_id: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        Index("uq_products_shop_id_guid", "shop_id", "guid", unique=True, postgresql_where="guid IS NOT NULL"),
        Index("ix_products_shop_id_sku", "shop_id", "sku"),
        Index("ix_products_shop_id_name", "shop_id", "name", "id"),
        Index(
            "ix_products_unlisted", "shop_id", "name", "id", postgresql_where="guid IS NULL OR deleted_at IS NOT NULL"
        ),
        Index("ix_products_search", "search", postgresql_using="gin"),
    )


class ProductVariant(Model):
    """One sellable thing of a product; its SKU is what order lines name."""

    __tablename__ = "product_variants"

    shop_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger)
    sku: Mapped[str] = mapped_column(Text)
    ean: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    unit: Mapped[str | None] = mapped_column(Text)
    visible: Mapped[bool | None] = mapped_column(Boolean)
    stock: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    price: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    including_vat: Mapped[bool | None] = mapped_column(Boolean)
    currency: Mapped[str | None] = mapped_column(CHAR(3))
    vat_rate: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    purchase_price: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    sold: Mapped[bool] = mapped_column(Boolean, server_default=false())  # ever: triggers on product_metrics mark it

    __table_args__ = (
        ForeignKeyConstraint(["shop_id", "product_id"], ["products.shop_id", "products.id"]),
        Index("uq_product_variants_shop_id_sku", "shop_id", "sku", unique=True),
        Index("ix_product_variants_shop_id_product_id_sku", "shop_id", "product_id", "sku"),
        Index("ix_product_variants_unsold", "shop_id", "sku", postgresql_where="NOT sold"),
    )
