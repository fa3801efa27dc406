"""Folds: what a shop's days and months add up to, in its currency. Pages read these, never the lines."""

from datetime import date
from decimal import Decimal

from sqlalchemy import Date, ForeignKey, Index, Integer, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model


class DailySales(Model):
    """The orders of one day in one status. Sales of a day are the sum over the statuses that count."""

    __tablename__ = "daily_sales"

    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    status_code: Mapped[str] = mapped_column(Text, primary_key=True)
    orders: Mapped[int] = mapped_column(Integer)
    items: Mapped[int] = mapped_column(Integer)
    units: Mapped[Decimal] = mapped_column(Numeric(16, 3))
    total_sales: Mapped[Decimal] = mapped_column(Numeric(16, 2))
    gross_sales: Mapped[Decimal] = mapped_column(Numeric(16, 2))
    discounts: Mapped[Decimal] = mapped_column(Numeric(16, 2))
    shipping: Mapped[Decimal] = mapped_column(Numeric(16, 2))
    fees: Mapped[Decimal] = mapped_column(Numeric(16, 2))
    tax: Mapped[Decimal] = mapped_column(Numeric(16, 2))
    rounding: Mapped[Decimal] = mapped_column(Numeric(16, 2))


class MonthlySales(Model):
    """All days of one month in one status, named by its first day. Triggers add to it whatever changes a day."""

    __tablename__ = "monthly_sales"

    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"), primary_key=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    status_code: Mapped[str] = mapped_column(Text, primary_key=True)
    orders: Mapped[int] = mapped_column(Integer)
    items: Mapped[int] = mapped_column(Integer)
    units: Mapped[Decimal] = mapped_column(Numeric(16, 3))
    total_sales: Mapped[Decimal] = mapped_column(Numeric(16, 2))
    gross_sales: Mapped[Decimal] = mapped_column(Numeric(16, 2))
    discounts: Mapped[Decimal] = mapped_column(Numeric(16, 2))
    shipping: Mapped[Decimal] = mapped_column(Numeric(16, 2))
    fees: Mapped[Decimal] = mapped_column(Numeric(16, 2))
    tax: Mapped[Decimal] = mapped_column(Numeric(16, 2))
    rounding: Mapped[Decimal] = mapped_column(Numeric(16, 2))


class DailyProductSales(Model):
    """What counted orders of one day brought for one SKU (empty: lines without one), without VAT."""

    __tablename__ = "daily_product_sales"

    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    sku: Mapped[str] = mapped_column(Text, primary_key=True)
    orders: Mapped[int] = mapped_column(Integer)
    units: Mapped[Decimal] = mapped_column(Numeric(16, 3))
    sales: Mapped[Decimal] = mapped_column(Numeric(16, 2))

    __table_args__ = (Index("ix_daily_product_sales_shop_id_sku", "shop_id", "sku", "day"),)


class ProductMetrics(Model):
    """All that counted orders ever brought for one SKU, without VAT."""

    __tablename__ = "product_metrics"

    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"), primary_key=True)
    sku: Mapped[str] = mapped_column(Text, primary_key=True)
    orders: Mapped[int] = mapped_column(Integer)
    units: Mapped[Decimal] = mapped_column(Numeric(16, 3))
    sales: Mapped[Decimal] = mapped_column(Numeric(16, 2))

    __table_args__ = (
        Index("ix_product_metrics_shop_id_sales", "shop_id", "sales", "sku"),
        Index("ix_product_metrics_shop_id_units", "shop_id", "units", "sku"),
    )
