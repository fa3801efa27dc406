"""Secrets of shops at rest: sealed under SECRET_KEY, each shop with a key of its own, each value with its key's id."""

import base64
import json
from collections.abc import Iterator, Mapping

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shop.config import SecretKey
from shop.errors import ShopError
from shop.shops.models import Shop

SEALED = {"credentials": "token", "access_token": "access token", "webhook_keys": "signature key"}  # column: its noun


def seal(shop_id: int, values: Mapping[str, str], secret_key: str) -> bytes:
    """Return what the table keeps. Moved to another shop's row it opens no more."""
    return key_id(secret_key) + b"." + box(shop_id, secret_key).encrypt(json.dumps(dict(values)).encode())


def unseal(shop: Shop, secret_key: str, column: str = "credentials") -> dict[str, str]:
    """Return what a column holds, nothing where it is empty. Raises ShopError where no key fits."""
    sealed: bytes | None = getattr(shop, column)
    if sealed is None:
        return {}
    try:
        return opened(shop.id, sealed, secret_key)
    except InvalidToken as error:
        raise ShopError(
            f"The {SEALED[column]} of {shop.slug} was sealed under another SECRET_KEY and cannot be read. Nothing was "
            "changed; bring that key back as SECRET_KEY_BEFORE, or hand in the token again."
        ) from error


def opened(shop_id: int, sealed: bytes, secret_key: str) -> dict[str, str]:
    """Return what was sealed under the key or the one before it. Raises InvalidToken where neither fits."""
    id_, _, content = sealed.rpartition(b".")
    for key in keys(secret_key):
        if id_ in (b"", key_id(key)):  # the oldest values carry no id
            try:
                values: dict[str, str] = json.loads(box(shop_id, key).decrypt(content))
            except InvalidToken:
                continue
            return values
    raise InvalidToken


def is_current(sealed: bytes, secret_key: str) -> bool:
    """Whether a value is sealed under the key in force, and not under the one before it."""
    return sealed.startswith(key_id(secret_key) + b".")


def keys(secret_key: str) -> Iterator[str]:
    yield secret_key
    if isinstance(secret_key, SecretKey) and secret_key.before:
        yield secret_key.before


def key_id(secret_key: str) -> bytes:
    """Return the name under which values remember their key; it tells nothing of the key."""
    return derived(secret_key, "pult key id 1", 4).hex().encode()


def box(shop_id: int, secret_key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derived(secret_key, f"pult shop credentials 1, shop {shop_id}", 32)))


def derived(secret_key: str, purpose: str, length: int) -> bytes:
    return HKDF(SHA256(), length=length, salt=None, info=purpose.encode()).derive(secret_key.encode())
