"""What proves a person, made without the pages that make it: links, sessions, tokens, second factors."""

import secrets
import time

import pyotp
from sqlalchemy import func, text

from shop.db import db
from shop.staff.links import signer
from shop.staff.models import OneTimeLink, Person, PersonalToken, SignIn
from shop.staff.sealing import seal_factor
from shop.staff.second_factor import STEP
from shop.staff.sessions import hashed, open_session
from tests.builders import added

DAY = text("interval '1 day'")


def a_link(person: Person, purpose: str = "reset", **values: object) -> str:
    """What the address of a link carries; nothing of it stands in the trail."""
    token = secrets.token_urlsafe(32)
    given = {"staff_id": person.id, "purpose": purpose, "expires_at": func.now() + DAY} | values
    added(OneTimeLink(token_hash=hashed(token), **given))
    return signer().sign(token).decode()


def a_session(person: Person, browser: str = "a test", address: str = "203.0.113.7") -> SignIn:
    secret = open_session(person, address, browser)
    db.session.commit()
    return db.session.get_one(SignIn, hashed(secret))


def a_token(person: Person, **values: object) -> PersonalToken:
    given = {"name": "report", "prefix": "pult_abcdefg", "token_hash": secrets.token_bytes(32)}
    return added(PersonalToken(**({"staff_id": person.id, "expires_at": func.now() + DAY} | given | values)))


def with_secret(person: Person) -> str:
    """Begin a second factor, and return its secret."""
    secret = pyotp.random_base32()
    seal_factor(person, secret)
    db.session.commit()
    return secret


def with_factor(person: Person) -> str:
    """Switch a second factor on, and return its secret."""
    secret = with_secret(person)
    person.factor_since = func.now()
    db.session.commit()
    return secret


def a_code(secret: str, steps: int = 0) -> str:
    """The code that a device shows now, or so many steps of 30 seconds later."""
    return pyotp.TOTP(secret).at(int(time.time()) + steps * STEP)
