"""`flask staff`: people come, get passwords, tokens and shops, and leave, each with one sentence."""

import json
import re
from dataclasses import replace

import pytest
from click.testing import Result
from flask import current_app
from flask.testing import FlaskClient, FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.audit.models import AuditEntry
from shop.audit.recording import Action
from shop.config import SecretKey
from shop.staff import tokens
from shop.staff.models import Person, PersonalToken
from shop.staff.passwords import is_password
from shop.staff.queries import person_by_email
from shop.staff.sealing import factor_secret
from shop.staff.sessions import hashed
from tests.builders import PASSWORD, a_manager, a_shop, an_owner, posted, signed_in
from tests.staff.proofs import with_factor


def staff(runner: FlaskCliRunner, *words: str, typed: str = "") -> Result:
    return runner.invoke(args=["staff", *words], input=typed)


def known(email: str) -> Person:
    found = person_by_email(email)
    assert found is not None
    return found


def last_entry(db: SQLAlchemy) -> AuditEntry:
    return db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()


def test_the_first_owner_is_made_with_a_password_from_standard_input(
    runner: FlaskCliRunner, client: FlaskClient, db: SQLAlchemy
) -> None:
    made = staff(runner, "add", "olga@example.com", "--role", "owner", "--password-stdin", typed=f"{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    assert made.output == "olga@example.com can sign in as owner and sees every shop.\n"
    entry = last_entry(db)
    assert (entry.action, entry.actor, entry.subject) == (Action.STAFF_ADDED, "command line", "olga@example.com")
    assert entry.details == {"role": "owner", "shops": []}
    assert posted(client, "/sign-in", email="olga@example.com", password=PASSWORD).status_code == 303


def test_without_a_terminal_a_password_is_made_and_shown_once(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    made = staff(runner, "add", "olga.nova@example.com", "--role", "owner")
    shown = re.search(r"Password, shown only now: (\S+)\n", made.output)
    assert shown is not None
    olga = known("olga.nova@example.com")
    assert olga.name == "Olga Nova"
    assert is_password(olga.password_hash, shown[1])
    assert shown[1] not in json.dumps([entry.details for entry in db.session.scalars(select(AuditEntry))])


def test_a_manager_gets_exactly_the_shops_that_were_named(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    a_shop("praha"), a_shop("brno"), a_shop("berlin")
    made = staff(runner, "add", "adam@example.com", "--role", "manager", "--shop", "praha", "--shop", "brno")
    assert "sees praha, brno" in made.output
    changed = staff(runner, "shops", "adam@example.com", "--shop", "berlin", "--shop", "praha")
    assert changed.output == "adam@example.com, manager, sees berlin, praha.\n"
    listed = json.loads(staff(runner, "list", "--json").output)
    assert listed[0]["shops"] == ["praha", "berlin"]
    told = {"before": ["praha", "brno"], "after": ["berlin", "praha"], "sessions_ended": 0}
    assert last_entry(db).details == told


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["add", "olga", "--role", "owner"], "'olga' is not an e-mail address. Nobody was added."),
        (["add", "a b@example.com", "--role", "owner"], "'a b@example.com' is not an e-mail address."),
        (["add", "eve@example.com", "--role", "boss"], "'boss' is not one of 'owner', 'operator', 'manager'."),
        (["add", "eve@example.com", "--role", "manager", "--shop", "nowhere"], "There is no shop nowhere."),
        (["add", "OLGA@example.com", "--role", "manager"], "olga@example.com is already here as owner."),
        (["password", "eve@example.com"], "Nobody here has the e-mail eve@example.com."),
        (["token", "eve@example.com"], "Nobody here has the e-mail eve@example.com."),
        (["remove", "eve@example.com"], "Nobody here has the e-mail eve@example.com."),
        (["remove", "olga@example.com"], "olga@example.com is the last owner. Nobody was deactivated;"),
        (["shops", "olga@example.com", "--shop", "nowhere"], "There is no shop nowhere."),
        (["add"], "Missing argument 'EMAIL'."),
    ],
)
def test_bad_input_is_a_sentence_and_changes_nothing(
    runner: FlaskCliRunner, db: SQLAlchemy, words: list[str], sentence: str
) -> None:
    an_owner()
    refused = staff(runner, *words)
    assert refused.exit_code == 1
    assert "Error: " in refused.stderr
    assert sentence in refused.stderr
    assert "Traceback" not in refused.output
    assert [person.email for person in db.session.scalars(select(Person))] == ["olga@example.com"]
    assert db.session.scalars(select(AuditEntry)).all() == []


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "The password has 5 characters; it needs at least 8."),
        ("eve@example.com", "The password is the e-mail address"),
        ("aaaaaaaaaaaa", "among the first that anybody would try"),
        ("12345678", "among the first that anybody would try"),
        ("x" * 1025, "at most 1024 are read"),
        ("", "Standard input holds no password."),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(runner: FlaskCliRunner, password: str, sentence: str) -> None:
    refused = staff(runner, "add", "eve@example.com", "--role", "owner", "--password-stdin", typed=f"{password}\n")
    assert refused.exit_code == 1
    assert sentence in refused.stderr
    assert person_by_email("eve@example.com") is None


