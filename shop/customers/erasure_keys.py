"""The key under which erased people are marked: random, sealed under SECRET_KEY, the same for as long as there are marks."""

import secrets
from typing import Any

import psycopg
from cryptography.fernet import InvalidToken
from flask import current_app
from sqlalchemy import select

from shop import sealing
from shop.config import Config
from shop.customers.models import ErasureKey
from shop.customers.tombstones import Known
from shop.db import db
from shop.errors import ShopError
from shop.languages import gettext as _

PURPOSE = "pult erased people 1"
MARKS = """
    SELECT s.slug, t.key_id, t.mark, t.guid, k.sealed FROM tombstones t
    JOIN shops s ON s.id = t.shop_id JOIN erasure_keys k ON k.id = t.key_id WHERE t.shop_id = %s"""


class NoKey(ShopError):
    """The key of the marks opens under no SECRET_KEY that is there."""


def known_erased(connection: psycopg.Connection[Any], shop_id: int) -> Known:
    """Return who was erased from a shop. Raises NoKey: without the marks a load would bring them back."""
    keys: dict[str, bytes] = {}
    guids: dict[str, dict[bytes, str]] = {}
    slug = ""
    for slug, key_id, mark, guid, sealed in connection.execute(MARKS, (shop_id,)):  # noqa: B007  # the same in every row
        if key_id not in keys:
            keys[key_id] = opened(bytes(sealed))
        guids.setdefault(key_id, {})[bytes(mark)] = guid
    return Known(slug, [(keys[key_id], found) for key_id, found in guids.items()])


def opened(sealed: bytes) -> bytes:
    try:
        return sealing.opened(PURPOSE, sealed, secret_key())
    except InvalidToken as error:
        raise NoKey(
            _(
                "The key by which erased people are recognised cannot be opened. Nothing was read or changed, so that "
                "nobody comes back; bring the SECRET_KEY it was sealed under back as SECRET_KEY_BEFORE."
            )
        ) from error


def secret_key() -> str:
    config: Config = current_app.extensions["pult"]
    return config.secret_key


def current_key() -> tuple[str, bytes]:
    """Return the key for new marks, by its name; the first is made here. The caller commits."""
    newest = db.session.scalar(select(ErasureKey).order_by(ErasureKey.made_at.desc(), ErasureKey.id).limit(1))
    if newest is not None:
        return newest.id, opened(newest.sealed)
    id_, key = secrets.token_hex(8), secrets.token_bytes(32)
    db.session.add(ErasureKey(id=id_, sealed=sealing.seal(PURPOSE, key, secret_key())))
    db.session.flush()
    return id_, key


def reseal() -> int:
    """Seal what is sealed under the key before under the one in force. Returns how many were; the caller commits."""
    resealed = 0
    for row in db.session.scalars(select(ErasureKey).with_for_update()):
        if not sealing.is_current(row.sealed, secret_key()):
            row.sealed = sealing.seal(PURPOSE, opened(row.sealed), secret_key())
            resealed += 1
    return resealed


def is_readable() -> bool:
    """Whether every key opens."""
    try:
        for sealed in db.session.scalars(select(ErasureKey.sealed)):
            opened(sealed)
    except NoKey:
        return False
    return True


def is_behind() -> bool:
    """Whether a key is still sealed under the SECRET_KEY before."""
    return any(not sealing.is_current(sealed, secret_key()) for sealed in db.session.scalars(select(ErasureKey.sealed)))
