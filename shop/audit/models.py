"""The trail: one row for everything somebody did."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, Integer, Text, func
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model


class AuditEntry(Model):
    """One act. Entries are only ever added."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    staff_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("staff.id", ondelete="SET NULL"))
    actor: Mapped[str] = mapped_column(Text)  # the e-mail at the time, or "command line", "worker"
    action: Mapped[str] = mapped_column(Text)
    shop_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("shops.id"))
    subject: Mapped[str] = mapped_column(Text, server_default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    request_id: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(INET)

    __table_args__ = (
        Index("ix_audit_entries_at", "at", "id"),
        Index("ix_audit_entries_shop_id_at", "shop_id", "at"),
        Index("ix_audit_entries_staff_id_at", "staff_id", "at"),
    )
