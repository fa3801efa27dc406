"""Retiring quarters: proven before they leave, equal when they come back, and nothing else changes by a penny."""

import gzip
import hashlib
import json
import stat
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from shop.config import Config
from shop.partitions.maintenance import maintain
from shop.partitions.queries import retired
from shop.partitions.restoring import restore
from shop.partitions.upkeep import looking_after
from tests.partitions.maintenance.old_quarters import (
    OLD,
    OLDER,
    YOUNG,
    age,
    archive_of,
    events,
    fill,
    held_in,
    tables,
)

Connection = psycopg.Connection[Any]
MONTH = timedelta(days=30, minutes=1)


def test_what_is_past_retention_leaves_the_table_and_comes_back_equal(settings: Config, connection: Connection) -> None:
    fill(connection, OLD, OLDER, YOUNG)
    before, young = held_in(connection), held_in(connection, YOUNG.table)
    old = held_in(connection, OLD.table)
    report = maintain(settings, "test")
    assert report.refused == []
    assert {step.table for step, _ in report.done if step.kind == "retire"} == {OLD.table, OLDER.table}
    assert held_in(connection) == young
    assert {one.table for one in retired(connection)} == {OLD.table, OLDER.table}
    archive = archive_of(connection, OLD)
    assert (archive.state, archive.content) == ("retired", old)
    assert held_in(connection, archive.detached) == old
    assert events(connection, OLD)[-3:] == ["archived", "verified", "retired"]
    with looking_after(settings, "test") as upkeep:
        for quarter in (OLD, OLDER):
            assert restore(upkeep, quarter).source == f"{quarter.table}_retired"
    assert held_in(connection) == before
    assert retired(connection) == []
    assert maintain(settings, "test").done == [], "what was brought back is left alone for a month"


def test_the_archive_is_a_file_that_a_person_can_read(settings: Config, connection: Connection) -> None:
    fill(connection, OLD)
    maintain(settings, "test")
    archive = archive_of(connection, OLD)
    folder = settings.data_dir / "archives"
    path = folder / str(archive.file)
    assert sorted(one.name for one in folder.iterdir()) == sorted([path.name, f"{OLD.table}-{archive.id}.json"])
    assert {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {0o600}
    manifest = json.loads((folder / f"{OLD.table}-{archive.id}.json").read_text())
    packed = path.read_bytes()
    assert manifest["sha256"] == archive.sha256 == hashlib.sha256(packed).hexdigest()
    assert (manifest["rows"], manifest["bytes"]) == (120, len(packed))
    assert (manifest["from"], manifest["to"]) == (OLD.starts_at.isoformat(), OLD.ends_at.isoformat())
    lines = gzip.decompress(packed).decode().splitlines()
    assert len(lines) == 120
    assert lines == sorted(lines, key=lambda line: [int(word) for word in line.split("\t")[:3]])
    assert [column["name"] for column in manifest["columns"]][:4] == ["shop_id", "order_id", "line", "created_at"]
    connection.execute(f"CREATE TABLE by_hand (LIKE {archive.detached})")
    with connection.cursor() as cursor, cursor.copy("COPY by_hand FROM STDIN") as copying:
        copying.write(gzip.decompress(packed))
    assert str(held_in(connection, "by_hand").hash) == manifest["content_hash"]


def test_after_a_month_the_file_alone_holds_it_and_brings_it_back(settings: Config, connection: Connection) -> None:
    fill(connection, OLD)
    before = held_in(connection)
    maintain(settings, "test")
    age(connection, MONTH)
    report = maintain(settings, "test")
    assert [step.kind for step, _ in report.done] == ["drop"]
    archive = archive_of(connection, OLD)
    assert archive.state == "dropped"
    assert connection.execute("SELECT to_regclass(%s)", (archive.detached,)).fetchone() == (None,)
    assert {one.table for one in retired(connection)} == {OLD.table}
    with looking_after(settings, "test") as upkeep:
        assert restore(upkeep, OLD).source == archive.file
    assert held_in(connection) == before
    assert OLD.table in tables(connection)


def test_a_restored_quarter_is_retired_anew_when_it_was_left_alone_for_long_enough(
    settings: Config, connection: Connection
) -> None:
    fill(connection, OLD)
    maintain(settings, "test")
    first = archive_of(connection, OLD)
    with looking_after(settings, "test") as upkeep:
        restore(upkeep, OLD)
    assert maintain(settings, "test", restored_too=False).done == []
    age(connection, MONTH)
    assert [step.kind for step, _ in maintain(settings, "test").done] == ["retire"]
    second = archive_of(connection, OLD)
    assert second.id > first.id
    assert not (settings.data_dir / "archives" / str(first.file)).exists(), "the newer archive stands for both"
    with looking_after(settings, "test") as upkeep:
        restore(upkeep, OLD)
    assert [step.kind for step, _ in maintain(settings, "test", restored_too=True).done] == ["retire"]


def test_where_retention_is_never_nothing_leaves(
    settings: Config, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(connection, OLD)
    monkeypatch.setattr("shop.partitions.maintenance.retention_years", lambda: None)
    assert maintain(settings, "test").done == []
    assert OLD.table in tables(connection)


def test_an_empty_quarter_is_left_where_late_lines_find_it(settings: Config, connection: Connection) -> None:
    fill(connection, OLD, OLDER)
    connection.execute(f"DELETE FROM {OLD.table}")
    assert [step.table for step, _ in maintain(settings, "test").done] == [OLDER.table]
    assert OLD.table in tables(connection)
