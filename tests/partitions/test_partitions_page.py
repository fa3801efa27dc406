"""The page of partitions: the map and its numbers, a quarter's way back, what maintenance would do, and who may see it."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import select, text

from shop.audit.models import AuditEntry
from shop.db import raw_connection
from shop.partitions import jobs, survey
from shop.partitions.creating import ensure
from shop.partitions.models import PartitionArchive, PartitionEvent
from shop.partitions.quarters import Quarter, through
from shop.partitions.tables import LONGEST_COUNT
from shop.shops.models import Shop
from shop.task_runs import TaskRun
from tests.builders import a_manager, a_shop, an_archive, an_operator, an_owner, bearer, posted, signed_in
from tests.page import Page
from tests.partitions.put_away import put_away

NOW = Quarter.of(datetime.now(UTC))
GONE = Quarter(2001, 1)


@pytest.fixture
def shop(db: SQLAlchemy) -> Shop:
    return a_shop("praha")


@pytest.fixture
def ota(client: FlaskClient, shop: Shop) -> FlaskClient:
    """An operator of one shop."""
    return signed_in(client, an_operator([shop]))


@pytest.fixture
def sound(ota: FlaskClient) -> Iterator[psycopg.Connection[Any]]:
    with raw_connection(autocommit=True) as connection:
        yield connection


def opened(client: FlaskClient, query: str = "") -> Page:
    response = client.get(f"/partitions/{query}")
    assert response.status_code == 200, response.text
    return Page(response.text)


def test_the_map_shows_every_quarter_with_its_state(ota: FlaskClient) -> None:
    an_archive(GONE)
    page = opened(ota)
    states = {row[0]: row[1] for row in page.rows("Quarters")}
    assert states[str(NOW)] == "Current"
    assert states[str(NOW.plus(4))] == "Ahead"
    assert states[str(NOW.plus(-1))] == "Past"
    assert states[str(GONE)] == "Archived"
    assert list(states)[:2] == [str(NOW.plus(4)), str(NOW.plus(3))], "the newest first"
    assert page.has("4 quarters stand ready ahead")
    assert page.link("Partitions") == "/partitions/"


def test_numbers_are_the_same_on_the_page_in_json_and_on_the_command_line(
    ota: FlaskClient, shop: Shop, db: SQLAlchemy, runner: FlaskCliRunner
) -> None:
    lines(db, shop, NOW, 40)
    db.session.execute(text("ANALYZE order_items"))
    db.session.commit()
    an_archive(GONE)
    answer = ota.get("/partitions.json").get_json()
    told = {one["quarter"]: one for one in answer["quarters"]}
    assert (told[str(NOW)]["rows"], told[str(NOW)]["rows_are_estimated"], told[str(NOW)]["state"]) == (
        40,
        True,
        "current",
    )
    assert told[str(GONE)]["archive"]["state"] == "dropped"
    assert answer["quarters_ahead"] == 4
    done = runner.invoke(args=["partitions", "status", "--json"])
    again = json.loads(done.stdout)
    assert again | {"at": ""} == answer | {"at": ""}
    assert dict(zip(*columns(opened(ota), "Quarter", "Lines"), strict=True))[str(NOW)] == "≈ 40"
    counted = opened(ota, f"?quarter={NOW}")
    assert counted.has("Lines, counted now 40")


def columns(page: Page, *heads: str) -> list[list[str]]:
    return [page.column(head, "Quarters") for head in heads]


def lines(db: SQLAlchemy, shop: Shop, quarter: Quarter, count: int) -> None:
    """Put lines into a quarter, without their orders."""
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    db.session.execute(
        text(
            """INSERT INTO order_items (shop_id, order_id, line, created_at, item_type, kind, name, quantity, total, total_without_vat)
               SELECT :shop, n, 1, CAST(:at AS timestamptz) + n * interval '1 hour', 'product', 'goods', 'x', 1, 1, 1
               FROM generate_series(1, :count) n"""
        ),
        {"shop": shop.id, "at": quarter.starts_at, "count": count},
    )
    db.session.commit()


def test_counting_gives_up_in_time(ota: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from shop.partitions import tables

    assert LONGEST_COUNT <= 2_000
    monkeypatch.setattr(tables, "LONGEST_COUNT", 50)
    monkeypatch.setattr(
        tables, "COUNT", "SELECT pg_sleep(5), now(), now() FROM (SELECT FROM {} LIMIT 1) t RIGHT JOIN pg_am ON true"
    )
    begun = time.monotonic()
    assert opened(ota, f"?quarter={NOW}").has("Counting takes more than two seconds")
    assert time.monotonic() - begun < 5


def test_a_quarter_of_no_such_name_is_not_there(ota: FlaskClient) -> None:
    assert ota.get("/partitions/?quarter=1999-Q1").status_code == 404
    assert ota.get("/partitions/?quarter=%00").status_code == 404
    assert posted(ota, "/partitions/restorations", quarter="x").status_code == 400


def test_managers_do_not_see_it_and_are_told_whom_to_ask(client: FlaskClient, shop: Shop) -> None:
    signed_in(client, a_manager([shop]))
    assert client.get("/partitions/").status_code == 403
    assert client.get("/partitions.json").status_code == 403
    assert posted(client, "/partitions/restorations", quarter=str(GONE)).status_code == 403


def test_a_quarter_is_asked_for_once_and_the_wish_is_written_down(
    ota: FlaskClient, db: SQLAlchemy, redis: Redis
) -> None:
    archive = an_archive(GONE)
    page = opened(ota, f"?quarter={GONE}")
    fields = page.form("/partitions/restorations")
    for _ in range(2):
        assert posted(ota, "/partitions/restorations", **fields).location == f"/partitions/?quarter={GONE}"
    assert redis.llen("rq:queue:ops") == 1
    events = db.session.scalars(select(PartitionEvent)).all()
    assert [(event.event, event.by, event.partition) for event in events] == [
        ("restore requested", "ota@example.com", GONE.table)
    ]
    entries = db.session.scalars(
        select(AuditEntry.action).where(AuditEntry.action == "partition_restore_requested")
    ).all()
    assert len(entries) == 1
    assert opened(ota, f"?quarter={GONE}").has("on its way back")
    jobs.restore_quarter(archive.id)  # its file is not there
    db.session.rollback()
    refused = db.session.scalars(select(PartitionEvent).order_by(PartitionEvent.id.desc())).first()
    assert refused is not None
    assert (refused.event, refused.by) == ("restore refused", "ota@example.com")
    assert opened(ota, f"?quarter={GONE}").form("/partitions/restorations"), "it may be asked for again"


def test_a_worker_brings_it_back(ota: FlaskClient, db: SQLAlchemy) -> None:
    away = Quarter(2002, 3)
    with put_away(away):
        posted(ota, "/partitions/restorations", quarter=str(away))
        archive = db.session.scalars(select(PartitionArchive)).one()
        archive_id = archive.id
        db.session.commit()
        jobs.restore_quarter(archive_id)
        db.session.rollback()
        assert db.session.get_one(PartitionArchive, archive_id, populate_existing=True).state == "restored"
        assert {row[0]: row[1] for row in opened(ota).rows("Quarters")}[str(away)] in ("Past", "Due to leave")
        assert posted(ota, "/partitions/restorations", quarter=str(away)).status_code == 303
        jobs.restore_quarter(archive_id)
        done = db.session.scalars(select(PartitionEvent.event).order_by(PartitionEvent.id)).all()
        assert done.count("restored") == 1
        with raw_connection(autocommit=True) as connection:
            connection.execute(f"ALTER TABLE order_items DETACH PARTITION {away.table}")
            connection.execute(f"DROP TABLE {away.table}")


def test_maintenance_is_run_from_the_page_once(ota: FlaskClient, db: SQLAlchemy, redis: Redis) -> None:
    fields = opened(ota).form("/jobs/runs")
    assert fields["task"] == "partitions.check"
    for _ in range(2):
        assert posted(ota, "/jobs/runs", **fields).location == "/partitions/"
    assert [run.state for run in db.session.scalars(select(TaskRun))] == ["queued"]
    assert redis.llen("rq:queue:ops") == 1


def test_what_maintenance_would_do_is_said_before(ota: FlaskClient, shop: Shop, db: SQLAlchemy) -> None:
    old = Quarter(2003, 2)
    with raw_connection(autocommit=True) as connection:
        ensure([old], "test")
        try:
            lines(db, shop, old, 30)
            page = opened(ota)
            assert page.has(f"Archive {old}, compare the file, and take the quarter off the table, 30 lines")
            assert {row[0]: row[1] for row in page.rows("Quarters")}[str(old)] == "Due to leave"
        finally:
            connection.execute(f"ALTER TABLE order_items DETACH PARTITION {old.table}")
            connection.execute(f"DROP TABLE {old.table}")


def test_what_is_out_of_order_is_said(ota: FlaskClient, sound: psycopg.Connection[Any]) -> None:
    table = NOW.table
    sound.execute(f"CREATE INDEX of_its_own ON {table} (name)")
    sound.execute("CREATE TABLE order_items_rest PARTITION OF order_items DEFAULT")
    try:
        page = opened(ota)
        assert page.has(f"{table} is not made like the table: it has an index of its own USING btree (name)")
        assert page.has("order_items_rest is a DEFAULT partition")
        assert len(ota.get("/partitions.json").get_json()["warnings"]) == 2
    finally:
        sound.execute("DROP TABLE order_items_rest")
        sound.execute("DROP INDEX of_its_own")
    assert ota.get("/partitions.json").get_json()["warnings"] == []


def test_a_conversion_under_way_is_shown(ota: FlaskClient, sound: psycopg.Connection[Any]) -> None:
    sound.execute(
        """INSERT INTO table_conversions (table_name, direction, phase, by, rows_total, rows_done, paused)
           VALUES ('order_items', 'split', 'backfilling', 'command line', 8200000, 4100000, 'Replicas are behind.')"""
    )
    page = opened(ota)
    assert page.has("The table is being cut into quarters")
    assert page.has("Replicas are behind.")


def test_a_hundred_quarters_take_no_more_queries(
    ota: FlaskClient, sound: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = asked(monkeypatch)
    added = list(through(Quarter(1975, 1), Quarter(1993, 4)))
    try:
        ensure(added, "test")
        assert len(opened(ota).rows("Quarters")) >= 92
        assert asked(monkeypatch) == few
    finally:
        for quarter in added:
            sound.execute(f"DROP TABLE {quarter.table}")


def asked(monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many statements a survey takes, apart from looks at quarters that maintenance would touch."""
    seen: list[str] = []
    execute = psycopg.Connection.execute

    def noted(connection: Any, query: Any, *given: Any, **more: Any) -> Any:
        seen.append(str(query))
        return execute(connection, query, *given, **more)

    with monkeypatch.context() as patched, raw_connection() as connection:
        patched.setattr(psycopg.Connection, "execute", noted)
        survey.survey(connection)
    return len([query for query in seen if "EXISTS (SELECT FROM" not in query])


def test_an_owner_with_a_token_reads_it_as_a_program(client: FlaskClient, app: Flask) -> None:
    answer = app.test_client().get("/partitions.json", headers=bearer(an_owner()))
    assert answer.status_code == 200
    assert answer.get_json()["partitioned"] is True


def test_a_table_that_is_not_cut_is_told(ota: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "is_partitioned", lambda _connection: False)
    assert opened(ota).has("not cut into quarters yet")
