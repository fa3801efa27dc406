"""Whoever reads a copy of the database or of Redis finds no password, token or session in it."""

from flask.testing import FlaskClient, FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import text

from tests.builders import an_owner, posted

CANARY = "canary-1f6d20"


def test_no_secret_lies_open(client: FlaskClient, runner: FlaskCliRunner, db: SQLAlchemy, redis: Redis) -> None:
    an_owner(password=f"{CANARY}-password")
    posted(client, "/sign-in", email="olga@example.com", password=f"{CANARY}-wrong")
    assert posted(client, "/sign-in", email="olga@example.com", password=f"{CANARY}-password").status_code == 303
    with client.session_transaction() as session:
        cookie = str(session["_user_id"])
    token = runner.invoke(args=["staff", "token", "olga@example.com"]).stdout.strip()
    words = ["--platform", "shoptet", "--currency", "CZK", "--timezone", "Europe/Prague"]
    assert runner.invoke(args=["shops", "add", "praha", *words, "--token", f"{CANARY}-token"]).exit_code == 0
    kept = everything_in(db) + b" ".join(redis.keys())
    assert b"olga@example.com" in kept
    assert b"praha" in kept
    for secret in (CANARY, cookie, token):
        assert secret.encode() not in kept
        assert secret.encode().hex().encode() not in kept, "bytes are dumped in hexadecimal"


def everything_in(db: SQLAlchemy) -> bytes:
    """Every row of every table, as a dump would write it."""
    rows = [
        str(row)
        for table in db.metadata.sorted_tables
        for row in db.session.scalars(text(f'SELECT whole::text FROM "{table.name}" AS whole'))
    ]
    return "\n".join(rows).encode()
