"""How options stand: each with its value, who changed it last and from what, and what is wrong with what is stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from shop.audit.recording import Numbered
from shop.db import db
from shop.languages import gettext as _
from shop.settings.kinds import Codes
from shop.settings.models import Setting, ShopSetting
from shop.settings.options import BY_KEY, OPTIONS, Option
from shop.settings.values import fitting


@dataclass(frozen=True)
class Standing:
    """One option of the installation or of one shop. Texts of a secret say only whether there is one."""

    option: Option[Any]
    value: Any
    written: str
    words: str
    is_default: bool
    changed_by: str = ""
    changed_at: datetime | None = None
    previous: str = ""  # in words
    problem: str = ""  # why what is stored does not count

    @property
    def default_words(self) -> str:
        return str(self.option.kind.words(self.option.default))


def standings(shop: Numbered | None = None) -> list[Standing]:
    """Return the options of the installation, or of a shop, in the order in which they are declared.

    This looks at the table itself: whoever manages options sees what is stored, not a copy of it.
    """
    rows: dict[str, Setting | ShopSetting] = {}
    if shop is None:
        rows.update((row.key, row) for row in db.session.scalars(fresh(select(Setting))))
    else:
        theirs = select(ShopSetting).where(ShopSetting.shop_id == shop.id)
        rows.update((row.key, row) for row in db.session.scalars(fresh(theirs)))
    return [standing(option, rows.get(option.key)) for option in OPTIONS if option.per_shop == (shop is not None)]


def fresh(query: Any) -> Any:
    return query.execution_options(populate_existing=True)


def standing(option: Option[Any], row: Setting | ShopSetting | None) -> Standing:
    if option.is_secret:
        there = isinstance(row, Setting) and row.sealed is not None
        found = Standing(option, None, "", _("set") if there else _("not set"), not there)
    else:
        value = fitting(option, row.value if row else None)
        is_default = row is None or row.value is None
        found = Standing(option, value, option.kind.written(value), option.kind.words(value), is_default)
    if row is None:
        return found
    return replace(
        found,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        previous="" if option.is_secret else option.kind.words(fitting(option, row.previous)),
        problem=problem_of(option, row.value),
    )


def problem_of(option: Option[Any], stored: object) -> str:
    return "" if stored is None else option.kind.objection(stored)


def misfits(shops: Sequence[Numbered]) -> Iterator[tuple[Numbered | None, Standing]]:
    """Yield every option whose stored value does not fit, with its shop."""
    for shop in (None, *shops):
        for one in standings(shop):
            if one.problem:
                yield shop, one


def strangers() -> list[str]:
    """Return the keys that are stored, and that this version of Pult has no option for."""
    keys = select(Setting.key).union(select(ShopSetting.key))
    return sorted(key for key in db.session.scalars(keys) if key not in BY_KEY)


def as_fields(one: Standing, slug: str | None) -> dict[str, Any]:
    """Return one option, of the shop with this slug or of the installation, as plain values."""
    option = one.option
    return {
        "key": option.key,
        "shop": slug,
        "scope": option.scope.value,
        "value": as_json_value(option, one.value),
        "words": one.words,
        "default": as_json_value(option, option.default),
        "is_default": one.is_default,
        "secret": option.is_secret,
        "changed_by": one.changed_by or None,
        "changed_at": one.changed_at.isoformat() if one.changed_at else None,
        "problem": one.problem or None,
        "help": option.help,
        "effect": option.effect,
    }


def as_json_value(option: Option[Any], value: Any) -> Any:
    """Return a number, a text or a list; null for a secret, and where what the platform proposes holds."""
    proposed = value is None and isinstance(option.kind, Codes)
    return None if option.is_secret or proposed else option.kind.stored(value)
