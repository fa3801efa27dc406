"""The people who sign in: their shops, sessions, one-time links, second factor and tokens."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    func,
)
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
    token_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)  # always empty since tokens have a table
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    last_seen_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    factor_secret: Mapped[bytes | None] = mapped_column(LargeBinary)  # of the second factor, sealed
    factor_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # None: not asked for
    factor_step: Mapped[int | None] = mapped_column(BigInteger)  # the last 30 seconds whose code was taken

    sees_personal: Mapped[bool] = mapped_column(Boolean, server_default="false")  # of customers; owners always do
    language: Mapped[str | None] = mapped_column(
        Text
    )  # a code of shop.languages; None: as the browser and the installation say

    shops: Mapped[list["PersonShop"]] = relationship(cascade="all, delete-orphan")

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
    proved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # when the password was last given

    __table_args__ = (Index("ix_staff_sessions_staff_id", "staff_id", "expires_at"),)

    @property
    def id(self) -> int:
        """Return the number by which pages name the session; the cookie cannot be found from it."""
        return int.from_bytes(self.token_hash[:6])


class OneTimeLink(Model):
    """An invitation or a reset: whoever has the link chooses the person's password, once. Only its hash is kept."""

    __tablename__ = "staff_links"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    staff_id: Mapped[int] = mapped_column(Integer, ForeignKey("staff.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # a newer one or a password came

    __table_args__ = (
        Index("ix_staff_links_staff_id", "staff_id"),
        CheckConstraint("purpose IN ('invitation', 'reset')", name="purpose"),
    )


class RecoveryCode(Model):
    """One of ten codes that each stand in once for the second factor. Only its hash is kept."""

    __tablename__ = "staff_recovery_codes"

    staff_id: Mapped[int] = mapped_column(Integer, ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PersonalToken(Model):
    """What a program reads `.json` and `.csv` with, as its person. Only its hash and its first letters are kept."""

    __tablename__ = "staff_tokens"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    staff_id: Mapped[int] = mapped_column(Integer, ForeignKey("staff.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    prefix: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # to the hour
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (Index("ix_staff_tokens_staff_id", "staff_id"),)
