"""Values are read quickly and never stale: not by the slow, not beside Redis, not by who was taken back."""

import json
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway
from sqlalchemy import text

from shop.db import db as handle
from shop.db import raw_connection
from shop.settings import copies, values
from shop.settings.changing import change
from shop.settings.copies import OWN
from shop.settings.metering import METER, totals
from shop.settings.options import DELETION_SHARE, MAIL_PASSWORD, MAX_RETRIES, PER_PAGE, RETENTION_YEARS
from shop.settings.values import value
from tests.builders import a_shop
from tests.settings.reading import changed, elsewhere
from tests.statements import statements

RACES = 1_000
PREFIX = "pult:cache:"


def test_c1_who_was_slow_to_fill_a_copy_makes_nobody_stale(
    app: Flask, db: SQLAlchemy, redis: Redis, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each time a reader stands still between reading and keeping, while a change is committed. A key alone goes wrong."""
    changed(MAX_RETRIES, 0)
    writer = raw_connection(autocommit=True)
    steps = {name: threading.Barrier(2, timeout=30) for name in ("begin", "has read", "may keep", "has kept")}
    without_version: dict[str, object] = {}
    read = values.read

    def stand_still(connection: Any, scope: int) -> Any:
        stored = read(connection, scope)
        if threading.current_thread().name == "slow":
            steps["has read"].wait()
            steps["may keep"].wait()
            without_version["copy"] = stored.values.get(MAX_RETRIES.key, MAX_RETRIES.default)
        return stored

    def fill() -> None:
        for _ in range(RACES):
            steps["begin"].wait()
            with app.app_context():
                value(MAX_RETRIES)
            steps["has kept"].wait()

    monkeypatch.setattr(values, "read", stand_still)
    slow = threading.Thread(target=fill, name="slow")
    slow.start()
    stale = stale_without_version = 0
    for number in range(RACES):
        OWN.clear()
        redis.flushdb()
        steps["begin"].wait()
        steps["has read"].wait()
        wanted = (number + 1) % 11
        writer.execute("UPDATE settings SET value = to_jsonb(%s::int)", (wanted,))
        without_version.pop("copy", None)  # a cache by key alone is emptied by the change, and filled by the slow one
        steps["may keep"].wait()
        steps["has kept"].wait()
        stale += elsewhere(app, MAX_RETRIES, fresh=False) != wanted
        stale += elsewhere(app, MAX_RETRIES) != wanted
        stale_without_version += without_version["copy"] != wanted
    slow.join(30)
    writer.close()
    with capsys.disabled():
        sys.stdout.write(f"\n{RACES} races: {stale} stale reads; by a key without a version {stale_without_version}\n")
    assert stale_without_version == RACES, "the race was not forced"
    assert stale == 0


def test_c1_readers_and_a_writer_at_full_speed_see_no_older_value_after_a_commit(app: Flask, db: SQLAlchemy) -> None:
    """Whatever was committed before a read began is the least that it may return."""
    committed, stop, wrong = [15], threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            least = committed[0]
            with app.app_context():
                found = value(PER_PAGE)
            if found < least:
                wrong.append((found, least))

    changed(PER_PAGE, 15)
    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for size in range(16, 101):
        changed(PER_PAGE, size)
        committed[0] = size
    stop.set()
    for thread in threads:
        thread.join(30)
    assert wrong == []


def current_copy(redis: Redis) -> dict[str, bytes]:
    token = handle.session.scalar(text("SELECT token FROM settings_version"))
    handle.session.rollback()
    name = f"{PREFIX}settings:{token}:0"
    assert redis.exists(name), "nothing was copied to Redis"
    return {"name": name, "copy": redis.get(name)}


def forged(copy: bytes) -> bytes:
    """The copy with another value under the same seal."""
    found = json.loads(copy)
    return json.dumps(found | {"values": {MAX_RETRIES.key: 9}}).encode()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _copy: b"\x80\x04garbage",
        lambda _copy: b"[1, 2]",
        lambda _copy: b'"text"',
        lambda _copy: b'{"values": {"snapshots.max_retries": 9}}',
        lambda _copy: b'{"values": [], "seal": null}',
        lambda _copy: b"[" * 200_000,
        forged,
    ],
    ids=["pickle", "list", "text", "unsealed", "shapeless", "deep", "forged"],
)
def test_c2_garbage_in_redis_is_a_look_at_the_database(
    app: Flask, db: SQLAlchemy, redis: Redis, spoil: Callable[[bytes], bytes]
) -> None:
    changed(MAX_RETRIES, 7)
    assert elsewhere(app, MAX_RETRIES) == 7
    there = current_copy(redis)
    redis.set(there["name"], spoil(there["copy"]))
    assert elsewhere(app, MAX_RETRIES) == 7
    assert elsewhere(app, MAX_RETRIES) == 7, "and it was replaced by what is right"


def test_c2_a_copy_that_is_no_text_or_was_flushed_is_a_miss_too(app: Flask, db: SQLAlchemy, redis: Redis) -> None:
    changed(MAX_RETRIES, 7)
    assert elsewhere(app, MAX_RETRIES) == 7
    name = current_copy(redis)["name"]
    redis.delete(name)
    redis.rpush(name, "a", "b")
    assert elsewhere(app, MAX_RETRIES) == 7
    redis.flushdb()
    assert elsewhere(app, MAX_RETRIES) == 7


def test_c2_without_redis_values_come_from_the_database(
    app: Flask, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_whatever: object, **_more: object) -> None:
        raise RedisAway("nobody listens")

    monkeypatch.setattr("redis.connection.ConnectionPool.get_connection", away)
    changed(MAX_RETRIES, 7)
    METER.due = 0.0
    assert elsewhere(app, MAX_RETRIES) == 7
    assert elsewhere(app, MAX_RETRIES, fresh=False) == 7
    assert totals() is None
    METER.due = 0.0


def test_c3_what_is_rolled_back_was_never_there(app: Flask, db: SQLAlchemy) -> None:
    changed(MAX_RETRIES, 4)
    values.forget()
    change(MAX_RETRIES, 8)
    assert value(MAX_RETRIES) == 8, "whoever changes it sees it at once"
    assert elsewhere(app, MAX_RETRIES) == 4, "nobody else does"
    db.session.rollback()
    assert value(MAX_RETRIES) == 4
    assert elsewhere(app, MAX_RETRIES) == 4


def test_c3_a_savepoint_that_is_rolled_back_takes_its_change_along(app: Flask, db: SQLAlchemy) -> None:
    change(MAX_RETRIES, 4)
    nested = db.session.begin_nested()
    change(MAX_RETRIES, 8)
    assert value(MAX_RETRIES) == 8
    nested.rollback()
    assert value(MAX_RETRIES) == 4
    db.session.commit()
    assert elsewhere(app, MAX_RETRIES) == 4


def test_whoever_writes_past_the_code_gives_a_new_version_as_well(app: Flask, db: SQLAlchemy) -> None:
    changed(MAX_RETRIES, 4)
    assert elsewhere(app, MAX_RETRIES) == 4
    db.session.execute(text("UPDATE settings SET value = '6'"))
    db.session.commit()
    assert elsewhere(app, MAX_RETRIES, fresh=False) == 6
    db.session.execute(text("DELETE FROM settings"))
    db.session.commit()
    assert elsewhere(app, MAX_RETRIES, fresh=False) == 3
    db.session.execute(
        text("INSERT INTO settings (key, value, changed_by) VALUES ('snapshots.max_retries', '5', 'psql')")
    )
    db.session.execute(text("TRUNCATE settings"))
    db.session.commit()
    assert elsewhere(app, MAX_RETRIES, fresh=False) == 3


def test_a_restored_database_does_not_meet_copies_of_its_future(app: Flask, db: SQLAlchemy) -> None:
    """Its numbers come again with other values; its tokens never do."""
    changed(MAX_RETRIES, 4)
    assert elsewhere(app, MAX_RETRIES) == 4
    before = db.session.execute(text("SELECT token, number FROM settings_version")).one()
    changed(MAX_RETRIES, 5)
    assert elsewhere(app, MAX_RETRIES) == 5
    db.session.execute(text("SET LOCAL session_replication_role = replica"))  # as a restore: no trigger
    db.session.execute(text("UPDATE settings SET value = '4'"))
    db.session.execute(text("UPDATE settings_version SET token = :token, number = :number"), before._mapping)
    db.session.commit()
    assert elsewhere(app, MAX_RETRIES) == 4
    changed(MAX_RETRIES, 6)
    assert elsewhere(app, MAX_RETRIES) == 6


def test_a_shop_has_its_own_values_and_nobody_elses(app: Flask, db: SQLAlchemy) -> None:
    praha, brno = a_shop("praha"), a_shop("brno")
    changed(DELETION_SHARE, 9, praha)
    assert (elsewhere(app, DELETION_SHARE, praha.id), elsewhere(app, DELETION_SHARE, brno.id)) == (9, 5)


def test_an_option_is_asked_for_as_it_is_declared(db: SQLAlchemy) -> None:
    for wrong in (lambda: value(DELETION_SHARE), lambda: value(MAX_RETRIES, 1), lambda: value(MAIL_PASSWORD)):
        with pytest.raises(TypeError):
            wrong()


def test_a_value_that_does_not_fit_any_more_leaves_the_default(app: Flask, db: SQLAlchemy) -> None:
    db.session.execute(
        text("INSERT INTO settings (key, value, changed_by) VALUES ('partitions.retention_years', '\"some\"', 'psql')")
    )
    db.session.commit()
    assert elsewhere(app, RETENTION_YEARS) == 2


def test_a_transaction_asks_once_and_outside_of_one_nothing_stays_open(app: Flask, db: SQLAlchemy) -> None:
    changed(MAX_RETRIES, 4)
    elsewhere(app, MAX_RETRIES)
    db.session.rollback()
    with statements("settings") as seen:
        value(MAX_RETRIES)
        value(PER_PAGE)
    assert not db.session().in_transaction(), "a read leaves no transaction behind that a server would end"
    assert len(seen) == 2, "outside a transaction each asks for the version"
    db.session.execute(text("SELECT 1"))
    with statements("settings") as seen:
        for _ in range(50):
            value(MAX_RETRIES), value(PER_PAGE)
    assert len(seen) == 1


def test_reads_are_counted_and_timed(app: Flask, db: SQLAlchemy, redis: Redis) -> None:
    changed(MAX_RETRIES, 4)
    db.session.execute(text("SELECT 1"))
    value(MAX_RETRIES)
    for _ in range(2_000):
        value(MAX_RETRIES)
    METER.due = 0.0
    value(MAX_RETRIES)
    found = totals()
    assert found is not None
    assert found.reads >= 2_000
    assert found.hit_rate is not None
    assert found.hit_rate > 0.99
    assert found.p95 is not None
    assert found.p95 > 0  # how many microseconds is measured by `python -m bench settings`


def test_copies_know_no_secret(app: Flask, db: SQLAlchemy, redis: Redis) -> None:
    changed(MAIL_PASSWORD, "canary-8810")
    changed(MAX_RETRIES, 4)
    assert elsewhere(app, MAX_RETRIES) == 4
    assert values.secret(MAIL_PASSWORD) == "canary-8810"
    kept = b"".join(redis.get(name) or b"" for name in redis.keys(f"{PREFIX}settings:*"))
    assert b"canary" not in kept
    assert b"canary" not in json.dumps([stored.values for stored in copies.OWN.values()]).encode()
    stored = db.session.execute(text("SELECT * FROM settings WHERE key = 'mail.password'")).one()
    assert "canary" not in repr([bytes(one) if isinstance(one, memoryview) else one for one in stored])
