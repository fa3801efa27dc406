"""A copy restored beside the live database: what it shows, who may ask, and what becomes of one that is broken off."""

import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from psycopg import sql
from redis import Redis
from sqlalchemy import text

from shop.analytics.queries import sales_by_shop
from shop.backups import beside, comparing, jobs, restoring_beside
from shop.backups.files import MANIFEST, SUMS, seal
from shop.backups.models import Restoration
from shop.backups.tools import ToolFailed
from shop.boundary_findings import drift
from shop.config import Config
from shop.shops.models import Shop
from tests.backups.test_random_kills import forget_leases
from tests.builders import PASSWORD, an_order, an_owner, posted, signed_in
from tests.hatchery import hatchery
from tests.page import Page


@pytest.fixture
def name(config: Config) -> Iterator[str]:
    """The name of the database beside; none is there afterwards."""
    found = beside.beside_name(beside.name_of(config.database_url))
    yield found
    with psycopg.connect(config.database_url, autocommit=True) as connection:
        beside.drop(connection, found)


@pytest.fixture
def copy(runner: FlaskCliRunner, shop: Shop, name: str) -> dict[str, Any]:
    made = runner.invoke(args=["backups", "create", "--json"])
    assert made.exit_code == 0, made.output + made.stderr
    return dict(json.loads(made.stdout))


@pytest.fixture
def olga(client: FlaskClient, db: SQLAlchemy) -> FlaskClient:
    return signed_in(client, an_owner(password=PASSWORD))


def asked(client: FlaskClient, copy: dict[str, Any]) -> int:
    """Press the button on the page of the copy and return the restoration."""
    page = Page(client.get(f"/backups/{copy['id']}").text)
    answer = posted(client, f"/backups/{copy['id']}/restorations", **page.form(f"/backups/{copy['id']}/restorations"))
    assert answer.status_code == 303, answer.text
    return int(answer.headers["Location"].rsplit("/", 1)[1])


def restored(client: FlaskClient, copy: dict[str, Any]) -> int:
    restoration_id = asked(client, copy)
    jobs.restore_beside(restoration_id)
    return restoration_id


def state_of(db: SQLAlchemy, restoration_id: int) -> Restoration:
    db.session.rollback()
    found = db.session.get_one(Restoration, restoration_id, populate_existing=True)
    db.session.expunge(found)
    db.session.rollback()
    return found


def is_there(config: Config, name: str) -> bool:
    with psycopg.connect(config.database_url) as connection:
        return beside.is_there(connection, name)


def plain(words: str) -> str:
    return words.replace("\u00a0", " ")


