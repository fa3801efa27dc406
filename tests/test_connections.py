"""Connections whose other end is gone or silent, or that their own end forgot: nobody waits for them for long."""

import os
import socket
import subprocess
import sys
import time

import psycopg
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from shop.db import engine_options, raw_connection
from tests.builders import signed_in
from tests.house import pages, whole_house
from tests.proxy import in_front_of
from tests.warm import ROOT


def test_d4_a_half_open_connection_is_given_up_within_twenty_seconds(environment: dict[str, str]) -> None:
    """D4, in a network of its own whose only interface goes down: neither an answer nor an error ever comes."""
    apart = ["unshare", "--user", "--map-root-user", "--net"]
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a network of its own")
    found = subprocess.run(
        [*apart, sys.executable, "-m", "tests.half_open", environment["DATABASE_URL"]],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert 1 < float(found.stdout) < 23


@pytest.mark.usefixtures("db")
def test_d4_the_server_gives_half_open_connections_up_as_well() -> None:
    """D4, the other side: a backend that waits for a client out of reach holds its locks for 20 seconds, not two hours."""
    asked = "SELECT name, reset_val, source FROM pg_settings WHERE name LIKE 'tcp\\_%' ORDER BY name"
    with raw_connection() as connection:
        found = connection.execute(asked).fetchall()
    assert found == [
        ("tcp_keepalives_count", "3", "client"),
        ("tcp_keepalives_idle", "15", "client"),
        ("tcp_keepalives_interval", "5", "client"),
        ("tcp_user_timeout", "20000", "client"),
    ]


def test_d8_a_transaction_of_ours_that_is_forgotten_is_ended(db: SQLAlchemy) -> None:
    """D8, where it is our own: PostgreSQL ends it after a minute, shortened here."""
    ask = "SHOW idle_in_transaction_session_timeout"
    with raw_connection() as connection:
        assert connection.execute(ask).fetchone() == ("1min",)
    assert db.session.execute(text(ask)).scalar_one() == "1min"
    db.session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '100ms'"))
    time.sleep(0.4)
    with pytest.raises(DBAPIError, match="idle-in-transaction timeout"):
        db.session.execute(text("SELECT 1"))
    db.session.rollback()
    assert db.session.execute(text("SELECT 1")).scalar_one() == 1, "the next transaction has a sound connection"


def test_d4_our_side_of_a_connection_counts_the_silence(environment: dict[str, str]) -> None:
    """D4. Over TCP every connection of ours carries the limits in its socket."""
    tcp = socket.IPPROTO_TCP
    with (
        in_front_of(environment["DATABASE_URL"]) as (_proxy, url),
        psycopg.connect(url, **engine_options(testing=False)["connect_args"]) as connection,
        socket.socket(fileno=os.dup(connection.fileno())) as same,
    ):
        assert same.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert same.getsockopt(tcp, socket.TCP_KEEPIDLE) == 15
        assert same.getsockopt(tcp, socket.TCP_USER_TIMEOUT) == 20_000


def prepared(connection: Connection) -> bool:
    found = connection.execute(text("SELECT statement FROM pg_prepared_statements")).scalars()
    return any("'a page'" in words for words in found)


def asked_often(connection: Connection) -> None:
    for _ in range(7):  # psycopg prepares what it is asked for a sixth time
        connection.execute(text("SELECT 'a page'"))


def test_what_a_page_has_prepared_outlives_it(db: SQLAlchemy) -> None:
    with db.engine.connect() as connection:
        asked_often(connection)
        connection.rollback()  # as a request ends
        assert prepared(connection)


def test_nothing_prepared_outlives_a_transaction_that_failed(db: SQLAlchemy) -> None:
    with db.engine.connect() as connection:
        asked_often(connection)
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1 / 0"))
        connection.rollback()
        assert not prepared(connection)


def test_a_rolled_back_change_is_gone(db: SQLAlchemy) -> None:
    db.session.execute(text("CREATE TABLE not_kept (id int)"))
    db.session.remove()
    assert db.session.scalar(text("SELECT to_regclass('not_kept')")) is None


def test_no_page_asks_redis_with_the_patience_of_work(
    app: Flask, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever puts work in waits five seconds for a silent Redis. A page has PostgreSQL to ask, and waits for one."""
    assert app.extensions["impatient_redis"].connection_pool.connection_kwargs["socket_timeout"] == 1
    browser = signed_in(app.test_client(), whole_house(app, db).owner)
    addresses = list(pages(app, db))
    monkeypatch.delitem(app.extensions, "redis")
    broken = [address for _, address in addresses if browser.get(address).status_code == 500]
    assert len(addresses) > 50
    assert broken == []
