"""Signing in and out: the right person, nobody else, not too often, and never to another site."""

from typing import Literal

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from shop.audit.recording import Action
from shop.staff import passwords
from tests.builders import PASSWORD, an_owner, signed_in
from tests.page import Page
from tests.staff.acting import is_signed_in, sign_in, trail


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


def test_what_no_text_can_hold_is_only_wrong(client: FlaskClient, db: SQLAlchemy) -> None:
    assert sign_in(client, "ol\x00ga@example.com", "pass\x00word").status_code == 401
    assert trail(db)[0].subject == "olga@example.com"
    signed_in(client, an_owner())
    assert client.get("/orders/pra%00ha/1").status_code == 404
    assert trail(db)[1].subject == "/orders/pra\ufffdha/1"
