"""What was taken away: one row for each list that somebody has exported."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Index, Integer, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model


class Export(Model):
    """The manifest of one file: what was asked for, and once it was sent as a whole, what it holds."""

    __tablename__ = "exports"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    staff_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("staff.id", ondelete="SET NULL"))
    actor: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)  # the address of the list, as its page has it
    file_name: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default="sending")
    as_of: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # up to when the shops' data was known
    money: Mapped[dict[str, str]] = mapped_column(
        JSONB, server_default="{}"
    )  # columns of amounts, and those of their currency
    rows: Mapped[int | None] = mapped_column(Integer)
    sums: Mapped[dict[str, dict[str, str]] | None] = mapped_column(JSONB)  # column: currency: amount
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("state IN ('sending', 'whole', 'cut')", name="state"),
        Index("ix_exports_at", "at", "id"),
        Index("ix_exports_staff_id_at", "staff_id", "at"),
        Index("ix_exports_sha256", "sha256", postgresql_where="sha256 IS NOT NULL"),
        Index("ix_exports_file_name", "file_name"),
    )

    @property
    def leads(self) -> bool:
        """Whether the address is one of Pult's own: "erased" is none, where it named somebody who was."""
        return self.query.startswith("/") and self.query[1:2] not in ("/", "\\")

    @property
    def amounts(self) -> list[tuple[str, Decimal, str]]:
        """Return the sums: column, amount, currency."""
        sums = self.sums or {}
        return [(column, Decimal(one), currency) for column, found in sums.items() for currency, one in found.items()]

    def as_manifest(self) -> dict[str, Any]:
        """Return the manifest as programs read it; amounts are strings."""
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "by": self.actor,
            "query": self.query,
            "file_name": self.file_name,
            "state": self.state,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "rows": self.rows,
            "sums": self.sums,
            "bytes": self.bytes,
            "sha256": self.sha256,
        }
