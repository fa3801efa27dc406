"""Sessions: new at every sign-in, ended by the server, stored as hashes."""

import hashlib
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select, update

from shop.audit.recording import Action
from shop.staff import sessions
from shop.staff.models import SignIn
from shop.staff.sessions import IDLE
from tests.builders import PASSWORD, an_owner, posted, signed_in
from tests.staff.acting import is_signed_in, sign_in, trail


def cookie_secret(client: FlaskClient) -> str:
    with client.session_transaction() as session:
        return str(session["_user_id"])


def test_the_session_is_a_new_one_after_the_sign_in(client: FlaskClient, db: SQLAlchemy) -> None:
    olga = an_owner(password=PASSWORD)
    signed_in(client, olga)
    before = cookie_secret(client)
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
        session["csrf_token"] = "known to somebody else"
    sign_in(client)
    with client.session_transaction() as session:
        assert "planted" not in session
        assert session.get("csrf_token") != "known to somebody else"
    assert cookie_secret(client) != before
    ended = db.session.get_one(SignIn, sessions.hashed(before))
    assert ended.ended_at is not None


def test_only_the_hash_of_a_session_is_stored(client: FlaskClient, db: SQLAlchemy) -> None:
    an_owner(password=PASSWORD)
    sign_in(client)
    secret = cookie_secret(client)
    (row,) = db.session.scalars(select(SignIn))
    assert row.token_hash == hashlib.sha256(secret.encode()).digest()
    assert len(secret) >= 43  # 256 bits in base64


def test_a_cookie_is_worth_nothing_after_the_sign_out(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, an_owner())
    with client.session_transaction() as session:
        kept = dict(session)
    answer = posted(client, "/sign-out")
    assert answer.status_code == 303
    assert answer.location == "/sign-in"
    assert "You are signed out." in client.get("/sign-in").text
    with client.session_transaction() as session:
        session.update(kept)
    assert not is_signed_in(client)
    assert trail(db)[-1].action == Action.SIGNED_OUT


@pytest.mark.parametrize(
    "change",
    [
        {"seen_at": func.now() - IDLE - timedelta(seconds=1)},
        {"expires_at": func.now() - timedelta(seconds=1)},
        {"ended_at": func.now()},
    ],
    ids=["unused for too long", "too old", "ended"],
)
def test_a_session_ends_on_the_servers_word(client: FlaskClient, db: SQLAlchemy, change: dict[str, object]) -> None:
    signed_in(client, an_owner())
    assert is_signed_in(client)
    db.session.execute(update(SignIn).values(change))
    db.session.commit()
    assert not is_signed_in(client)


def test_using_a_session_keeps_it_and_says_when_the_person_was_seen(client: FlaskClient, db: SQLAlchemy) -> None:
    olga = an_owner()
    signed_in(client, olga)
    olga.last_seen_at = None
    db.session.execute(update(SignIn).values(seen_at=func.now() - timedelta(hours=11)))
    db.session.commit()
    client.get("/staff/")
    (row,) = db.session.scalars(select(SignIn))
    assert row.seen_at > row.created_at - timedelta(minutes=1)
    assert olga.last_seen_at is not None


def test_a_person_who_was_deactivated_is_out_at_once(client: FlaskClient, db: SQLAlchemy) -> None:
    olga = an_owner()
    signed_in(client, olga)
    olga.state = "inactive"
    db.session.commit()
    assert not is_signed_in(client)


def test_the_cookie_is_closed_to_scripts_and_other_sites(client: FlaskClient) -> None:
    an_owner(password=PASSWORD)
    cookie = sign_in(client).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_sessions_of_long_ago_are_forgotten(client: FlaskClient, db: SQLAlchemy) -> None:
    olga = an_owner(password=PASSWORD)
    signed_in(client, olga)
    db.session.execute(update(SignIn).values(expires_at=func.now() - timedelta(days=31)))
    db.session.commit()
    sign_in(client)
    assert len(db.session.scalars(select(SignIn)).all()) == 1
