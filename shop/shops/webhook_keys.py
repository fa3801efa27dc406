"""The keys that a shop's webhooks are signed with: the current one, and for an hour the one before it."""

from datetime import UTC, datetime, timedelta

from cryptography.fernet import InvalidToken

from shop.shops.models import Shop
from shop.shops.secrets import opened, seal, unseal

GRACE = timedelta(hours=1)  # notices that were signed before a renewal may still be on their way


def keys_of(shop: Shop, secret_key: str) -> list[str]:
    """Return the keys that a notice may be signed with, the current one first; none where none is kept.

    Raises ShopError where they were sealed under a key that is gone.
    """
    kept = unseal(shop, secret_key, "webhook_keys")
    if not kept:
        return []
    is_fresh = datetime.now(UTC) - datetime.fromisoformat(kept["since"]) < GRACE
    return [kept["key"], *([kept["before"]] if is_fresh and kept["before"] else [])]


def keep_key(shop: Shop, key: str, secret_key: str) -> None:
    """Keep a new key sealed, and the current one as the one before it. The caller commits."""
    values = {"key": key, "before": current_key(shop, secret_key), "since": datetime.now(UTC).isoformat()}
    shop.webhook_keys = seal(shop.id, values, secret_key)


def current_key(shop: Shop, secret_key: str) -> str:
    """Return the key in force, nothing where there is none or it cannot be opened: a new one takes its place."""
    if shop.webhook_keys is None:
        return ""
    try:
        return opened(shop.id, shop.webhook_keys, secret_key)["key"]
    except InvalidToken:
        return ""
