"""Whom and what the tests are about: plain functions with defaults, called in the test itself.

The cast: Olga owns, Adam manages one shop, Ota operates, Eve has no account.
"""

import itertools
from collections.abc import Sequence

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from shop.db import db
from shop.shops.models import Shop
from shop.staff.models import Person, PersonShop
from shop.staff.passwords import password_hash
from shop.staff.permissions import Role
from shop.staff.sessions import hashed, open_session

PASSWORD = "four quiet grey geese"
numbers = itertools.count(1)


def a_shop(slug: str = "", **values: object) -> Shop:
    """A connected shop in Prague that keeps its books in crowns."""
    slug = slug or f"shop-{next(numbers)}"
    shop = Shop(
        **{
            "slug": slug,
            "name": slug.replace("-", " ").capitalize(),
            "platform": "shoptet",
            "currency": "CZK",
            "timezone": "Europe/Prague",
        }
        | values
    )
    db.session.add(shop)
    db.session.commit()
    return shop


def a_person(email: str, role: Role, shops: Sequence[Shop] = (), *, password: str | None = None) -> Person:
    """Somebody who may sign in; without a password only through `signed_in`, which costs no hashing."""
    person = Person(
        email=email,
        name=email.partition("@")[0].capitalize(),
        role=role.value,
        password_hash=password_hash(password) if password else None,
        shops=[PersonShop(shop_id=shop.id) for shop in shops],
    )
    db.session.add(person)
    db.session.commit()
    return person


def an_owner(email: str = "olga@example.com", *, password: str | None = None) -> Person:
    return a_person(email, Role.OWNER, password=password)


def a_manager(shops: Sequence[Shop], email: str = "adam@example.com", *, password: str | None = None) -> Person:
    return a_person(email, Role.MANAGER, shops, password=password)


def an_operator(shops: Sequence[Shop], email: str = "ota@example.com", *, password: str | None = None) -> Person:
    return a_person(email, Role.OPERATOR, shops, password=password)


def signed_in(client: FlaskClient, person: Person) -> FlaskClient:
    """Give the client a session of that person's, as a sign-in would."""
    secret = open_session(person, "127.0.0.1", "a test")
    db.session.commit()
    with client.session_transaction() as session:
        session.clear()
        session["_user_id"] = secret
    return client


def bearer(person: Person) -> dict[str, str]:
    """The headers of a program that has the person's token."""
    token = f"pult_test_{person.id}"
    person.token_hash = hashed(token)
    db.session.commit()
    return {"Authorization": f"Bearer {token}"}


def form_token(client: FlaskClient) -> str:
    """The token that a form of this client's pages carries."""
    with client.session_transaction() as session:
        raw = session.setdefault("csrf_token", "a raw token of the tests")
    key = client.application.secret_key
    assert isinstance(key, str)
    return URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps(raw)


def posted(client: FlaskClient, path: str, **fields: object) -> TestResponse:
    """Hand in a form as a browser would, with its token."""
    return client.post(path, data={"csrf_token": form_token(client), **fields})
