"""Sealing secrets anew after SECRET_KEY has changed, shop by shop, and finding those that no key opens."""

from cryptography.fernet import InvalidToken

from shop.audit.recording import Action, record
from shop.shops.models import Shop
from shop.shops.secrets import SEALED, is_current, opened, seal


def reseal(shop: Shop, secret_key: str) -> int:
    """Seal what is sealed under the key before under the one in force. Returns how many values were; the caller commits.

    An access token that no key opens is dropped, as it is fetched anew; anything else stays as it is.
    """
    resealed = 0
    for column, sealed in sealed_values(shop).items():
        if is_current(sealed, secret_key):
            continue
        try:
            values = opened(shop.id, sealed, secret_key)
        except InvalidToken:
            if column == "access_token":
                shop.access_token = shop.access_token_expires_at = None
            continue
        setattr(shop, column, seal(shop.id, values, secret_key))
        resealed += 1
    if resealed:
        record(Action.SHOP_RESEALED, shop.slug, shop, values=resealed)
    return resealed


def unreadable(shop: Shop, secret_key: str) -> list[str]:
    """Return what no key opens, by its noun; an access token does not count, as it is fetched anew."""
    found = []
    for column, sealed in sealed_values(shop).items():
        try:
            opened(shop.id, sealed, secret_key)
        except InvalidToken:
            if column != "access_token":
                found.append(SEALED[column])
    return found


def is_behind(shop: Shop, secret_key: str) -> bool:
    """Whether something of the shop is still sealed under the key before."""
    return any(not is_current(sealed, secret_key) for sealed in sealed_values(shop).values())


def sealed_values(shop: Shop) -> dict[str, bytes]:
    return {column: getattr(shop, column) for column in SEALED if getattr(shop, column) is not None}
