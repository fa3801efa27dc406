"""Signing in and out: the right person, nobody else, not too often, and never to another site."""

import hashlib
from datetime import timedelta
from typing import Literal

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from shop.audit.models import AuditEntry
from shop.audit.recording import Action
from shop.staff import passwords, sessions
from shop.staff.models import SignIn
from shop.staff.sessions import IDLE
from shop.staff.throttle import Throttle
from tests.builders import PASSWORD, a_manager, a_shop, an_owner, posted, signed_in
from tests.page import Page


def sign_in(
    client: FlaskClient, email: str = "olga@example.com", password: str = PASSWORD, after: str = "/"
) -> TestResponse:
    return posted(client, "/sign-in", email=email, password=password, next=after)


def cookie_secret(client: FlaskClient) -> str:
    with client.session_transaction() as session:
        return str(session["_user_id"])


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/staff/").status_code == 200


def trail(db: SQLAlchemy) -> list[AuditEntry]:
    return list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def test_olga_signs_in_and_goes_where_she_wanted(client: FlaskClient) -> None:
    an_owner(password=PASSWORD)
    asked = client.get("/staff/?x=1")
    assert asked.status_code == 303
    assert asked.location == "/sign-in?next=%2Fstaff%2F%3Fx%3D1"
    page = Page(client.get(asked.location).text)
    assert page.form("/sign-in")["next"] == "/staff/?x=1"
    answer = sign_in(client, email=" OLGA@example.com ", after="/staff/?x=1")
    assert answer.status_code == 303
    assert answer.location == "/staff/?x=1"
    assert is_signed_in(client)


def test_a_sign_in_is_recorded_with_address_and_browser(client: FlaskClient, db: SQLAlchemy) -> None:
    olga = an_owner(password=PASSWORD)
    sign_in(client)
    assert olga.last_seen_at is not None
    (entry,) = trail(db)
    assert (entry.action, entry.actor, entry.staff_id) == (Action.SIGNED_IN, olga.email, olga.id)
    assert str(entry.address) == "127.0.0.1"
    assert "browser" in entry.details


@pytest.mark.parametrize(("email", "password"), [("olga@example.com", "not hers"), ("eve@example.com", PASSWORD)])
def test_nobody_learns_which_half_was_wrong(client: FlaskClient, db: SQLAlchemy, email: str, password: str) -> None:
    an_owner(password=PASSWORD)
    answer = sign_in(client, email, password)
    assert answer.status_code == 401
    page = Page(answer.text)
    assert page.has("The e-mail or the password is not right. 4 tries are left before a pause of 15 min.")
    assert page.form("/sign-in")["email"] == email
    assert page.form("/sign-in")["password"] == ""
    (entry,) = trail(db)
    assert (entry.action, entry.actor, entry.subject) == (Action.SIGN_IN_REFUSED, "visitor", email)
    assert password not in str(entry.details)
    assert not is_signed_in(client)


def test_who_was_deactivated_reads_the_same_sentence(client: FlaskClient, db: SQLAlchemy) -> None:
    olga = an_owner(password=PASSWORD)
    olga.state = "inactive"
    db.session.commit()
    answer = sign_in(client)
    assert answer.status_code == 401
    assert "The e-mail or the password is not right." in answer.text
    assert trail(db)[0].details["reason"] == "deactivated"


def test_an_unknown_e_mail_costs_the_same_work(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    an_owner(password=PASSWORD)
    verified: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  # its name there
            verified.append(str(hash))
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "HASHER", Counting(time_cost=3, memory_cost=32 * 1024, parallelism=1))
    sign_in(client, "olga@example.com", "not hers")
    sign_in(client, "eve@example.com", "not hers")
    known, unknown = verified
    assert known.rsplit("$", 2)[0] == unknown.rsplit("$", 2)[0] == "$argon2id$v=19$m=32768,t=3,p=1"


def test_the_sixth_try_for_an_account_waits_even_with_the_right_password(client: FlaskClient, db: SQLAlchemy) -> None:
    an_owner(password=PASSWORD)
    for left in (4, 3, 2):
        assert f"{left} tries are left" in sign_in(client, password="wrong").text.replace("\xa0", " ")
    assert "1 try is left" in sign_in(client, password="wrong").text.replace("\xa0", " ")
    assert "That was the last try for now" in sign_in(client, password="wrong").text
    refused = sign_in(client)
    assert refused.status_code == 429
    assert Page(refused.text).has("There were too many tries for this account or from this address.")
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60
    assert not is_signed_in(client)
    assert len(trail(db)) == 5, "a try that was not looked at must not fill the trail"


