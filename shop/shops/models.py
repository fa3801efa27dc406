"""The e-shops we look at: platform, currency, time zone."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import CHAR, CheckConstraint, DateTime, Identity, Integer, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model


class Shop(Model):
    """One e-shop on one platform. Its id stands first in every key of its data."""

    __tablename__ = "shops"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    platform: Mapped[str] = mapped_column(Text)
    base_url: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(CHAR(3))
    timezone: Mapped[str] = mapped_column(Text)
    credentials: Mapped[bytes | None] = mapped_column(LargeBinary)  # encrypted, see secrets.py
    access_token: Mapped[bytes | None] = mapped_column(LargeBinary)  # encrypted, see tokens.py
    access_token_expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    platform_shop_id: Mapped[str | None] = mapped_column(Text)
    learned: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # what the platform said of the shop, when last asked
    learned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    checked: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB)  # the steps of the last check, see checking.py
    checked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    webhook_keys: Mapped[bytes | None] = mapped_column(LargeBinary)  # encrypted, see webhook_keys.py
    problem: Mapped[str | None] = mapped_column(Text)  # why the platform lets us in no more: a sentence with its mend
    problem_code: Mapped[str | None] = mapped_column(Text)
    problem_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(Text, server_default="active")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (
        CheckConstraint("state IN ('active', 'paused')", name="state"),
        CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name="slug"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)
