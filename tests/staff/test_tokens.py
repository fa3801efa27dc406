"""Personal tokens: programs read as their person, nothing else, until the token ends."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select

from shop.audit.recording import Action
from shop.staff.models import Person, PersonalToken
from shop.staff.sessions import hashed
from tests.builders import a_manager, a_shop, an_operator, an_order, an_owner, bearer, posted, signed_in
from tests.page import Page
from tests.staff.acting import trail
from tests.staff.proofs import a_token


def made(client: FlaskClient, name: str = "Weekly report", days: int = 90) -> str:
    """Make a token in one's account and read it where it is shown."""
    assert posted(client, "/account/tokens", name=name, days=days).status_code == 303
    page = Page(client.get("/account/").text)
    (token,) = [code.text for code in page.root.all("code") if code.text.startswith("pult_")]
    assert token not in client.get("/account/").text, "it is shown once"
    return token


def carrying(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def refusals(db: SQLAlchemy) -> list[tuple[str, str]]:
    found = [entry for entry in trail(db) if entry.action == Action.TOKEN_REFUSED]
    return [(entry.actor, str(entry.details["reason"])) for entry in found]


def test_a_token_reads_the_persons_shops_and_is_told_apart_by_its_beginning(
    client: FlaskClient, db: SQLAlchemy
) -> None:
    praha, brno = a_shop("praha"), a_shop("brno")
    an_order(praha, "1"), an_order(brno, "2")
    signed_in(client, a_manager([praha]))
    token = made(client)
    kept = db.session.scalars(select(PersonalToken)).one()
    assert (kept.prefix, kept.token_hash) == (token[:12], hashed(token))
    answer = client.application.test_client().get("/orders.json", headers=carrying(token))
    assert answer.json is not None
    assert [row["code"] for row in answer.json["rows"]] == ["1"]
    page = Page(client.get("/account/").text)
    assert page.rows("Tokens")[0][:2] == ["Weekly report", token[:12]]
    entry = next(entry for entry in trail(db) if entry.action == Action.STAFF_TOKEN_MADE)
    assert entry.details == {"name": "Weekly report", "prefix": token[:12], "days": 90}


def test_its_use_is_noted_to_the_hour(client: FlaskClient, db: SQLAlchemy) -> None:
    headers = bearer(a_manager([a_shop()]))
    kept = db.session.scalars(select(PersonalToken)).one()
    client.get("/orders.json", headers=headers)
    first = kept.last_used_at
    assert first is not None
    client.get("/orders.json", headers=headers)
    assert kept.last_used_at == first
    kept.last_used_at = func.now() - timedelta(minutes=61)
    db.session.commit()
    client.get("/orders.json", headers=headers)
    assert kept.last_used_at > first - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"revoked_at": func.now()}, "revoked"),
        ({"expires_at": func.now() - timedelta(seconds=1)}, "expired"),
    ],
)
def test_a_token_that_has_ended_opens_nothing_and_is_written_down(
    client: FlaskClient, db: SQLAlchemy, change: dict[str, object], reason: str
) -> None:
    headers = bearer(a_manager([a_shop()]))
    kept = db.session.scalars(select(PersonalToken)).one()
    for name, value in change.items():
        setattr(kept, name, value)
    db.session.commit()
    assert client.get("/orders.json", headers=headers).status_code == 401
    assert refusals(db) == [("adam@example.com", reason)]


def test_a_token_opens_no_page_and_no_form_whatever_they_are(client: FlaskClient, db: SQLAlchemy) -> None:
    headers = bearer(an_owner())
    rules = [rule for rule in client.application.url_map.iter_rules() if not rule.arguments]
    tried = 0
    for rule in rules:
        view = client.application.view_functions[rule.endpoint]
        is_page = "GET" in (rule.methods or ()) and not rule.rule.endswith((".json", ".csv"))
        if hasattr(view, "is_public") or rule.endpoint == "static":
            continue
        if is_page:
            assert client.get(rule.rule, headers=headers).status_code == 401, rule.rule
            tried += 1
        if "POST" in (rule.methods or ()):
            assert client.post(rule.rule, headers=headers).status_code == 401, rule.rule
            tried += 1
    assert tried > 25
    assert {reason for _, reason in refusals(db)} == {"a token only reads", "not an address for programs"}


def test_made_up_tokens_do_not_fill_the_trail(client: FlaskClient, db: SQLAlchemy) -> None:
    for number in range(30):
        assert client.get("/orders.json", headers=carrying(f"pult_made_up_{number}")).status_code == 401
    assert refusals(db) == [("visitor", "unknown")] * 20


def test_a_revoked_token_is_dead_at_once(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, a_manager([a_shop()]))
    token = made(client)
    other = client.application.test_client()
    assert other.get("/orders.json", headers=carrying(token)).status_code == 200
    kept = db.session.scalars(select(PersonalToken)).one()
    assert posted(client, f"/account/tokens/{kept.id}/revocation").status_code == 303
    assert other.get("/orders.json", headers=carrying(token)).status_code == 401
    assert posted(client, f"/account/tokens/{kept.id}/revocation").status_code == 404


def test_nobody_revokes_the_token_of_another(client: FlaskClient, db: SQLAlchemy) -> None:
    shop = a_shop()
    theirs = a_token(an_operator([shop]))
    signed_in(client, a_manager([shop]))
    assert posted(client, f"/account/tokens/{theirs.id}/revocation").status_code == 404
    assert theirs.revoked_at is None


def test_a_role_that_changes_changes_what_the_token_reads(client: FlaskClient, db: SQLAlchemy) -> None:
    adam = a_manager([a_shop()])
    headers = bearer(adam)
    assert client.get("/snapshots.json", headers=headers).status_code == 403
    adam.role = "operator"
    db.session.commit()
    assert client.get("/snapshots.json", headers=headers).status_code == 200
    assert client.get("/orders.csv", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " ", "days": "90"}, "A token needs a name"),
        ({"name": "x", "days": "1000"}, "A token lives for 30, 90 or 365 days."),
        ({"name": "x", "days": "²"}, "A token lives for 30, 90 or 365 days."),
        ({"name": "x"}, "A token lives for 30, 90 or 365 days."),
    ],
)
def test_a_token_without_name_or_end_is_not_made(
    client: FlaskClient, db: SQLAlchemy, fields: dict[str, str], sentence: str
) -> None:
    signed_in(client, an_owner())
    answer = posted(client, "/account/tokens", **fields)
    assert answer.status_code == 422
    assert Page(answer.text).has(sentence)
    assert db.session.scalars(select(PersonalToken)).all() == []


def test_a_person_has_so_many_tokens_and_no_more(client: FlaskClient, db: SQLAlchemy) -> None:
    olga: Person = an_owner()
    signed_in(client, olga)
    for _ in range(20):
        a_token(olga)
    assert "There are 20 tokens already." in posted(client, "/account/tokens", name="x", days=30).text
