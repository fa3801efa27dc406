"""Faults S4, S5 and S10: planted and stolen cookies, thousands of guesses, a stolen copy of the database."""

import itertools
import os

import pytest
from argon2 import PasswordHasher, extract_parameters
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.staff import passwords, second_factor
from shop.staff.models import Person
from shop.staff.throttle import PER_ADDRESS
from tests.builders import (
    PASSWORD,
    a_manager,
    a_shop,
    an_owner,
    bearer,
    posted,
    signed_in,
)
from tests.page import Page
from tests.staff.acting import is_signed_in, sign_in, trail
from tests.staff.proofs import a_link, with_factor
from tests.statements import statements

GUESSES = int(os.environ.get("PULT_GUESSES", "300"))  # `make soak` makes ten thousand


def test_s4_a_planted_session_is_worth_nothing_and_an_old_one_dies_with_the_sign_out(
    client: FlaskClient, app: Flask, db: SQLAlchemy
) -> None:
    an_owner(password=PASSWORD)
    attacker = app.test_client()
    attacker.get("/sign-in")
    with attacker.session_transaction() as session:
        planted = dict(session)
    with client.session_transaction() as session:
        session.update(planted)
    sign_in(client)
    assert is_signed_in(client)
    assert not is_signed_in(attacker), "the session that was planted is not the one that was signed in"
    with client.session_transaction() as session:
        stolen = dict(session)
    posted(client, "/sign-out")
    with attacker.session_transaction() as session:
        session.update(stolen)
    assert not is_signed_in(attacker), "a cookie that was copied before the sign-out"
    sign_in(client)
    assert is_signed_in(client)
    with client.session_transaction() as session:
        assert session["_user_id"] != stolen["_user_id"]


def test_s5_guesses_are_throttled_after_a_few_of_thousands(client: FlaskClient, db: SQLAlchemy) -> None:
    an_owner(password=PASSWORD)
    answers = [sign_in(client, password=f"guess {number}").status_code for number in range(GUESSES)]
    assert answers == [401] * 5 + [429] * (GUESSES - 5)
    assert len(trail(db)) == 5
    addresses = itertools.count()
    spread = []
    for number in range(60):
        client.environ_base["REMOTE_ADDR"] = f"10.0.0.{next(addresses) % 250}"
        spread.append(sign_in(client, password=f"guess {number}").status_code)
    assert spread == [429] * 60, "many addresses get no further with one account"
    client.environ_base["REMOTE_ADDR"] = "10.1.1.1"
    many = [sign_in(client, f"person-{number}@example.com", "summer").status_code for number in range(60)]
    assert many == [401] * PER_ADDRESS[0].amount + [429] * (60 - PER_ADDRESS[0].amount), "nor one address with many"


def test_s5_known_and_unknown_accounts_cost_the_same_work(
    client: FlaskClient, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work is counted instead of timed: the same hashing, with the same cost, and the same statements for each kind of account."""
    olga = an_owner(password=PASSWORD)
    adam = a_manager([a_shop()], password=PASSWORD)
    adam.state = "inactive"
    db.session.commit()
    db.session.rollback()
    monkeypatch.setattr("shop.staff.signing_in.throttle", Unthrottled)
    hasher = CountedHasher(passwords.HASHER)
    monkeypatch.setattr(passwords, "HASHER", hasher)
    sign_in(client, olga.email, "the first one fills what is kept")
    work = {}
    for kind, email in {"known": olga.email, "unknown": "eve@example.com", "deactivated": adam.email}.items():
        hasher.costs.clear()
        with statements() as asked:
            assert sign_in(client, email, "a guess").status_code == 401
        work[kind] = ([*hasher.costs], [" ".join(statement.split()[:4]) for statement in asked])
    assert len(work["known"][0]) == 1, "one password, one hash"
    assert work["unknown"] == work["known"]
    assert work["deactivated"] == work["known"]


class CountedHasher:
    """The real hasher, which notes what each verification costs."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self.hasher = hasher
        self.costs: list[tuple[object, int]] = []

    def verify(self, known: str, given: str) -> bool:
        self.costs.append((extract_parameters(known), len(given)))
        return self.hasher.verify(known, given)


class Unthrottled:
    """A throttle that lets every try through, so that all of them are looked at."""

    def take(self, _email: str, _address: str) -> object:
        return type("Allowance", (), {"pause": 0, "tries_left": 4})()


def test_s10_a_stolen_copy_of_the_database_opens_nothing(client: FlaskClient, db: SQLAlchemy) -> None:
    """What a copy holds, tried as what it is the copy of: a session, a token, a link, a code, a password."""
    olga: Person = an_owner(password=PASSWORD)
    secret = with_factor(olga)
    codes = second_factor.made_codes(olga)
    link = a_link(olga)
    headers = bearer(olga)
    signed_in(client, olga)
    with client.session_transaction() as session:
        cookie = session["_user_id"]
    kept = "\n".join(
        str(row)
        for table in db.metadata.sorted_tables
        for row in db.session.scalars(text(f'SELECT whole::text FROM "{table.name}" AS whole'))
    )
    open_words = [PASSWORD, secret, cookie, headers["Authorization"].split()[1], link.rsplit(".", 1)[0], *codes]
    open_words += [code.replace("-", "") for code in codes]
    for words in open_words:
        assert words not in kept
        assert words.encode().hex() not in kept, "bytes are dumped in hexadecimal"
    thief = client.application.test_client()
    for stolen in db.session.scalars(text("SELECT encode(token_hash, 'hex') FROM staff_sessions")):
        with thief.session_transaction() as session:
            session["_user_id"] = stolen
        assert not is_signed_in(thief)
    for stolen in db.session.scalars(text("SELECT encode(token_hash, 'hex') FROM staff_tokens")):
        assert thief.get("/orders.json", headers={"Authorization": f"Bearer {stolen}"}).status_code == 401
    for stolen in db.session.scalars(text("SELECT encode(token_hash, 'hex') FROM staff_links")):
        assert thief.get(f"/choose-password?link={stolen}").status_code == 410
    assert not passwords.is_password(olga.password_hash, str(olga.password_hash))
    assert Page(client.get("/account/").text).heading == "Your account", "while the real ones go on"
