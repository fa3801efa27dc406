"""Connecting a shop, replacing its token, pausing it, taking it up again. Each act is recorded where it happens."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy.exc import IntegrityError

from shop.audit.recording import Action, record
from shop.db import db
from shop.errors import Conflict
from shop.platforms.registry import PLATFORMS
from shop.shops import problems
from shop.shops.credentials import Credentials, Misstated
from shop.shops.currencies import CURRENCIES
from shop.shops.models import Shop
from shop.shops.queries import shop_by_slug
from shop.shops.secrets import seal

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
KEPT = "No shop was added."
LONGEST_NAME = 120
UNSEEN = re.compile(r"[\x00-\x20\x7f]")
RESERVED = {"new"}  # what addresses of pages say where a shop's slug could stand


@dataclass(frozen=True)
class Connection:
    """What somebody says about a shop that is to be connected, unchecked."""

    slug: str
    platform: str
    currency: str
    timezone: str
    name: str = ""
    base_url: str | None = None
    credentials: Credentials = field(default=Credentials())


def connect(wanted: Connection, secret_key: str) -> Shop:
    """Add a shop and seal its token; the platform is not called. Raises Misstated with the one value to correct."""
    check_words(wanted)
    base_url = checked_url(wanted.base_url, "The base URL", KEPT, "base_url") if wanted.base_url else None
    credentials = checked_credentials(wanted.credentials, KEPT)
    if shop_by_slug(wanted.slug):
        raise taken(wanted.slug)
    shop = Shop(
        slug=wanted.slug,
        name=wanted.name.strip() or name_from(wanted.slug),
        platform=wanted.platform,
        base_url=base_url,
        currency=wanted.currency,
        timezone=wanted.timezone,
    )
    db.session.add(shop)
    try:
        db.session.flush()
    except IntegrityError:  # somebody else has taken the slug this very moment
        db.session.rollback()
        raise taken(wanted.slug) from None
    if credentials:
        shop.credentials = seal(shop.id, credentials, secret_key)
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


def taken(slug: str) -> Misstated:
    return Misstated("slug", f"There is a shop {slug} already. {KEPT} Choose another slug, or go on with that shop.")


def replace_token(shop: Shop, handed_in: Credentials, secret_key: str) -> None:
    """Seal another token in place of the shop's. Which shop it belongs to stays known: another shop's is found out."""
    kept = "Nothing was changed."
    credentials = checked_credentials(handed_in, kept)
    if not credentials:
        raise Misstated("token", f"There is no token. {kept} Paste the new one.")
    shop.credentials = seal(shop.id, credentials, secret_key)
    shop.access_token = shop.access_token_expires_at = None
    shop.checked = shop.checked_at = None  # that was the other token
    problems.clear(shop)
    record(Action.SHOP_TOKEN_REPLACED, shop.slug, shop, kind="addon" if "token_url" in credentials else "private")


def checked_credentials(handed_in: Credentials, kept: str) -> dict[str, str]:
    given = handed_in.token_url
    return handed_in.checked(kept, checked_url(given, "The token's URL", kept, "token_url") if given else "")


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
        raise Misstated(
            "slug",
            f"The slug {wanted.slug!r} cannot stand in an address. {KEPT} "
            "Use up to 63 small letters, digits and hyphens, and begin with a letter or a digit.",
        )
    if wanted.slug in RESERVED:
        raise Misstated("slug", f"The slug {wanted.slug!r} is a page of Pult's own. {KEPT} Choose another one.")
    if len(wanted.name) > LONGEST_NAME or not wanted.name.isprintable():
        raise Misstated(
            "name", f"This name cannot be shown. {KEPT} Use up to {LONGEST_NAME} letters and signs, in one line."
        )
    if wanted.platform not in PLATFORMS:
        known = ", ".join(sorted(PLATFORMS))
        raise Misstated("platform", f"There is no platform {wanted.platform!r}. {KEPT} Pult knows: {known}.")
    if wanted.currency not in CURRENCIES:
        raise Misstated(
            "currency", f"{wanted.currency!r} is not the code of a currency. {KEPT} Write it as CZK or EUR."
        )
    if not is_zone(wanted.timezone):
        raise Misstated("timezone", f"There is no time zone {wanted.timezone!r}. {KEPT} Write it as Europe/Prague.")


def is_zone(name: str) -> bool:
    return name in available_timezones() and ("/" in name or name == "UTC") and ZoneInfo(name).key == name


def checked_url(given: str, noun: str, kept: str, name: str = "url") -> str:
    """Return the URL without a slash at its end. Raises Misstated where it is not an http(s) address of a host."""
    try:
        parts = urlsplit(given.strip())
        usable = (
            not UNSEEN.search(given.strip())
            and parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and (parts.port or 1) > 0
        )
    except ValueError:  # a port that is no number, a bracket without its pair
        usable = False
    if not usable or parts.username or parts.password or parts.query or parts.fragment:
        raise Misstated(
            name,
            f"{noun} {without_secrets(given)!r} will not do. {kept} "
            "Write it as https://www.example.com, without a sign-in and without ? or #.",
        )
    return given.strip().rstrip("/")


def without_secrets(url: str) -> str:
    """Return a URL fit to be shown: a sign-in in it would be a secret."""
    return re.sub(r"(?<=//)[^/@]*@", "•••@", url)


def name_from(slug: str) -> str:
    return slug.replace("-", " ").capitalize()
