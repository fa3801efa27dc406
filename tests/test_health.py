"""Alive and ready, for whoever watches: true answers, and the failing part by its name."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from psycopg import sql
from sqlalchemy import text

from shop.config import Config
from shop.db import db as handle
from tests.builders import an_owner, another_app, signed_in


@pytest.fixture
def elsewhere(config: Config, request: pytest.FixtureRequest) -> Iterator[FlaskClient]:
    """The application with one of its servers out of reach."""
    with another_app(replace(config, **request.param)) as made:
        yield made.test_client()


def test_a_process_is_alive_whatever_else_is(client: FlaskClient) -> None:
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json) == (200, {"alive": True})


def test_a_whole_installation_is_ready(client: FlaskClient) -> None:
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json == {
        "ready": True,
        "failing": [],
        "parts": dict.fromkeys(
            ("database", "migrations", "redis", "schedule", "workers", "tasks", "partitions", "backups"), "ok"
        ),
    }


NO_DATABASE = {"database_url": "postgresql://pult:canary-41@127.0.0.1:1/pult"}
NO_REDIS = {"redis_url": "redis://:canary-41@127.0.0.1:1/0"}


@pytest.mark.parametrize("elsewhere", [NO_DATABASE], indirect=True)
def test_without_the_database_it_says_so_and_no_more(elsewhere: FlaskClient) -> None:
    answer = elsewhere.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["failing"] == ["database", "migrations"]
    assert answer.json["parts"]["redis"] == "ok"
    assert "canary" not in answer.text
    assert "127.0.0.1" not in answer.text
    assert elsewhere.get("/health/live").status_code == 200


@pytest.mark.parametrize("elsewhere", [NO_DATABASE], indirect=True)
def test_without_the_database_a_page_says_what_to_do(elsewhere: FlaskClient) -> None:
    for path in ("/sign-in", "/orders/"):
        with elsewhere.session_transaction() as session:
            session["_user_id"] = "somebody who was signed in"
        answer = elsewhere.get(path)
        assert answer.status_code == 503, path
        assert "Pult cannot reach its database." in answer.text
        assert "canary" not in answer.text


@pytest.mark.parametrize("elsewhere", [NO_REDIS], indirect=True)
@pytest.mark.usefixtures("db")
def test_without_redis_it_is_not_ready_but_pages_go_on(elsewhere: FlaskClient) -> None:
    answer = elsewhere.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["failing"] == ["redis"]
    signed_in(elsewhere, an_owner())
    assert elsewhere.get("/staff/").status_code == 200


def test_a_database_of_another_version_is_named(client: FlaskClient, db: SQLAlchemy) -> None:
    kept = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    db.session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    db.session.commit()
    try:
        answer = client.get("/health/ready")
    finally:
        db.session.execute(text("UPDATE alembic_version SET version_num = :kept"), {"kept": kept})
        db.session.commit()
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["failing"] == ["migrations"]


def test_a_database_that_only_reads_is_not_ready(
    app: Flask, client: FlaskClient, sweeper: psycopg.Connection[Any]
) -> None:
    """As a copy does, or a server whose disk is full: every SELECT still works."""
    name = sql.Identifier(sweeper.info.dbname)
    sweeper.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
    with app.app_context():
        handle.engine.dispose()
    try:
        answer = client.get("/health/ready")
    finally:
        sweeper.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))
        with app.app_context():
            handle.engine.dispose()
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["failing"] == ["database", "migrations"]
