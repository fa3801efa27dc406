"""Credentials of shops at rest: sealed under SECRET_KEY, each shop with a key of its own."""

import base64
import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shop.errors import ShopError
from shop.shops.models import Shop


def seal(shop_id: int, credentials: Mapping[str, str], secret_key: str) -> bytes:
    """Return what the table keeps. Moved to another shop's row it opens no more."""
    return box(shop_id, secret_key).encrypt(json.dumps(dict(credentials)).encode())


def unseal(shop: Shop, secret_key: str) -> dict[str, str]:
    """Return the shop's credentials, none where it has none. Raises ShopError where the key does not fit."""
    if shop.credentials is None:
        return {}
    try:
        opened: dict[str, str] = json.loads(box(shop.id, secret_key).decrypt(shop.credentials))
    except InvalidToken as error:
        raise ShopError(
            f"The token of {shop.slug} was sealed under another SECRET_KEY and cannot be read. Nothing was changed; "
            "bring back the old key, or hand in the token again."
        ) from error
    return opened


def box(shop_id: int, secret_key: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=f"pult shop credentials 1, shop {shop_id}".encode())
    return Fernet(base64.urlsafe_b64encode(derived.derive(secret_key.encode())))
