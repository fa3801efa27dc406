"""Every option steers what it says it steers."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, text

from shop import chores
from shop.backups.models import RESTORABLE, Backup
from shop.backups.pruning import planned
from shop.backups.restorability import too_old, worry
from shop.config import Config
from shop.db import raw_connection
from shop.lateness import troubles
from shop.partitions.quarters import Quarter
from shop.partitions.retention import retention_years
from shop.partitions.steps import plan
from shop.settings.options import (
    BACKUP_LATE_HOURS,
    DAILY_COPIES,
    DELETION_RECORDS,
    DELETION_SHARE,
    HISTORY_DAYS,
    HOURLY_TRIES,
    KEPT_ASIDE_DAYS,
    MAX_RETRIES,
    MONTHLY_COPIES,
    PER_PAGE,
    RAW_FILE_DAYS,
    RETENTION_YEARS,
    WEEKLY_COPIES,
    YEARLY_COPIES,
)
from shop.shops.models import Shop
from shop.snapshots import raw_files, retries
from shop.snapshots.models import Snapshot
from shop.snapshots.proving import are_many
from tests.builders import a_failure, a_shop, a_snapshot, added, an_archive, an_order, an_owner, signed_in
from tests.settings.reading import changed


def test_a_list_has_as_many_rows_as_it_is_set(client: FlaskClient, db: SQLAlchemy) -> None:
    shop = a_shop("praha")
    for _ in range(21):
        an_order(shop)
    signed_in(client, an_owner())
    assert len(client.get("/orders.json").get_json()["rows"]) == 21
    changed(PER_PAGE, 15)
    first = client.get("/orders.json").get_json()
    assert len(first["rows"]) == 15
    assert "per_page" not in first["next"], "an address says only what is unusual"
    assert len(client.get("/orders.json?per_page=20").get_json()["rows"]) == 20
    assert "per_page=50" in client.get("/orders/").text


def test_retries_and_hourly_tries_are_as_set(app: Flask, db: SQLAlchemy) -> None:
    assert (retries.most_retries(), retries.most_sweeps()) == (3, 24)
    changed(MAX_RETRIES, 5)
    changed(HOURLY_TRIES, 2)
    assert (retries.most_retries(), retries.most_sweeps()) == (5, 2)
    assert 600 * 0.7 < retries.rest_of(5, None) < 600 * 1.3, "the last rest repeats"


@pytest.mark.parametrize(
    ("share", "records", "deleted", "of", "stopped"),
    [
        (5, 1000, 19, 20, False), (5, 1000, 50, 1000, False), (5, 1000, 51, 1000, True), (60, 1000, 51, 100, False),
        (5, 1000, 1001, 10**6, True), (5, 5000, 1001, 10**6, False), (100, 20, 21, 1000, True),
    ],
)  # fmt: skip
def test_the_brake_of_deletions_is_each_shops_own(
    db: SQLAlchemy, share: int, records: int, deleted: int, of: int, stopped: bool
) -> None:
    praha, brno = a_shop("praha"), a_shop("brno")
    changed(DELETION_SHARE, share, praha)
    changed(DELETION_RECORDS, records, praha)
    assert are_many(praha.id, deleted, of) == stopped
    assert are_many(brno.id, 51, 1000), "another shop keeps its own"


def test_lines_are_kept_and_tables_put_aside_for_as_long_as_set(db: SQLAlchemy) -> None:
    changed(RETENTION_YEARS, None)
    assert retention_years() is None
    changed(RETENTION_YEARS, 7)
    assert retention_years() == 7
    db.session.rollback()
    ago = func.clock_timestamp() - timedelta(days=10)
    an_archive(Quarter(2001, 1), "retired", retired_at=ago)
    assert drops() == []
    changed(KEPT_ASIDE_DAYS, 9)
    assert len(drops()) == 1


def drops() -> list[str]:
    with raw_connection(autocommit=True) as connection:
        return [one.table for one in plan(connection, datetime.now(UTC), 2) if one.kind == "drop"]


def a_copy(days: float) -> Backup:
    taken = datetime.now(UTC) - timedelta(days=days)
    return added(Backup(state=RESTORABLE, requested_by="test", started_at=taken, folder=f"copy-{days}"))


def test_copies_are_kept_as_the_tiers_are_set(db: SQLAlchemy) -> None:
    copies = [a_copy(day + 0.1) for day in range(20)]
    for option in (WEEKLY_COPIES, MONTHLY_COPIES, YEARLY_COPIES):
        changed(option, 0)
    assert len(copies) - len(planned().removed) == 7
    changed(DAILY_COPIES, 12)
    assert len(copies) - len(planned().removed) == 12


def test_a_backup_is_late_when_it_is_set_to_be(db: SQLAlchemy) -> None:
    newest, now = a_copy(1.5), datetime.now(UTC)
    assert worry(newest, now, too_old())
    changed(BACKUP_LATE_HOURS, 48)
    assert worry(newest, now, too_old()) == ""


def test_the_head_of_pages_waits_for_a_backup_as_long_as_set(db: SQLAlchemy) -> None:
    db.session.execute(text("INSERT INTO heartbeats (part, process) VALUES ('ops', 'a test')"))
    db.session.execute(
        text(
            """INSERT INTO task_runs (task, scheduled_for, state, finished_at)
               VALUES ('backups.take', now() - interval '30 hours', 'done', now() - interval '30 hours'),
                      ('backups.take', now(), 'failed', now())"""
        )
    )
    db.session.commit()
    assert any("ackup has not succeeded" in one.sentence for one in troubles())
    changed(BACKUP_LATE_HOURS, 40)
    assert not any("ackup has not succeeded" in one.sentence for one in troubles())


def test_the_past_of_tasks_goes_as_set(db: SQLAlchemy) -> None:
    db.session.execute(
        text(
            """INSERT INTO task_runs (task, scheduled_for, state) VALUES
               ('a', now() - interval '20 days', 'done'), ('a', now() - interval '10 days', 'done'), ('a', now(), 'done')"""
        )
    )
    db.session.commit()
    chores.keep_house()
    assert db.session.scalar(text("SELECT count(*) FROM task_runs")) == 3
    changed(HISTORY_DAYS, 15)
    chores.keep_house()
    assert db.session.scalar(text("SELECT count(*) FROM task_runs")) == 2


def a_kept_file(config: Config, shop: Shop, name: str, days: int, **values: object) -> Snapshot:
    place = config.data_dir / "raw" / name
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(b"x")
    ended = datetime.now(UTC) - timedelta(days=days)
    return a_snapshot(
        shop, **({"file_path": f"raw/{name}", "file_bytes": 1, "finished_at": ended, "requested_at": ended} | values)
    )


def there(config: Config) -> set[str]:
    return {path.name for path in (config.data_dir / "raw").iterdir() if path.is_file()}


def test_files_of_snapshots_are_kept_as_long_as_set_and_as_they_are_needed(db: SQLAlchemy, config: Config) -> None:
    shop = a_shop("praha")
    before = there(config) if (config.data_dir / "raw").exists() else set()
    old = a_kept_file(config, shop, "old", 50, mode="partial")
    a_kept_file(config, shop, "shared", 50, mode="partial"), a_kept_file(config, shop, "shared", 1, mode="partial")
    a_kept_file(config, shop, "live", 50, mode="partial", state="queued", finished_at=None)
    a_kept_file(config, shop, "full-before", 60), a_kept_file(config, shop, "full", 50)
    waits = a_kept_file(config, shop, "waits", 50, mode="partial", state="failed")
    a_failure(
        shop, run={"file_path": "raw/waits", "finished_at": waits.finished_at, "requested_at": waits.requested_at}
    )
    assert chores.keep_house().then is None, "never, unless somebody says so"
    changed(RAW_FILE_DAYS, 30)
    outcome = chores.keep_house()
    assert "2 snapshot files" in outcome.words.replace("\u00a0", " ")
    db.session.rollback()
    assert there(config) - before >= {"old", "full-before"}, "what is not committed is not removed"
    outcome = chores.keep_house()
    db.session.commit()
    assert outcome.then is not None
    outcome.then()
    assert there(config) - before == {"shared", "live", "full", "waits"}
    db.session.refresh(old)
    assert (old.file_path, old.file_bytes) == (None, 1)
    for name in ("shared", "live", "full", "waits"):
        (config.data_dir / "raw" / name).unlink()


def test_a_file_that_came_back_meanwhile_is_not_removed(db: SQLAlchemy, config: Config) -> None:
    shop = a_shop("praha")
    a_kept_file(config, shop, "again", 50, mode="partial")
    paths = raw_files.let_go(timedelta(days=30))
    db.session.commit()
    a_kept_file(config, shop, "again", 0, mode="partial")
    raw_files.remove(paths, config.data_dir)
    assert "again" in there(config)
    (config.data_dir / "raw" / "again").unlink()
