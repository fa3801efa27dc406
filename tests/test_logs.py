"""One JSON line an event, joined from the request to the SQL, and no secret in any of them."""

import json
import logging
import sys
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog
from flask import Blueprint, abort
from flask.testing import FlaskClient, FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop import logs
from shop.config import Config
from shop.db import db as handle
from shop.staff.access import public
from tests.builders import PASSWORD, an_owner, another_app, bearer, posted, signed_in

CANARY = "canary-7c52e1"

probe = Blueprint("probe", __name__)


@probe.get("/application-name")
@public
def application_name() -> str:
    return str(handle.session.scalar(text("SELECT current_setting('application_name')")))


@probe.get("/careless")
@public
def careless() -> str:
    """Log the way nobody should, and fail with a secret at hand."""
    log = structlog.get_logger()
    log.info("careless", password=CANARY, headers={"Authorization": f"Bearer {CANARY}"}, tokens=[CANARY])
    log.warning("told in words: Authorization: Bearer %s", CANARY)
    logging.getLogger("another.library").error("postgresql://pult:%s@db/pult failed", CANARY)
    raise ConnectionError(f"redis://:{CANARY}@redis:6379/0 does not answer")


@probe.get("/given-up")
@public
def given_up() -> str:
    abort(500)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """What the process logs during the test."""
    kept = structlog.get_config(), logging.root.handlers[:]
    stream = StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure("web")
    yield stream
    structlog.configure(**kept[0])
    logging.root.handlers[:] = kept[1]
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def visit(config: Config, db: SQLAlchemy, told: StringIO) -> Iterator[FlaskClient]:
    with another_app(config, probe) as made:
        yield made.test_client()


def test_an_answer_is_one_line_with_its_id(visit: FlaskClient, told: StringIO) -> None:
    olga = an_owner()
    signed_in(visit, olga)
    answer = visit.get("/staff/?shop=")
    (line,) = [line for line in map(json.loads, told.getvalue().splitlines()) if line["event"] == "answered"]
    assert line["request"] == answer.headers["X-Request-ID"]
    assert (line["method"], line["path"], line["status"], line["actor"]) == ("GET", "/staff/", 200, olga.id)
    assert line["ms"] >= 0
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(("path", "cause"), [("/careless", "ConnectionError"), ("/given-up", "InternalServerError")])
def test_a_failed_page_is_told_once_with_its_traceback_and_its_id(
    visit: FlaskClient, told: StringIO, path: str, cause: str
) -> None:
    answer = visit.get(path)
    assert answer.status_code == 500
    lines = [json.loads(line) for line in told.getvalue().splitlines()]
    (line,) = [line for line in lines if "exception" in line]
    assert (line["event"], line["level"], line["path"]) == ("page_failed", "error", path)
    assert line["request"] == answer.headers["X-Request-ID"]
    assert line["exception"].startswith("Traceback")
    assert cause in line["exception"]
    assert line["request"] in answer.text  # the reference that a person reads to whoever looks into the log


def test_the_id_goes_as_far_as_the_database(visit: FlaskClient) -> None:
    answer = visit.get("/application-name")
    assert answer.text.startswith("pult ")
    assert f"request={answer.headers['X-Request-ID']}" in answer.text
    again = visit.get("/application-name")
    assert again.headers["X-Request-ID"] in again.text
    assert answer.headers["X-Request-ID"] not in again.text


def test_even_careless_words_give_no_secret_away(visit: FlaskClient, told: StringIO) -> None:
    visit.get("/careless")
    assert "careless" in told.getvalue()
    assert "page_failed" in told.getvalue()
    assert CANARY not in told.getvalue()


def test_no_act_of_a_person_gives_a_secret_away(visit: FlaskClient, runner: FlaskCliRunner, told: StringIO) -> None:
    olga = an_owner(password=PASSWORD)
    posted(visit, "/sign-in", email="eve@example.com", password=CANARY)
    posted(visit, "/sign-in", email="olga@example.com", password=PASSWORD)
    visit.get("/staff/", headers={"Cookie": f"pult={CANARY}"})
    visit.get("/orders.json", headers={"Authorization": f"Bearer {CANARY}"})
    visit.get("/orders.json", headers=bearer(olga))
    words = [
        "--platform",
        "shoptet",
        "--currency",
        "CZK",
        "--timezone",
        "Europe/Prague",
        "--base-url",
        "https://x.example",
    ]
    runner.invoke(args=["shops", "add", "praha", *words, "--token", CANARY])
    runner.invoke(args=["staff", "password", "olga@example.com", "--password-stdin"], input=f"{CANARY}\n")
    assert told.getvalue().count('"answered"') == 5
    for secret in (CANARY, PASSWORD, f"pult_test_{olga.id}"):
        assert secret not in told.getvalue()


@pytest.mark.parametrize("name", ["password", "api_token", "SECRET_KEY", "credentials", "Authorization", "set_cookie"])
def test_a_field_that_sounds_secret_is_hidden(name: str) -> None:
    assert logs.mask(None, "info", {name: CANARY}) == {name: "•••"}
    assert logs.mask(None, "info", {name: None}) == {name: None}


def test_what_a_url_needs_to_be_recognised_is_kept() -> None:
    masked = logs.mask(None, "info", {"error": f"postgresql://pult:{CANARY}@db.example:5432/pult is away"})
    assert masked == {"error": "postgresql://pult:•••@db.example:5432/pult is away"}


def test_the_client_of_the_platforms_tells_no_addresses(told: StringIO) -> None:
    for name in ("httpx", "httpcore", "httpcore.http11"):
        logging.getLogger(name).info("HTTP Request: GET https://tulip.example/api-results/%s", CANARY)
        logging.getLogger(name).debug("send_request_headers.started %s", CANARY)
    assert CANARY not in told.getvalue()
