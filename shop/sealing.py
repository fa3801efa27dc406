"""Secrets at rest: sealed under SECRET_KEY, each purpose with a key of its own, each value with its key's id."""

import base64
from collections.abc import Iterator

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shop.config import SecretKey


def seal(purpose: str, content: bytes, secret_key: str) -> bytes:
    """Return what a table keeps. Read for another purpose it opens no more."""
    return key_id(secret_key) + b"." + box(purpose, secret_key).encrypt(content)


def opened(purpose: str, sealed: bytes, secret_key: str) -> bytes:
    """Return what was sealed under the key or the one before it. Raises InvalidToken where neither fits."""
    id_, _, content = sealed.rpartition(b".")
    for key in keys(secret_key):
        if id_ in (b"", key_id(key)):  # the oldest values carry no id
            try:
                return box(purpose, key).decrypt(content)
            except InvalidToken:
                continue
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


def box(purpose: str, secret_key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derived(secret_key, purpose, 32)))


def derived(secret_key: str, purpose: str, length: int) -> bytes:
    """Return a key of so many bytes that is good for one purpose alone."""
    return HKDF(SHA256(), length=length, salt=None, info=purpose.encode()).derive(secret_key.encode())
