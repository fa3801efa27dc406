"""Sealing secret options anew after SECRET_KEY has changed, and finding those that no key opens."""

from cryptography.fernet import InvalidToken
from sqlalchemy import select

from shop import sealing
from shop.audit.recording import Action, record
from shop.db import db
from shop.settings.models import Setting
from shop.settings.values import purpose


def reseal(secret_key: str) -> int:
    """Seal what is sealed under the key before under the one in force. Returns how many were; the caller commits."""
    resealed = 0
    for row in db.session.scalars(select(Setting).where(Setting.sealed.is_not(None)).with_for_update()):
        if row.sealed is None or sealing.is_current(row.sealed, secret_key):
            continue
        try:
            content = sealing.opened(purpose(row.key), row.sealed, secret_key)
        except InvalidToken:
            continue
        row.sealed = sealing.seal(purpose(row.key), content, secret_key)
        record(Action.SETTING_RESEALED, row.key)
        resealed += 1
    return resealed


def unreadable(secret_key: str) -> list[str]:
    """Return the keys of secrets that no key opens."""
    lost = []
    for row in db.session.scalars(select(Setting).where(Setting.sealed.is_not(None)).order_by(Setting.key)):
        try:
            sealing.opened(purpose(row.key), row.sealed or b"", secret_key)
        except InvalidToken:
            lost.append(row.key)
    return lost


def is_behind(secret_key: str) -> bool:
    """Whether a secret is still sealed under the key before."""
    there = db.session.scalars(select(Setting.sealed).where(Setting.sealed.is_not(None)))
    return any(sealed is not None and not sealing.is_current(sealed, secret_key) for sealed in there)
