"""What `flask doctor` says of settings and secrets: whether what is stored fits its option, and opens under our key."""

from collections.abc import Sequence

from flask import current_app

from shop.config import Config
from shop.customers import erasure_keys
from shop.findings import Finding, State
from shop.formatting import plural
from shop.settings import resealing
from shop.settings.standing import misfits, standings, strangers
from shop.shops import resealing as of_shops
from shop.shops.models import Shop


def options(shops: Sequence[Shop]) -> Finding:
    """See that every stored value still fits; where one does not, the default holds."""
    slugs = {shop.id: shop.slug for shop in shops}
    bad = [
        f"{one.option.key}{f' of {slugs[shop.id]}' if shop else ''}: {one.problem} {one.default_words} holds instead."
        for shop, one in misfits(shops)
    ]
    if bad:
        mend = "Set it again, or bring the default back: `flask settings reset KEY`."
        return Finding("settings", State.BAD, " ".join(bad), mend)
    if unknown := strangers():
        mend = "Nothing reads it: another version of Pult has stored it."
        return Finding("settings", State.NOTE, f"no option is called {', '.join(unknown)}", mend)
    return Finding("settings", State.GOOD, f"{plural(changed(shops), 'value', 'values')} changed, all of them fit")


def changed(shops: Sequence[Shop]) -> int:
    return sum(not one.is_default for shop in (None, *shops) for one in standings(shop))


def sealed_secrets(shops: Sequence[Shop]) -> Finding:
    """See that the key in force opens what is kept sealed, by itself or with the key before it."""
    config: Config = current_app.extensions["pult"]
    lost = [f"the {noun} of {shop.slug}" for shop in shops for noun in of_shops.unreadable(shop, config.secret_key)]
    lost += resealing.unreadable(config.secret_key)
    if not erasure_keys.is_readable():
        lost.append("the key of erased people")
    if lost:
        mend = "Bring their key back as SECRET_KEY_BEFORE, or hand each in again: `flask shops token SLUG`, `flask settings set`."
        return Finding("secrets", State.BAD, f"cannot be opened: {', '.join(lost)}", mend)
    behind = [shop.slug for shop in shops if of_shops.is_behind(shop, config.secret_key)]
    if resealing.is_behind(config.secret_key):
        behind.append("settings")
    if erasure_keys.is_behind():
        behind.append("erased people (`flask privacy reseal`)")
    if behind:
        mend = "Seal them anew: `flask shops reseal`; SECRET_KEY_BEFORE can go afterwards."
        return Finding("secrets", State.NOTE, f"still under the key before: {', '.join(behind)}", mend)
    return Finding("secrets", State.GOOD, "open under the key in force")
