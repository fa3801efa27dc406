"""Secrets of shops at rest: sealed under SECRET_KEY, each shop with a key of its own."""

import json
from collections.abc import Mapping

from cryptography.fernet import InvalidToken

from shop import sealing
from shop.errors import ShopError
from shop.languages import N_, said
from shop.languages import gettext as _
from shop.shops.models import Shop

SEALED = {  # column: its noun
    "credentials": N_("token"),
    "access_token": N_("access token"),
    "webhook_keys": N_("signature key"),
}


def seal(shop_id: int, values: Mapping[str, str], secret_key: str) -> bytes:
    """Return what the table keeps. Moved to another shop's row it opens no more."""
    return sealing.seal(purpose(shop_id), json.dumps(dict(values)).encode(), secret_key)


def unseal(shop: Shop, secret_key: str, column: str = "credentials") -> dict[str, str]:
    """Return what a column holds, nothing where it is empty. Raises ShopError where no key fits."""
    sealed: bytes | None = getattr(shop, column)
    if sealed is None:
        return {}
    try:
        return opened(shop.id, sealed, secret_key)
    except InvalidToken as error:
        raise ShopError(
            _(
                "The %(column)s of %(slug)s was sealed under another SECRET_KEY and cannot be read. Nothing was changed; bring that key back as SECRET_KEY_BEFORE, or hand in the token again.",
                column=said(SEALED[column]),
                slug=shop.slug,
            )
        ) from error


def opened(shop_id: int, sealed: bytes, secret_key: str) -> dict[str, str]:
    """Return what was sealed under the key or the one before it. Raises InvalidToken where neither fits."""
    values: dict[str, str] = json.loads(sealing.opened(purpose(shop_id), sealed, secret_key))
    return values


def is_current(sealed: bytes, secret_key: str) -> bool:
    """Whether a value is sealed under the key in force, and not under the one before it."""
    return sealing.is_current(sealed, secret_key)


def purpose(shop_id: int) -> str:
    return f"pult shop credentials 1, shop {shop_id}"
