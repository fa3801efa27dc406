"""The password once more before what cannot be taken back: asked once in ten minutes, and nothing typed is lost."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Blueprint, Flask, request
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, update

from shop.audit.recording import Action
from shop.config import Config
from shop.staff.access import requires
from shop.staff.confirmation import FIELD, confirmed
from shop.staff.models import SignIn
from tests.builders import PASSWORD, an_owner, another_app, bearer, form_token, posted, signed_in
from tests.page import Page
from tests.staff.acting import trail

probe = Blueprint("probe", __name__, url_prefix="/probe")


@probe.post("/restoration")
@requires()
@confirmed
def restoration() -> str:
    return f"restored {request.form.getlist('part')} {request.args.get('of')}"


@probe.get("/secret")
@requires()
@confirmed
def secret() -> str:
    return "revealed"


@probe.get("/secret.json")
@requires()
@confirmed
def secret_json() -> str:
    return "revealed"


@pytest.fixture(scope="module")
def probed(config: Config) -> Iterator[Flask]:
    with another_app(config, probe) as made:
        yield made


@pytest.fixture
def olga(probed: Flask, db: SQLAlchemy) -> FlaskClient:
    """Olga, who gave her password eleven minutes ago."""
    client = signed_in(probed.test_client(), an_owner(password=PASSWORD))
    db.session.execute(update(SignIn).values(proved_at=func.now() - timedelta(minutes=11)))
    db.session.commit()
    return client


def test_whoever_signed_in_a_moment_ago_is_not_asked(probed: Flask, db: SQLAlchemy) -> None:
    client = signed_in(probed.test_client(), an_owner())
    assert posted(client, "/probe/restoration").text == "restored [] None"


def test_a_form_waits_for_the_password_and_goes_on_as_it_was(olga: FlaskClient, db: SQLAlchemy) -> None:
    asked = olga.post("/probe/restoration?of=7", data={"csrf_token": form_token(olga), "part": ["a", "“b”"]})
    assert asked.status_code == 403
    page = Page(asked.text)
    assert page.heading == "Your password again"
    assert [entry.action for entry in trail(db)] == []
    fields = page.form("/probe/restoration?of=7")
    assert fields["part"] == "“b”"
    assert asked.text.count('name="part"') == 2
    done = olga.post("/probe/restoration?of=7", data={**fields, "part": ["a", "“b”"], FIELD: PASSWORD})
    assert done.text == "restored ['a', '“b”'] 7"
    assert [(entry.action, entry.subject) for entry in trail(db)] == [(Action.CONFIRMED, "/probe/restoration")]
    assert posted(olga, "/probe/restoration").text == "restored [] None", "and it is not asked again at once"


def test_a_wrong_password_does_nothing_and_is_written_down(olga: FlaskClient, db: SQLAlchemy) -> None:
    refused = posted(olga, "/probe/restoration", part="a", **{FIELD: "not hers"})
    assert refused.status_code == 403
    page = Page(refused.text)
    assert page.has("The password is not right. Nothing was changed.")
    assert page.form("/probe/restoration")["part"] == "a"
    assert "not hers" not in refused.text
    (entry,) = trail(db)
    assert (entry.action, entry.details) == (Action.CONFIRMATION_REFUSED, {"tries_left": 4})


def test_guessing_is_throttled_like_a_sign_in(olga: FlaskClient) -> None:
    for _ in range(5):
        posted(olga, "/probe/restoration", **{FIELD: "not hers"})
    assert posted(olga, "/probe/restoration", **{FIELD: PASSWORD}).status_code == 429


def test_a_form_of_another_site_cannot_even_guess(olga: FlaskClient, db: SQLAlchemy) -> None:
    answer = olga.post("/probe/restoration", data={FIELD: PASSWORD})
    assert answer.status_code == 400
    assert trail(db) == []
    assert posted(olga, "/probe/restoration").status_code == 403, "nothing was confirmed"


def test_a_page_that_reveals_asks_first_and_is_shown_afterwards(olga: FlaskClient) -> None:
    asked = olga.get("/probe/secret?of=7")
    assert asked.location == "/confirm?next=%2Fprobe%2Fsecret%3Fof%3D7"
    page = Page(olga.get(asked.location).text)
    assert page.form("/confirm")["next"] == "/probe/secret?of=7"
    wrong = posted(olga, "/confirm", next="/probe/secret?of=7", **{FIELD: "not hers"})
    assert wrong.status_code == 403
    shown = posted(olga, "/confirm", next="/probe/secret?of=7", **{FIELD: PASSWORD})
    assert shown.location == "/probe/secret?of=7"
    assert olga.get(shown.location).text == "revealed"


def test_a_token_reveals_nothing(probed: Flask, db: SQLAlchemy) -> None:
    answer = probed.test_client().get("/probe/secret.json", headers=bearer(an_owner(password=PASSWORD)))
    assert answer.status_code == 403
    assert "revealed" not in answer.text


def test_what_must_be_confirmed_says_so(app: Flask) -> None:
    """Roles, ways in, tokens, second factors: whoever finds a browser open cannot take it over for good."""
    marked = {endpoint for endpoint, view in app.view_functions.items() if hasattr(view, "is_confirmed")}
    assert marked >= {
        "people.create", "people.update", "people.link", "people.deactivation", "people.reactivation",
        "people.factor_removal", "account.make_token", "account.begin_factor", "account.activate_factor",
        "account.renew_codes", "account.remove_factor",
    }  # fmt: skip
