"""Changes an option: checked, written with who did it, and with its entry in the trail, in the caller's transaction."""

from dataclasses import dataclass
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from shop import sealing
from shop.audit.recording import Action, Numbered, acting, record
from shop.config import Config
from shop.db import db
from shop.errors import Conflict, ShopError
from shop.languages import AT_WORK, N_, said, spoken
from shop.languages import gettext as _
from shop.settings import values
from shop.settings.copies import INSTALLATION
from shop.settings.models import Setting, SettingsVersion, ShopSetting
from shop.settings.options import BY_KEY, Option

T = TypeVar("T")
MASKED = "••••"
NOT_SET = N_("not set")


class UnknownOption(ShopError):
    """There is no option of that name, or it is not the installation's, or not a shop's."""


@dataclass(frozen=True)
class Change:
    """What an option was and is now, in words; a secret in dots."""

    before: str
    after: str

    @property
    def is_none(self) -> bool:
        return self.before == self.after and self.after != MASKED


def option_named(key: str) -> Option[Any]:
    """Return the option of that key. Raises UnknownOption."""
    option = BY_KEY.get(key)
    if option is None:
        raise UnknownOption(
            _(
                "There is no option %(key)s. Nothing was changed; `flask settings list` shows all of them.",
                key=repr(key[:80]),
            )
        )
    return option


def check_scope(option: Option[Any], shop: Numbered | None) -> None:
    if option.per_shop and shop is None:
        raise UnknownOption(
            _(
                "%(option)s has a value for each shop. Nothing was changed; name the shop with --shop.",
                option=option.key,
            )
        )
    if not option.per_shop and shop is not None:
        raise UnknownOption(
            _(
                "%(option)s is one for the whole installation. Nothing was changed; leave the shop out, if all are meant.",
                option=option.key,
            )
        )


def change(option: Option[T], given: T, shop: Numbered | None = None, seen: str | None = None) -> Change:
    """Give an option a value. The caller commits; from then on everybody reads it.

    `seen` is the value that the person had before their eyes, as it is written: another one in force is a Conflict.
    """
    check_scope(option, shop)
    lock()
    if option.is_secret:
        return change_secret(option, str(given))
    raw = stored(option, shop)
    before = values.fitting(option, raw)
    if seen is not None and option.kind.written(before) != seen:
        raise Conflict(
            _(
                "“%(option)s” was changed meanwhile and is %(value)s now. Nothing was changed; look at it again, and change "
                "it if you still want to.",
                option=said(option.title),
                value=option.kind.words(before),
            )
        )
    if before == given and (raw is None or option.kind.stored(before) == raw):
        return Change(option.kind.words(before), option.kind.words(given))
    write(option, None if given == option.default else option.kind.stored(given), shop)
    return told(Action.SETTING_CHANGED, option, before, given, shop)


def restore_default(option: Option[T], shop: Numbered | None = None) -> Change:
    """Let an option have its default again, whatever stands there, also what does not fit. The caller commits."""
    check_scope(option, shop)
    lock()
    if option.is_secret:
        was = values.secret_is_set(option)
        if was:
            upsert(option, None, value=None, sealed=None)
            record(Action.SETTING_RESET, option.key, before=MASKED, after=NOT_SET)
        return Change(MASKED if was else said(NOT_SET), said(NOT_SET))
    before = values.fitting(option, stored(option, shop))
    write(option, None, shop)
    return told(Action.SETTING_RESET, option, before, option.default, shop)


def lock() -> None:
    """Let one change after the other read what it replaces; a version that is not there yet is made."""
    db.session.execute(insert(SettingsVersion).values(single=True).on_conflict_do_nothing())
    db.session.execute(select(SettingsVersion.token).with_for_update())
    values.forget()


def stored(option: Option[Any], shop: Numbered | None) -> object:
    """Return what stands there, also what does not fit; None for the default."""
    found, _source = values.stored_of(shop.id if shop else INSTALLATION)
    return found.values.get(option.key)


def change_secret(option: Option[T], given: str) -> Change:
    config: Config = current_app.extensions["pult"]
    before = MASKED if values.secret_is_set(option) else NOT_SET
    sealed = sealing.seal(values.purpose(option.key), given.encode(), config.secret_key)
    upsert(option, None, value=None, sealed=sealed)
    record(Action.SETTING_CHANGED, option.key, before=before, after=MASKED)
    return Change(said(before), MASKED)


def write(option: Option[Any], stored: object, shop: Numbered | None) -> None:
    upsert(option, shop, value=stored)
    values.forget()


def upsert(option: Option[Any], shop: Numbered | None, **new: object) -> None:
    """Write what is stored of an option; what it was before stays beside it. A trigger gives the version a new token."""
    table: type[Setting | ShopSetting] = ShopSetting if shop else Setting
    whose = {"key": option.key} | ({"shop_id": shop.id} if shop else {})
    written = new | {"changed_by": acting().name, "changed_at": func.clock_timestamp()}
    statement = insert(table).values(**whose, **written)
    db.session.execute(
        statement.on_conflict_do_update(index_elements=list(whose), set_=written | {"previous": table.value})
    )


def told(action: Action, option: Option[T], before: T, after: T, shop: Numbered | None) -> Change:
    with spoken(AT_WORK.code):  # whoever reads the trail may read another language
        record(action, option.key, shop, before=option.kind.words(before), after=option.kind.words(after))
    return Change(option.kind.words(before), option.kind.words(after))
