"""Connecting a shop, replacing its token, pausing it, taking it up again. Each act is recorded where it happens."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy.exc import IntegrityError

from shop.audit.recording import Action, record
from shop.db import db
from shop.errors import Conflict
from shop.languages import N_, said
from shop.languages import gettext as _
from shop.platforms.registry import PLATFORMS
from shop.shops import problems
from shop.shops.credentials import Credentials, Misstated
from shop.shops.currencies import CURRENCIES
from shop.shops.models import Shop
from shop.shops.queries import shop_by_slug
from shop.shops.secrets import seal

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
KEPT = N_("No shop was added.")
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
    base_url = checked_url(wanted.base_url, _("The base URL"), said(KEPT), "base_url") if wanted.base_url else None
    credentials = checked_credentials(wanted.credentials, said(KEPT))
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
    return Misstated(
        "slug",
        _(
            "There is a shop %(slug)s already. %(kept)s Choose another slug, or go on with that shop.",
            slug=slug,
            kept=said(KEPT),
        ),
    )


def replace_token(shop: Shop, handed_in: Credentials, secret_key: str) -> None:
    """Seal another token in place of the shop's. Which shop it belongs to stays known: another shop's is found out."""
    kept = _("Nothing was changed.")
    credentials = checked_credentials(handed_in, kept)
    if not credentials:
        raise Misstated("token", _("There is no token. %(kept)s Paste the new one.", kept=kept))
    shop.credentials = seal(shop.id, credentials, secret_key)
    shop.access_token = shop.access_token_expires_at = None
    shop.checked = shop.checked_at = None  # that was the other token
    problems.clear(shop)
    record(Action.SHOP_TOKEN_REPLACED, shop.slug, shop, kind="addon" if "token_url" in credentials else "private")


def checked_credentials(handed_in: Credentials, kept: str) -> dict[str, str]:
    given = handed_in.token_url
    return handed_in.checked(kept, checked_url(given, _("The token's URL"), kept, "token_url") if given else "")


def pause(shop: Shop) -> None:
    """Stop fetching from a shop; its numbers stay."""
    if shop.state == "paused":
        raise Conflict(_("%(name)s is paused already. Nothing was changed.", name=shop.name))
    shop.state = "paused"
    record(Action.SHOP_PAUSED, shop.slug, shop)


def resume(shop: Shop) -> None:
    if shop.state == "active":
        raise Conflict(_("%(name)s is not paused. Nothing was changed.", name=shop.name))
    shop.state = "active"
    record(Action.SHOP_RESUMED, shop.slug, shop)


def check_words(wanted: Connection) -> None:
    if not SLUG.fullmatch(wanted.slug):
        raise Misstated(
            "slug",
            _(
                "The slug %(slug)s cannot stand in an address. %(kept)s Use up to 63 small letters, digits and hyphens, and begin with a letter or a digit.",
                slug=repr(wanted.slug),
                kept=said(KEPT),
            ),
        )
    if wanted.slug in RESERVED:
        raise Misstated(
            "slug",
            _(
                "The slug %(slug)s is a page of Pult's own. %(kept)s Choose another one.",
                slug=repr(wanted.slug),
                kept=said(KEPT),
            ),
        )
    if len(wanted.name) > LONGEST_NAME or not wanted.name.isprintable():
        raise Misstated(
            "name",
            _(
                "This name cannot be shown. %(kept)s Use up to %(most)s letters and signs, in one line.",
                kept=said(KEPT),
                most=LONGEST_NAME,
            ),
        )
    if wanted.platform not in PLATFORMS:
        known = ", ".join(sorted(PLATFORMS))
        raise Misstated(
            "platform",
            _(
                "There is no platform %(platform)s. %(kept)s Pult knows: %(known)s.",
                platform=repr(wanted.platform),
                kept=said(KEPT),
                known=known,
            ),
        )
    if wanted.currency not in CURRENCIES:
        raise Misstated(
            "currency",
            _(
                "%(currency)s is not the code of a currency. %(kept)s Write it as CZK or EUR.",
                currency=repr(wanted.currency),
                kept=said(KEPT),
            ),
        )
    if not is_zone(wanted.timezone):
        raise Misstated(
            "timezone",
            _(
                "There is no time zone %(timezone)s. %(kept)s Write it as Europe/Prague.",
                timezone=repr(wanted.timezone),
                kept=said(KEPT),
            ),
        )


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
            _(
                "%(noun)s %(given)s will not do. %(kept)s Write it as https://www.example.com, without a sign-in and without ? or #.",
                noun=noun,
                given=repr(without_secrets(given)),
                kept=kept,
            ),
        )
    return given.strip().rstrip("/")


def without_secrets(url: str) -> str:
    """Return a URL fit to be shown: a sign-in in it would be a secret."""
    return re.sub(r"(?<=//)[^/@]*@", "•••@", url)


def name_from(slug: str) -> str:
    return slug.replace("-", " ").capitalize()
