"""Every kind of answer carries the strict headers and its id: pages, refusals, failures, files."""

import re
from collections.abc import Iterator

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from shop.config import Config
from shop.db import db as handle
from shop.staff.access import public
from tests.builders import a_manager, a_shop, an_owner, another_app, posted, signed_in
from tests.page import Page

POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
STRICT = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}

broken = Blueprint("broken", __name__)


@broken.get("/broken")
@public
def fails() -> str:
    raise ZeroDivisionError("a mistake in the program")


@broken.get("/away")
@public
def away() -> str:
    raise OperationalError("SELECT 1", {}, ConnectionError("gone"))


@broken.get("/killed")
@public
def killed() -> str:
    handle.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    return "unreachable"


@pytest.fixture(scope="module")
def breakable(config: Config) -> Iterator[Flask]:
    with another_app(config, broken) as made:
        yield made


@pytest.fixture
def visit(breakable: Flask, db: SQLAlchemy) -> FlaskClient:
    return breakable.test_client()


def stylesheet(visit: FlaskClient) -> str:
    found = re.search(r'href="(/static/[^"]+\.css)"', visit.get("/nothing").text)
    assert found is not None
    return found[1]


def test_every_answer_is_strict(visit: FlaskClient) -> None:
    adam = a_manager([a_shop()])
    answers = {
        "a page": (visit.get("/sign-in"), 200),
        "a redirect": (visit.get("/orders/"), 303),
        "a refused program": (visit.get("/orders.json"), 401),
        "an unknown address": (visit.get("/nothing"), 404),
        "a refused form": (visit.post("/sign-in", data={}), 400),
        "a refused method": (visit.delete("/sign-in"), 405),
        "options": (visit.options("/sign-in"), 200),
        "a wrong password": (posted(visit, "/sign-in", email="eve@example.com", password="x"), 401),
        "a file": (visit.get(stylesheet(visit)), 200),
        "a file that is not there": (visit.get("/static/nothing.css"), 404),
        "a program's failure": (visit.get("/broken"), 500),
        "the database away": (visit.get("/away"), 503),
        "health": (visit.get("/health/live"), 200),
        "a closed door": (signed_in(visit, adam).get("/staff/"), 403),
    }
    for kind, (answer, code) in answers.items():
        assert answer.status_code == code, kind
        assert {name: answer.headers.get(name) for name in STRICT} == STRICT, kind
        assert answer.headers.getlist("Content-Security-Policy") == [POLICY], kind
        assert re.fullmatch(r"[0-9a-f]{12}", answer.headers["X-Request-ID"]), kind
        assert "Server" not in answer.headers, kind
        answer.close()


def test_nothing_that_is_somebodys_is_kept_by_a_browser(visit: FlaskClient) -> None:
    assert visit.get("/staff/").headers["Cache-Control"] == "no-store"
    signed_in(visit, an_owner())
    assert visit.get("/staff/").headers["Cache-Control"] == "no-store"
    with visit.get(stylesheet(visit)) as file:
        assert "no-store" not in file.headers["Cache-Control"]
        assert "Set-Cookie" not in file.headers


@pytest.mark.parametrize(("path", "code"), [("/broken", 500), ("/away", 503), ("/killed", 503)])
def test_a_failure_says_what_was_kept_and_what_to_do(visit: FlaskClient, path: str, code: int) -> None:
    signed_in(visit, an_owner())
    answer = visit.get(path)
    assert answer.status_code == code
    page = Page(answer.text)
    assert page.has("Nothing was changed and nothing was lost.")
    assert page.has(answer.headers["X-Request-ID"]), "the reference joins the page with the log"
    assert "ZeroDivisionError" not in answer.text
    assert "SELECT" not in answer.text
    assert visit.get("/staff/").status_code == 200, "the next page is well again"


def test_a_secure_site_says_so(visit: FlaskClient) -> None:
    assert "Strict-Transport-Security" not in visit.get("/sign-in").headers
    secure = visit.get("/sign-in", base_url="https://pult.example.com")
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0123456789abcdef", True),
        ("a-proxys-own-id", True),
        ("short", False),
        ("x" * 65, False),
        ("a b c d e f g", False),
    ],
)
def test_a_proxys_id_is_kept_where_it_is_one(visit: FlaskClient, given: str, kept: bool) -> None:
    answer = visit.get("/health/live", headers={"X-Request-ID": given})
    assert (answer.headers["X-Request-ID"] == given) is kept
