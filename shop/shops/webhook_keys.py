"""The keys that a shop's platform signs its notices with, sealed: the current one and, for a while, the one before."""

import json
from datetime import UTC, datetime

from cryptography.fernet import InvalidToken

from shop.shops.models import Shop
from shop.shops.secrets import box


def keys_of(shop: Shop, secret_key: str) -> list[str]:
    """Return the keys that are accepted now; none where nothing is stored, or it was sealed under another SECRET_KEY."""
    if shop.webhook_keys is None:
        return []
    try:
        kept = json.loads(box(shop.id, secret_key).decrypt(shop.webhook_keys))
    except InvalidToken:
        return []
    now = datetime.now(UTC)
    return [one["key"] for one in kept if one["until"] is None or datetime.fromisoformat(one["until"]) > now]
