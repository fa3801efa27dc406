"""What was changed from its default, and the version that a change of any of it replaces."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, ForeignKey, Integer, LargeBinary, Text, func
from sqlalchemy import Uuid as UuidType
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model


class Setting(Model):
    """The value of one option of the installation, and who changed it last. Without value and seal: back at its default."""

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # a secret, see shop/sealing.py; it has no value
    previous: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))  # null: the default
    changed_by: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())

    __table_args__ = (CheckConstraint("value IS NULL OR sealed IS NULL", name="value"),)


class ShopSetting(Model):
    """The value of one option of one shop."""

    __tablename__ = "shop_settings"

    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    previous: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    changed_by: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class SettingsVersion(Model):
    """One row. Triggers give it a new token in every transaction that changes a setting, whoever writes it."""

    __tablename__ = "settings_version"

    single: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default="true")
    token: Mapped[UUID] = mapped_column(UuidType, server_default=func.gen_random_uuid())
    number: Mapped[int] = mapped_column(BigInteger, server_default="1")  # of changes; tokens decide, this is for people
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())

    __table_args__ = (CheckConstraint("single", name="single"),)
