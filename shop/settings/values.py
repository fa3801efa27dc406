"""The value of an option, at any moment: never older than the transaction that asks for it.

The version is read from PostgreSQL once a transaction, along with the session of whoever asks where there is one; outside
a transaction with each value. Its token says which copy of the values is right (docs/decisions/0022-settings.md).
"""

import time
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import structlog
from cryptography.fernet import InvalidToken
from flask import current_app
from sqlalchemy import Connection, ScalarSelect, event, func, select
from sqlalchemy.orm import Session, SessionTransaction

from shop import sealing
from shop.boundaries import covers
from shop.config import Config
from shop.db import db
from shop.errors import ShopError
from shop.languages import AT_WORK, spoken
from shop.languages import gettext as _
from shop.settings.copies import INSTALLATION, Stored, keep, own_copy, shared_copy
from shop.settings.kinds import Unfit
from shop.settings.metering import Source, note
from shop.settings.models import Setting, SettingsVersion, ShopSetting
from shop.settings.options import Option

T = TypeVar("T")
NOTED = "settings"  # where a session keeps what it knows
log = structlog.get_logger()


@dataclass
class Noted:
    """What one transaction knows: the version, and the values of it that were asked for."""

    token: str | None
    stored: dict[int, Stored] = field(default_factory=dict)


def value(option: Option[T], shop_id: int | None = None) -> T:
    """Return the value of an option, its default where none is stored or what is stored does not fit any more.

    An option of each shop needs the shop. Secrets are read by `secret`.
    """
    if option.per_shop != (shop_id is not None) or option.is_secret:
        raise TypeError(f"{option.key} is {'secret' if option.is_secret else f'of the {option.scope}'}.")
    began = time.perf_counter()
    stored, source = stored_of(shop_id or INSTALLATION)
    note(source, time.perf_counter() - began)
    return fitting(option, stored.values.get(option.key))


def fitting(option: Option[T], stored: object) -> T:
    """Return what a stored value means, the default where it means nothing; the doctor tells of such values."""
    if stored is None:
        return option.default
    try:
        return option.kind.fit(stored)
    except Unfit:
        with spoken(AT_WORK.code):
            log.warning("setting_does_not_fit", option=option.key, reason=option.kind.objection(stored))
        return option.default


def secret(option: Option[str]) -> str:
    """Return a secret, empty where none is set. It is never copied anywhere. Raises ShopError where no key opens it."""
    sealed = db.session.scalar(select(Setting.sealed).where(Setting.key == option.key))
    if sealed is None:
        return ""
    config: Config = current_app.extensions["pult"]
    try:
        return sealing.opened(purpose(option.key), sealed, config.secret_key).decode()
    except InvalidToken as error:
        raise ShopError(
            _(
                "%(option)s was sealed under another SECRET_KEY and cannot be read. Nothing was changed; bring that key "
                "back as SECRET_KEY_BEFORE, or set it again.",
                option=option.key,
            )
        ) from error


def secret_is_set(option: Option[Any]) -> bool:
    return db.session.scalar(select(Setting.sealed.is_not(None)).where(Setting.key == option.key)) or False


def purpose(key: str) -> str:
    return f"pult setting 1, {key}"


def version() -> ScalarSelect[UUID]:
    """Return what a query that is asked anyway can bring along for `note_version`."""
    return select(SettingsVersion.token).scalar_subquery()


def note_version(token: UUID | None) -> None:
    """Let the running transaction of the session know the version that one of its queries brought along."""
    session = db.session()
    if session.in_transaction():
        session.info[NOTED] = Noted(worded(token))


def stored_of(scope: int) -> tuple[Stored, Source]:
    """Return what is stored, and from where. Outside a transaction nothing stays open, and nothing is remembered."""
    session = db.session()
    if not session.in_transaction():
        with db.engine.connect() as connection:
            return found(asked(connection), scope, connection)
    noted: Noted | None = session.info.get(NOTED)
    if noted is None:
        noted = session.info[NOTED] = asked(session.connection())
    elif scope in noted.stored:
        return noted.stored[scope], Source.TRANSACTION
    return found(noted, scope, session.connection())


def asked(connection: Connection) -> Noted:
    note(Source.VERSION)
    return Noted(worded(connection.scalar(select(version()))))


def found(noted: Noted, scope: int, connection: Connection) -> tuple[Stored, Source]:
    """Return the copy of the noted version from the nearest place that has it, and keep it in the nearer ones."""
    stored, source = (own_copy(noted.token, scope) if noted.token else None), Source.PROCESS
    if stored is None and noted.token:
        stored, source = shared_copy(noted.token, scope), Source.REDIS
        if stored is not None:
            keep(stored, scope, shared=False)
    if stored is None:
        stored, source = read(connection, scope), Source.DATABASE
        if scope == INSTALLATION or covers(
            scope
        ):  # what may not be seen reads as not set, which is nobody else's answer
            keep(stored, scope, shared=True)
        if stored.token != noted.token:  # changed since the version was asked for: what is newer goes for all
            noted.token = stored.token
            noted.stored.clear()
    noted.stored[scope] = stored
    return stored, source


def read(connection: Connection, scope: int) -> Stored:
    """Return the values and their version as of one moment: a single statement sees a single snapshot."""
    table = ShopSetting if scope else Setting
    values = select(func.jsonb_object_agg(table.key, table.value)).where(table.value.is_not(None))
    if scope:
        values = values.where(ShopSetting.shop_id == scope)
    row = connection.execute(select(version(), values.scalar_subquery())).one()
    stored: dict[str, Any] = row[1] or {}
    return Stored(worded(row[0]), stored)


def worded(token: UUID | None) -> str | None:
    return None if token is None else str(token)


@event.listens_for(db.session, "after_transaction_end")
def forget_at_the_end(session: Session, transaction: SessionTransaction) -> None:
    """What is known holds for one transaction. The end of a savepoint that was kept is none."""
    if transaction.parent is None:
        session.info.pop(NOTED, None)


@event.listens_for(db.session, "after_soft_rollback")
def forget_what_was_taken_back(session: Session, _transaction: SessionTransaction) -> None:
    """With a savepoint that is rolled back goes what it had changed, and the version of it."""
    session.info.pop(NOTED, None)


def forget() -> None:
    """Forget what the running transaction knows, as it has just changed it."""
    db.session().info.pop(NOTED, None)
