"""The people who sign in, their shops and their sessions."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Identity, Index, Integer, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Model


class Person(Model):
    """Somebody who may sign in. Owners see every shop; managers and operators those they are given."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default="active")
    token_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)  # the personal read-only token
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    last_seen_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    shops: Mapped[list["PersonShop"]] = relationship(cascade="all, delete-orphan", lazy="selectin")

    __table_args__ = (
        Index("uq_staff_email", func.lower(email), unique=True),
        CheckConstraint("role IN ('owner', 'manager', 'operator')", name="role"),
        CheckConstraint("state IN ('active', 'inactive')", name="state"),
    )


class PersonShop(Model):
    """A shop that a person may see."""

    __tablename__ = "staff_shops"

    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(Integer, ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True)

    __table_args__ = (Index("ix_staff_shops_staff_id", "staff_id"),)


class SignIn(Model):
    """One signed-in browser. The cookie carries a secret; the table only its hash."""

    __tablename__ = "staff_sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    staff_id: Mapped[int] = mapped_column(Integer, ForeignKey("staff.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    address: Mapped[str | None] = mapped_column(INET)
    browser: Mapped[str] = mapped_column(Text, server_default="")

    __table_args__ = (Index("ix_staff_sessions_staff_id", "staff_id", "expires_at"),)
