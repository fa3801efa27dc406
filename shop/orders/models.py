"""What was bought: orders, their lines, their statuses, and what changed between two snapshots."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CHAR,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model


class OrderStatus(Model):
    """A status of one shop: its own code and name, our category, and whether its orders count as sales."""

    __tablename__ = "order_statuses"

    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"), primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    counted: Mapped[bool] = mapped_column(Boolean)

    __table_args__ = (CheckConstraint("category IN ('new', 'open', 'done', 'cancelled', 'returned')", name="category"),)


class Order(Model):
    """One order as the platform last described it. Amounts in `currency`; those named below in the shop's own."""

    __tablename__ = "orders"

    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    guid: Mapped[str | None] = mapped_column(Text)
    external_code: Mapped[str | None] = mapped_column(Text)
    status_code: Mapped[str] = mapped_column(Text)
    counted: Mapped[bool] = mapped_column(Boolean)  # from its status; false as well once deleted
    placed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    local_day: Mapped[date] = mapped_column(Date)  # the shop's day of placed_at
    items_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))  # placed_at as first seen; never changes
    changed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    customer_id: Mapped[int | None] = mapped_column(BigInteger)
    customer_guid: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    company: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(CHAR(3))
    exchange_rate: Mapped[Decimal] = mapped_column(Numeric(18, 8))  # order currency for 1 of the shop's
    total: Mapped[Decimal] = mapped_column(Numeric(14, 2))  # with VAT, from the header
    total_without_vat: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    to_pay: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    paid: Mapped[bool | None] = mapped_column(Boolean)
    # In the shop's currency, without VAT but for total_shop and tax:
    # gross_sales − discounts + shipping + fees + tax + rounding = total_shop
    total_shop: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    gross_sales: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    discounts: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    shipping: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    fees: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    tax: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    rounding: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    items: Mapped[int] = mapped_column(Integer)  # lines
    units: Mapped[Decimal] = mapped_column(Numeric(14, 3))  # pieces of goods, parts of sets not counted again
    cash_desk: Mapped[bool | None] = mapped_column(Boolean)
    source: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    payment_method: Mapped[str | None] = mapped_column(Text)
    shipping_method: Mapped[str | None] = mapped_column(Text)
    particulars: Mapped[dict[str, Any]] = mapped_column(JSONB)  # addresses, notes, parcel, what the decoder changed
    search: Mapped[str] = mapped_column(TSVECTOR)
    source_hash: Mapped[bytes] = mapped_column(LargeBinary)  # of the raw line
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)  # of what we keep of it
    snapshot_id: Mapped[int] = mapped_column(BigInteger)  # that last changed it
    snapshot_line: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        ForeignKeyConstraint(["shop_id", "customer_id"], ["customers.shop_id", "customers.id"]),
        CheckConstraint("total <> 'NaN' AND total_shop <> 'NaN'", name="total"),
        CheckConstraint("placed_at >= '2000-01-01+00'", name="placed_at"),
        Index("uq_orders_shop_id_code", "shop_id", "code", unique=True),
        Index("ix_orders_shop_id_placed_at", "shop_id", "placed_at", "id"),
        Index("ix_orders_shop_id_status_code", "shop_id", "status_code", "placed_at", "id"),
        Index("ix_orders_shop_id_customer_id", "shop_id", "customer_id", "placed_at", "id"),
        Index("ix_orders_shop_id_total_shop", "shop_id", "total_shop", "id", postgresql_include=["deleted_at"]),
        Index("ix_orders_shop_id_status_code_total_shop", "shop_id", "status_code", "total_shop", "id"),
        Index("ix_orders_deleted", "shop_id", "placed_at", "id", postgresql_where="deleted_at IS NOT NULL"),
        Index(
            "ix_orders_payment_unknown",
            "shop_id",
            "placed_at",
            "id",
            postgresql_where="paid IS NULL AND deleted_at IS NULL",
        ),
        Index(
            "ix_orders_payment_unknown_total",
            "shop_id",
            "total_shop",
            "id",
            postgresql_where="paid IS NULL AND deleted_at IS NULL",
        ),
        Index(
            "ix_orders_unpaid_total",
            "shop_id",
            "total_shop",
            "id",
            postgresql_where="NOT paid AND deleted_at IS NULL",
        ),
        Index("ix_orders_words", func.shop_words(shop_id, search), postgresql_using="gin"),
    )


# The search vector with the shop's number before each lexeme, as the index has it: what one shop has, no other's rows stand beside.
OWN_WORDS = func.shop_words(Order.shop_id, Order.search, type_=TSVECTOR)


class OrderItem(Model):
    """One line of an order, in the order's currency. `created_at` is the order's `items_at`, and says in which quarter it lies."""

    __tablename__ = "order_items"

    shop_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    item_type: Mapped[str] = mapped_column(Text)  # the platform's word
    kind: Mapped[str] = mapped_column(Text)  # ours: goods, discount, shipping, fee, deposit, part
    product_guid: Mapped[str | None] = mapped_column(Text)
    sku: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    variant_name: Mapped[str | None] = mapped_column(Text)
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 3))
    unit: Mapped[str | None] = mapped_column(Text)
    unit_price: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))  # with VAT
    total: Mapped[Decimal] = mapped_column(Numeric(14, 2))  # of the line, with VAT
    total_without_vat: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    vat_rate: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    purchase_price: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    parent_line: Mapped[int | None] = mapped_column(Integer)  # a part of a set points to the set

    __table_args__ = (
        ForeignKeyConstraint(["shop_id", "order_id"], ["orders.shop_id", "orders.id"]),
        CheckConstraint("total <> 'NaN' AND quantity <> 'NaN'", name="total"),
        Index("ix_order_items_shop_id_created_at", "shop_id", "created_at"),
        Index("ix_order_items_shop_id_item_type", "shop_id", "item_type", "created_at"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )


class OrderRevision(Model):
    """One field of an order that differed between two snapshots."""

    __tablename__ = "order_revisions"

    shop_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    snapshot_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    field: Mapped[str] = mapped_column(Text, primary_key=True)
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (ForeignKeyConstraint(["shop_id", "order_id"], ["orders.shop_id", "orders.id"]),)
