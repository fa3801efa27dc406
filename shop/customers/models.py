"""Who buys: people, the platform accounts that are theirs, and what they have spent."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
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


class Customer(Model):
    """One person of one shop, registered or known from guest orders. One e-mail is one person."""

    __tablename__ = "customers"

    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    email: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    company: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    city: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(Text)
    group_name: Mapped[str | None] = mapped_column(Text)
    price_ratio: Mapped[Decimal | None] = mapped_column(Numeric(8, 4))
    remark: Mapped[str | None] = mapped_column(Text)
    registered: Mapped[bool] = mapped_column(Boolean, server_default="false")
    addresses: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    merged_into: Mapped[int | None] = mapped_column(BigInteger)
    erased_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True)
    )  # on request; nothing of the person is left
    search: Mapped[str] = mapped_column(TSVECTOR, server_default="")
    snapshot_id: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        Index(
            "uq_customers_shop_id_email",
            "shop_id",
            func.lower(email),
            unique=True,
            postgresql_where="email IS NOT NULL",
        ),
        Index("ix_customers_shop_id_created_at", "shop_id", "created_at", "id"),
        Index("ix_customers_shop_id_registered", "shop_id", "registered", "created_at", "id"),
        Index(
            "ix_customers_deleted", "shop_id", "id", postgresql_where="deleted_at IS NOT NULL AND merged_into IS NULL"
        ),
        Index("ix_customers_search", "search", postgresql_using="gin"),
    )


class CustomerAccount(Model):
    """A customer of the platform, by its own id, and which of our people that is."""

    __tablename__ = "customer_accounts"

    shop_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    guid: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    source_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    content_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    snapshot_id: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        ForeignKeyConstraint(["shop_id", "customer_id"], ["customers.shop_id", "customers.id"]),
        Index("ix_customer_accounts_shop_id_customer_id", "shop_id", "customer_id"),
    )


class CustomerMerge(Model):
    """Two records that turned out to be one person, why, and since when."""

    __tablename__ = "customer_merges"

    shop_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    from_customer_id: Mapped[int] = mapped_column(BigInteger)
    into_customer_id: Mapped[int] = mapped_column(BigInteger)
    guids: Mapped[list[str]] = mapped_column(JSONB)  # the accounts that moved, so that the merge can be undone
    evidence: Mapped[str] = mapped_column(Text)
    snapshot_id: Mapped[int | None] = mapped_column(BigInteger)
    merged_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        ForeignKeyConstraint(["shop_id", "into_customer_id"], ["customers.shop_id", "customers.id"]),
        Index("ix_customer_merges_shop_id_into_customer_id", "shop_id", "into_customer_id"),
    )


class CustomerMetrics(Model):
    """What a person's counted orders add up to, in the shop's currency; kept right by every load."""

    __tablename__ = "customer_metrics"

    shop_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    orders_count: Mapped[int] = mapped_column(Integer, server_default="0")
    total_spent: Mapped[Decimal] = mapped_column(Numeric(16, 2), server_default="0")
    first_order_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_order_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    first_order_day: Mapped[date | None] = mapped_column(Date)  # the shop's local day
    last_order_day: Mapped[date | None] = mapped_column(Date)

    __table_args__ = (
        ForeignKeyConstraint(["shop_id", "customer_id"], ["customers.shop_id", "customers.id"], ondelete="CASCADE"),
        CheckConstraint("total_spent <> 'NaN'", name="total_spent"),
        Index("ix_customer_metrics_shop_id_total_spent", "shop_id", "total_spent", "customer_id"),
        Index("ix_customer_metrics_shop_id_orders_count", "shop_id", "orders_count", "customer_id"),
        Index("ix_customer_metrics_shop_id_last_order_at", "shop_id", "last_order_at", "customer_id"),
        Index("ix_customer_metrics_shop_id_first_order_day", "shop_id", "first_order_day"),
    )


class ErasureKey(Model):
    """The key under which erased people are marked, sealed under SECRET_KEY."""

    __tablename__ = "erasure_keys"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Tombstone(Model):
    """A code, guid or e-mail of somebody who was erased, as a keyed mark, and the guid that stands for the person since."""

    __tablename__ = "tombstones"

    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"), primary_key=True)
    guid: Mapped[str] = mapped_column(Text, primary_key=True)
    mark: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    key_id: Mapped[str] = mapped_column(Text, ForeignKey("erasure_keys.id"))
    erased_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