def test_an_account_is_guarded_against_many_addresses(client: FlaskClient, app: Flask) -> None:
    an_owner(password=PASSWORD)
    for number in range(5):
        client.environ_base["REMOTE_ADDR"] = f"10.0.0.{number}"
        sign_in(client, password="wrong")
    other = app.test_client()
    other.environ_base["REMOTE_ADDR"] = "10.9.9.9"
    assert sign_in(other).status_code == 429
    a_manager([a_shop()], password=PASSWORD)
    assert sign_in(other, "adam@example.com").status_code == 303, "another account is not held up"


def test_one_address_may_not_guess_through_the_accounts(client: FlaskClient) -> None:
    codes = [sign_in(client, f"person-{number}@example.com", "summer2026").status_code for number in range(31)]
    assert codes == [401] * 30 + [429]


def test_a_success_forgets_the_tries_of_the_account(client: FlaskClient) -> None:
    an_owner(password=PASSWORD)
    for _ in range(4):
        sign_in(client, password="wrong")
    assert sign_in(client).status_code == 303
    with client.session_transaction() as session:
        session.clear()
    assert "4 tries are left" in sign_in(client, password="wrong").text.replace("\xa0", " ")


def test_redis_never_holds_the_e_mail_that_was_typed(client: FlaskClient, redis: Redis) -> None:
    sign_in(client, "olga@example.com", "wrong")
    keys = redis.keys("pult:tries*")
    assert keys
    assert not [key for key in keys if b"olga" in key]


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


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil",
        "",
        "/sign-out",
        "/" + "x" * 3000,
    ],
)
def test_nobody_is_sent_to_another_site(client: FlaskClient, elsewhere: str) -> None:
    an_owner(password=PASSWORD)
    assert sign_in(client, after=elsewhere).location == "/"


def test_who_is_signed_in_already_goes_on(client: FlaskClient) -> None:
    signed_in(client, an_owner())
    assert client.get("/sign-in?next=/staff/").location == "/staff/"


def test_with_nobody_at_all_the_page_says_how_to_begin(client: FlaskClient) -> None:
    assert Page(client.get("/sign-in").text).has("flask staff add you@example.com --role owner")
    an_owner()
    assert not Page(client.get("/sign-in").text).has("flask staff add")


def test_an_outdated_hash_is_renewed_while_the_password_is_at_hand(client: FlaskClient, db: SQLAlchemy) -> None:
    olga = an_owner()
    olga.password_hash = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    db.session.commit()
    assert sign_in(client).status_code == 303
    assert "m=32768,t=3,p=1" in str(olga.password_hash)
    assert passwords.is_password(olga.password_hash, PASSWORD)


def test_the_cookie_is_closed_to_scripts_and_other_sites(client: FlaskClient) -> None:
    an_owner(password=PASSWORD)
    cookie = sign_in(client).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_while_redis_is_away_people_sign_in_and_guessing_is_still_counted(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = Throttle("redis://127.0.0.1:1/0")
    monkeypatch.setitem(client.application.extensions, "sign_in_throttle", alone)
    an_owner(password=PASSWORD)
    for _ in range(5):
        sign_in(client, password="wrong")
    assert sign_in(client).status_code == 429
    a_manager([a_shop()], password=PASSWORD)
    assert sign_in(client, "adam@example.com").status_code == 303


@pytest.mark.parametrize(
    ("peer", "claimed", "believed"),
    [
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "somewhere", "127.0.0.1"),
        ("198.51.100.9", "203.0.113.7", "198.51.100.9"),
        ("::1", "2001:db8::7", "2001:db8::7"),
    ],
)
def test_only_a_proxy_on_this_machine_speaks_for_others(
    client: FlaskClient, db: SQLAlchemy, peer: str, claimed: str, believed: str
) -> None:
    client.environ_base["REMOTE_ADDR"] = peer
    client.environ_base["HTTP_X_FORWARDED_FOR"] = claimed
    sign_in(client, password="wrong")
    assert str(trail(db)[0].address) == believed


def test_what_no_text_can_hold_is_only_wrong(client: FlaskClient, db: SQLAlchemy) -> None:
    assert sign_in(client, "ol\x00ga@example.com", "pass\x00word").status_code == 401
    assert trail(db)[0].subject == "olga@example.com"
    signed_in(client, an_owner())
    assert client.get("/orders/pra%00ha/1").status_code == 404
    assert trail(db)[1].subject == "/orders/pra\ufffdha/1"


def test_sessions_of_long_ago_are_forgotten(client: FlaskClient, db: SQLAlchemy) -> None:
    olga = an_owner(password=PASSWORD)
    signed_in(client, olga)
    db.session.execute(update(SignIn).values(expires_at=func.now() - timedelta(days=31)))
    db.session.commit()
    sign_in(client)
    assert len(db.session.scalars(select(SignIn)).all()) == 1
