"""What has to be read again, sealed under SECRET_KEY: secrets of second factors, and what a page shows only once."""

import json

from cryptography.fernet import InvalidToken
from flask import current_app, session

from shop import sealing
from shop.errors import ShopError
from shop.languages import gettext as _
from shop.staff.models import Person

ONCE = "shown_once"


def seal(purpose: str, text: str) -> bytes:
    """Return the text sealed for one purpose: moved to another person's row it opens no more."""
    return sealing.seal(f"pult staff 1, {purpose}", text.encode(), secret_key())


def unseal(purpose: str, sealed: bytes) -> str:
    """Return what was sealed under the key in force or the one before it. Raises InvalidToken where neither fits."""
    return sealing.opened(f"pult staff 1, {purpose}", sealed, secret_key()).decode()


def factor_secret(person: Person) -> str:
    """Return the secret of a person's second factor. Raises ShopError where no key opens it."""
    try:
        return unseal(factor_purpose(person), person.factor_secret or b"")
    except InvalidToken as error:
        raise ShopError(
            _(
                "The second factor was sealed under another SECRET_KEY and cannot be checked. Nothing was changed; use a recovery code, or ask an owner to take the second factor away."
            )
        ) from error


def seal_factor(person: Person, secret: str) -> None:
    person.factor_secret = seal(factor_purpose(person), secret)


def reseal_factor(person: Person) -> bool:
    """Seal a person's second factor under the key in force; return whether it was under the one before."""
    if person.factor_secret is None or sealing.is_current(person.factor_secret, secret_key()):
        return False
    seal_factor(person, factor_secret(person))
    return True


def factor_purpose(person: Person) -> str:
    return f"second factor of {person.id}"


def show_once(name: str, told: object) -> None:
    """Keep something for the next page of this browser. It lies in its cookie alone, and nobody reads it there."""
    session[ONCE] = seal(f"show {name}", json.dumps(told)).decode()


def shown_once(name: str) -> object:
    """Return what was kept for this page, and forget it; None where there is nothing."""
    kept = session.pop(ONCE, None)
    try:
        return None if kept is None else json.loads(unseal(f"show {name}", str(kept).encode()))
    except InvalidToken:
        return None  # kept for another page, or from before SECRET_KEY was changed


def secret_key() -> str:
    found: str = current_app.extensions["pult"].secret_key
    return found
