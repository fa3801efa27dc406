"""Connecting a shop, pausing it, taking it up again. Each act is recorded where it happens."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from shop.audit.recording import Action, record
from shop.db import db
from shop.errors import Conflict, ShopError
from shop.platforms.registry import PLATFORMS
from shop.shops.currencies import CURRENCIES
from shop.shops.models import Shop
from shop.shops.queries import shop_by_slug
from shop.shops.secrets import seal

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
KEPT = "No shop was added."


@dataclass(frozen=True)
class Connection:
    """What somebody says about a shop that is to be connected, unchecked."""

    slug: str
    platform: str
    currency: str
    timezone: str
    name: str = ""
    base_url: str | None = None
    token: str | None = field(default=None, repr=False)


def connect(wanted: Connection, secret_key: str) -> Shop:
    """Add a shop and seal its token. Raises ShopError with the one value to correct."""
    check_words(wanted)
    base_url = checked_url(wanted.base_url) if wanted.base_url else None
    if shop_by_slug(wanted.slug):
        raise Conflict(f"There is a shop {wanted.slug} already. {KEPT} Choose another slug, or go on with that shop.")
    shop = Shop(
        slug=wanted.slug,
        name=wanted.name.strip() or name_from(wanted.slug),
        platform=wanted.platform,
        base_url=base_url,
        currency=wanted.currency,
        timezone=wanted.timezone,
    )
    db.session.add(shop)
    db.session.flush()
    if wanted.token:
        shop.credentials = seal(shop.id, {"token": wanted.token}, secret_key)
    record(
        Action.SHOP_ADDED,
        shop.slug,
        shop,
        platform=shop.platform,
        base_url=base_url,
        currency=shop.currency,
        timezone=shop.timezone,
    )
    return shop


def pause(shop: Shop) -> None:
    """Stop fetching from a shop; its numbers stay."""
    if shop.state == "paused":
        raise Conflict(f"{shop.name} is paused already. Nothing was changed.")
    shop.state = "paused"
    record(Action.SHOP_PAUSED, shop.slug, shop)


def resume(shop: Shop) -> None:
    if shop.state == "active":
        raise Conflict(f"{shop.name} is not paused. Nothing was changed.")
    shop.state = "active"
    record(Action.SHOP_RESUMED, shop.slug, shop)


def check_words(wanted: Connection) -> None:
    if not SLUG.fullmatch(wanted.slug):
        raise ShopError(
            f"The slug {wanted.slug!r} cannot stand in an address. {KEPT} "
            "Use up to 63 small letters, digits and hyphens, and begin with a letter or a digit."
        )
    if wanted.platform not in PLATFORMS:
        raise ShopError(f"There is no platform {wanted.platform!r}. {KEPT} Pult knows: {', '.join(sorted(PLATFORMS))}.")
    if wanted.currency not in CURRENCIES:
        raise ShopError(f"{wanted.currency!r} is not the code of a currency. {KEPT} Write it as CZK or EUR.")
    if not is_zone(wanted.timezone):
        raise ShopError(f"There is no time zone {wanted.timezone!r}. {KEPT} Write it as Europe/Prague.")


def is_zone(name: str) -> bool:
    return name in available_timezones() and ("/" in name or name == "UTC") and ZoneInfo(name).key == name


def checked_url(given: str) -> str:
    """Return the URL without a slash at its end. Raises ShopError where it is not an http(s) address of a host."""
    try:
        parts = urlsplit(given.strip())
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # a port that is no number, a bracket without its pair
        usable = False
    if not usable or parts.username or parts.password or parts.query or parts.fragment:
        raise ShopError(
            f"The base URL {without_secrets(given)!r} will not do. {KEPT} "
            "Write it as https://www.example.com, without a sign-in and without ? or #."
        )
    return given.strip().rstrip("/")


def without_secrets(url: str) -> str:
    """Return a URL fit to be shown: a sign-in in it would be a secret."""
    return re.sub(r"(?<=//)[^/@]*@", "•••@", url)


def name_from(slug: str) -> str:
    return slug.replace("-", " ").capitalize()