def test_a_new_password_signs_out_everywhere(runner: FlaskCliRunner, client: FlaskClient, db: SQLAlchemy) -> None:
    olga = an_owner(password=PASSWORD)
    signed_in(client, olga)
    changed = staff(runner, "password", "olga@example.com", "--password-stdin", typed="another quiet goose\n")
    assert changed.output == "olga@example.com has a new password and is signed out everywhere.\n"
    assert client.get("/staff/").status_code == 303
    assert last_entry(db).details == {"sessions_ended": 1}
    assert posted(client, "/sign-in", email="olga@example.com", password=PASSWORD).status_code == 401
    assert posted(client, "/sign-in", email="olga@example.com", password="another quiet goose").status_code == 303


def test_a_token_is_all_that_stands_on_standard_output_and_replaces_the_one_before(
    runner: FlaskCliRunner, db: SQLAlchemy
) -> None:
    olga = an_owner()
    first = staff(runner, "token", "olga@example.com")
    assert re.fullmatch(r"pult_[\w-]{43}\n", first.stdout)
    assert last_entry(db).details == {"name": "command line", "prefix": first.stdout[:12], "days": 365}
    second = staff(runner, "token", "olga@example.com")
    assert second.stdout != first.stdout
    (live,) = tokens.live_tokens(olga)
    assert live.token_hash == hashed(second.stdout.strip())
    revoked = db.session.scalars(select(PersonalToken).where(PersonalToken.id != live.id)).one()
    assert revoked.revoked_at is not None
    assert first.stdout.strip().encode() not in bytes(revoked.token_hash)


def test_a_person_who_left_can_come_back(runner: FlaskCliRunner, client: FlaskClient) -> None:
    an_owner()
    adam = a_manager([a_shop("praha")], password=PASSWORD)
    signed_in(client, adam)
    assert staff(runner, "remove", "adam@example.com").exit_code == 0
    assert client.get("/sign-in").status_code == 200, "no longer signed in"
    assert posted(client, "/sign-in", email="adam@example.com", password=PASSWORD).status_code == 401
    again = staff(runner, "remove", "adam@example.com")
    assert (again.exit_code, again.stderr) == (
        1,
        "Error: adam@example.com is already deactivated. Nothing was changed.\n",
    )
    assert "No token was made" in staff(runner, "token", "adam@example.com").stderr
    back = staff(runner, "add", "adam@example.com", "--role", "operator", "--password-stdin", typed="quiet again now\n")
    assert back.exit_code == 0, back.output
    assert (adam.state, adam.role, adam.shops) == ("active", "operator", [])


def test_a_link_is_all_that_stands_on_standard_output_and_opens_the_choice_of_a_password(
    runner: FlaskCliRunner, client: FlaskClient, db: SQLAlchemy
) -> None:
    an_owner(password=PASSWORD)
    made = staff(runner, "link", "olga@example.com")
    assert made.exit_code == 0, made.output
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/choose-password\?link=\S+\n", made.stdout)
    assert last_entry(db).details == {"purpose": "reset"}
    path = made.stdout.strip().removeprefix("http://127.0.0.1:8000")
    assert "olga@example.com" in client.get(path).text


def test_the_only_owner_gets_rid_of_a_lost_device_on_the_server(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    olga = an_owner(password=PASSWORD)
    assert "has no second factor" in staff(runner, "second-factor", "olga@example.com").stderr
    with_factor(olga)
    assert staff(runner, "second-factor", "olga@example.com").exit_code == 0
    assert (olga.factor_secret, olga.factor_since) == (None, None)
    assert last_entry(db).action == Action.STAFF_FACTOR_REMOVED


def test_second_factors_are_sealed_anew_with_the_key_of_today(
    runner: FlaskCliRunner, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch
) -> None:
    olga = an_owner(password=PASSWORD)
    secret = with_factor(olga)
    assert staff(runner, "reseal").output == "0\xa0second factors sealed anew.\n"
    config = current_app.extensions["pult"]
    turned = replace(config, secret_key=SecretKey("the key that came after it", before=config.secret_key))
    monkeypatch.setitem(current_app.extensions, "pult", turned)
    assert staff(runner, "reseal").output == "1\xa0second factor sealed anew.\n"
    monkeypatch.setitem(
        current_app.extensions, "pult", replace(config, secret_key=SecretKey("the key that came after it"))
    )
    assert factor_secret(olga) == secret


def test_the_list_is_fit_to_read(runner: FlaskCliRunner) -> None:
    assert "Make the first owner" in staff(runner, "list").output
    an_owner()
    a_manager([a_shop("praha")])
    lines = staff(runner, "list").output.splitlines()
    assert lines == [
        "olga@example.com  Olga  owner, active  every shop  not seen yet",
        "adam@example.com  Adam  manager, active  praha  not seen yet",
    ]