def test_it_shows_what_differs_before_anything_is_switched_and_can_be_thrown_away(
    olga: FlaskClient, db: SQLAlchemy, config: Config, shop: Shop, copy: dict[str, Any], name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(comparing, "MOST_ROWS", 3)  # so that larger tables go by their buckets, and few at once
    sold = {"status_code": "-3", "total_shop": Decimal(121)}
    an_order(shop, "NEW-1", **sold)
    db.session.execute(text("DELETE FROM daily_sales WHERE day = '2026-03-01'"))  # as if they had been deleted
    db.session.execute(text("UPDATE customers SET name = name || '!' WHERE id = (SELECT min(id) FROM customers)"))
    db.session.commit()
    restoration_id = restored(olga, copy)
    one = state_of(db, restoration_id)
    assert (one.state, one.error) == ("ready", None)
    assert one.difference is not None
    tables = {line["name"]: line for line in one.difference["tables"]}
    assert (tables["public.orders"]["only_live"], tables["public.orders"]["only_restored"]) == (1, 0)
    assert tables["public.customers"]["changed"] == 1
    assert tables["public.daily_sales"]["only_restored"] == 1
    (line,) = one.difference["shops"]
    assert (line["live"]["orders"], line["restored"]["orders"], line["days_differ"]) == (0, 40, 1)
    assert Decimal(line["restored"]["sales"]) == Decimal(40 * 121)
    assert (line["live"]["newest"], line["restored"]["newest"] in map(str, range(40))) == ("NEW-1", True)
    assert any(words.startswith("1\u00a0order that came") or "order" in words for words in one.difference["lost"])
    page = Page(olga.get(f"/backups/restorations/{restoration_id}").text)
    assert page.has("What would be lost by switching")
    assert "public.orders" in page.column("Table", "Tables that differ, with their rows")
    with psycopg.connect(beside.address(config.database_url, name), autocommit=True) as connection:
        assert list(drift(connection)) == [], "after a switch pages can be opened on it"
    with psycopg.connect(config.database_url) as connection:
        limit = connection.execute("SELECT datconnlimit FROM pg_database WHERE datname = %s", (name,)).fetchone()
    assert limit == (beside.FEW,)

    answer = posted(olga, f"/backups/restorations/{restoration_id}/discarding")
    assert answer.status_code == 303
    assert not is_there(config, name)
    assert state_of(db, restoration_id).state == "discarded"
    acts = db.session.execute(text("SELECT action FROM audit_entries ORDER BY id")).scalars().all()
    assert acts[-3:] == ["backup_restore_requested", "backup_restored_beside", "beside_discarded"]


def test_its_sums_are_those_of_the_overview(
    olga: FlaskClient, db: SQLAlchemy, shop: Shop, copy: dict[str, Any]
) -> None:
    one = state_of(db, restored(olga, copy))
    assert one.difference is not None
    overview = sales_by_shop([shop.id], date(2000, 1, 1), date(2100, 1, 1))[shop.id]
    (line,) = one.difference["shops"]
    for side in ("live", "restored"):
        assert (line[side]["orders"], Decimal(line[side]["sales"])) == (overview.orders, overview.total_sales)
    assert line["days_differ"] == 0
    quiet = {"public.audit_entries", "public.backups", "public.backup_checks", "public.restorations", "public.staff"}
    assert {line["name"] for line in one.difference["tables"]} - quiet <= {
        "public.staff_sessions", "public.job_leases", "public.task_runs", "public.heartbeats",
    }  # fmt: skip


def test_two_owners_and_a_double_click_make_one(
    app: Flask, olga: FlaskClient, db: SQLAlchemy, redis: Redis, copy: dict[str, Any]
) -> None:
    first = asked(olga, copy)
    again = posted(olga, f"/backups/{copy['id']}/restorations")
    another = signed_in(app.test_client(), an_owner("otto@example.com"))
    theirs = posted(another, f"/backups/{copy['id']}/restorations")
    for answer in (again, theirs):
        assert answer.headers["Location"] == f"/backups/restorations/{first}"
    assert "one at a time" in another.get(theirs.headers["Location"]).text
    assert db.session.execute(text("SELECT count(*) FROM restorations")).scalar_one() == 1
    assert redis.llen("rq:queue:ops") == 1
    jobs.restore_beside(first)
    jobs.restore_beside(first)
    assert state_of(db, first).attempts == 1, "a second call finds nothing to do"
    posted(olga, f"/backups/restorations/{first}/discarding")
    assert (
        "It was over already"
        in another.get(posted(another, f"/backups/restorations/{first}/discarding").headers["Location"]).text
    )


@pytest.mark.chaos
def test_one_killed_in_its_midst_is_begun_again_and_given_up_after_three(
    olga: FlaskClient,
    db: SQLAlchemy,
    redis: Redis,
    config: Config,
    environment: dict[str, str],
    copy: dict[str, Any],
    name: str,
) -> None:
    restoration_id = asked(olga, copy)
    redis.delete("rq:queue:ops")
    with hatchery(environment, "tests.backups.deeds") as warm:
        for attempt, point in enumerate(("beside.made", "beside.loaded", "beside.compared"), 1):
            warm.killed_at(point, "restore", restoration_id)
            one = state_of(db, restoration_id)
            assert (one.state, one.attempts) == ("running", attempt)
            assert is_there(config, name)
            forget_leases(db, redis)
            assert jobs.wake_left_behind() == 0, "it may live still"
            db.session.execute(text("UPDATE restorations SET heartbeat_at = now() - interval '2 minutes'"))
            db.session.commit()
            assert jobs.wake_left_behind() == 1
            assert jobs.wake_left_behind() == 0, "it is called for already"
            redis.delete("rq:queue:ops")
            if attempt == 2:
                db.session.execute(text("UPDATE restorations SET attempts = 2"))
                db.session.commit()
    jobs.restore_beside(restoration_id)
    one = state_of(db, restoration_id)
    assert one.state == "failed"
    assert "died 3 times" in str(one.error)
    assert not is_there(config, name)
    assert state_of(db, restored(olga, copy)).state == "ready", "the next one is not in its way"


def test_stopped_in_its_midst_it_leaves_nothing(
    olga: FlaskClient, db: SQLAlchemy, config: Config, copy: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    restoration_id = asked(olga, copy)
    load = restoring_beside.load

    def stopped(*arguments: Any) -> None:
        posted(olga, f"/backups/restorations/{restoration_id}/cancellation")
        load(*arguments)

    monkeypatch.setattr(restoring_beside, "load", stopped)
    jobs.restore_beside(restoration_id)
    one = state_of(db, restoration_id)
    assert (one.state, one.ended_by) == ("cancelled", "olga@example.com")
    assert not is_there(config, name)
    assert "ended it at" in olga.get(f"/backups/restorations/{restoration_id}").text


def test_a_full_disk_is_found_before_or_told_after_and_nothing_is_left(
    olga: FlaskClient, db: SQLAlchemy, config: Config, copy: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring_beside, "free_bytes", lambda _connection: 1_000_000)
    one = state_of(db, restored(olga, copy))
    assert one.state == "failed"
    assert "Nothing was begun" in str(one.error)

    def full(*_arguments: object) -> None:
        raise ToolFailed("pg_restore failed: could not extend file: No space left on device")

    monkeypatch.setattr(restoring_beside, "free_bytes", lambda _connection: None)
    monkeypatch.setattr(restoring_beside, "load", full)
    one = state_of(db, restored(olga, copy))
    assert one.state == "failed"
    assert "No space left on device" in str(one.error)
    assert "The live database is as it was." in str(one.error)
    assert not is_there(config, name)


def test_a_copy_of_an_older_version_is_brought_up_to_date(
    olga: FlaskClient, db: SQLAlchemy, copies: Path, copy: dict[str, Any]
) -> None:
    folder = copies / copy["folder"]
    manifest = json.loads((folder / MANIFEST).read_text()) | {"schema_version": "0025"}
    (folder / SUMS).unlink()
    seal(folder, {key: value for key, value in manifest.items() if key != "format"})
    one = state_of(db, restored(olga, copy))
    assert (one.state, one.error) == ("ready", None)


def test_what_was_left_is_found_told_and_dropped(
    olga: FlaskClient, runner: FlaskCliRunner, config: Config, name: str
) -> None:
    with psycopg.connect(config.database_url, autocommit=True) as connection:
        beside.create(connection, name, "restored beside as number 7")
        assert "database beside" not in runner.invoke(args=["doctor"]).output, "it is young"
        told = "Pult: restored beside as number 7, since 2026-01-01T00:00:00+00:00"
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(told)))
    found = runner.invoke(args=["doctor"]).output
    assert re.search(rf"· database beside: {name}, restored beside as number 7, .+ days old", plain(found))
    page = Page(olga.get("/backups/").text)
    assert page.has(name)
    assert posted(olga, "/backups/databases/removal", database=config.database_url.rsplit("/", 1)[1]).status_code == 404
    assert posted(olga, "/backups/databases/removal", **page.form("/backups/databases/removal")).status_code == 303
    assert not is_there(config, name)
