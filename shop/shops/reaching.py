"""Reaching a shop on its platform, with the credentials and tokens that are kept for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from shop.config import Config
from shop.db import connector
from shop.errors import Conflict, ShopError
from shop.languages import gettext as _
from shop.platforms.registry import platform
from shop.platforms.remote import Access, Remote
from shop.shops.models import Shop
from shop.shops.secrets import unseal
from shop.shops.tokens import ShopTokens


@contextmanager
def reached(shop: Shop, config: Config, *, even_paused: bool = False) -> Iterator[Remote]:
    """Yield the shop's remote side, closed at the end. Raises ShopError where there is no way to it yet.

    Nothing is fetched from a paused shop; `even_paused` is for what looks after the connection itself.
    """
    if shop.state == "paused" and not even_paused:
        raise Conflict(
            _(
                "%(name)s is paused, so nothing is fetched from it. Nothing was changed; resume it with `flask shops resume %(slug)s` or on its page.",
                name=shop.name,
                slug=shop.slug,
            )
        )
    access = access_to(shop, config)
    if not access.credentials:
        raise ShopError(
            _(
                "%(slug)s has no token yet, so %(platform)s cannot be asked. Nothing was changed; hand the token in with `flask shops token %(slug)s --token-stdin` or on the shop's page.",
                slug=shop.slug,
                platform=shop.platform,
            )
        )
    remote = platform(shop.platform).connect(access)
    try:
        yield remote
    finally:
        remote.close()


def access_to(shop: Shop, config: Config) -> Access:
    """Return what the platform's client needs; it holds secrets and is made anew for each use."""
    return Access(
        credentials=unseal(shop, config.secret_key),
        tokens=ShopTokens(shop.id, config.secret_key, connector()),
        base_url=shop.base_url,
        shop_id=shop.platform_shop_id,
        currency=shop.currency,
        timezone=shop.timezone,
        webhook_url=webhook_url(shop, config),
    )


def webhook_url(shop: Shop, config: Config) -> str | None:
    """Return where the platform can tell us of finished exports; None where this installation has no public address."""
    return f"{config.base_url}/webhooks/{shop.platform}/{shop.slug}" if config.base_url else None
