"""Maintenance killed at each of its named points: the next one ends what it began, and no line is lost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from shop.config import Config
from shop.partitions.maintenance import maintain
from shop.partitions.restoring import restore
from shop.partitions.steps import Step, plan
from shop.partitions.upkeep import looking_after
from tests.partitions.maintenance.old_quarters import (
    OLD,
    age,
    archive_of,
    bad,
    fill,
    held_in,
    killed_at,
    reading,
    tables,
)

Connection = psycopg.Connection[Any]
MONTH = timedelta(days=30, minutes=1)
YEARS = 2


def bring_back(settings: Config) -> None:
    with looking_after(settings, "test") as upkeep:
        restore(upkeep, OLD)


POINTS = (
    "archive.begun",
    "archive.before_rename",
    "archive.before_written",
    "archive.before_check",
    "archive.in_check",
    "retire.verified",
    "retire.closed",
    "retire.before_detach",
    "retire.detached",
)


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_while_retiring_the_next_maintenance_ends_it(
    point: str, settings: Config, connection: Connection
) -> None:
    fill(connection, OLD)
    before = held_in(connection)
    killed_at(point, settings, connection, lambda: maintain(settings, "killed"))
    maintain(settings, "test")
    archive = archive_of(connection, OLD)
    assert (archive.state, archive.content) == ("retired", before)
    assert held_in(connection, archive.detached) == before
    assert len(list((settings.data_dir / "archives").iterdir())) == 2, "a file and its manifest, no parts of any"
    assert bad(connection, settings) == []


def test_killed_while_a_detachment_is_pending_the_next_maintenance_ends_it(
    settings: Config, connection: Connection
) -> None:
    fill(connection, OLD)
    before = held_in(connection)
    with reading(settings):
        killed_at("retire.pending", settings, connection, lambda: maintain(settings, "killed"))
        assert f"{OLD.table}?" in tables(connection)
    maintain(settings, "test")
    assert held_in(connection, archive_of(connection, OLD).detached) == before


def test_killed_before_a_drop_nothing_is_dropped(settings: Config, connection: Connection) -> None:
    fill(connection, OLD)
    before = held_in(connection)
    maintain(settings, "test")
    age(connection, MONTH)
    killed_at("drop.checked", settings, connection, lambda: maintain(settings, "killed"))
    assert held_in(connection, f"{OLD.table}_retired") == before
    assert [step.kind for step, _ in maintain(settings, "test").done] == ["drop"]


@pytest.mark.parametrize("point", ["restore.loaded", "restore.prepared"])
def test_killed_while_a_quarter_is_brought_back_it_stays_archived(
    point: str, settings: Config, connection: Connection
) -> None:
    fill(connection, OLD)
    before = held_in(connection)
    maintain(settings, "test")
    age(connection, MONTH)
    maintain(settings, "test")
    killed_at(point, settings, connection, lambda: bring_back(settings))
    assert held_in(connection).lines == 0
    left: list[Step] = plan(connection, datetime.now(UTC), YEARS)
    assert [step.kind for step in left] == (["clear"] if point == "restore.prepared" else [])
    bring_back(settings)
    assert held_in(connection) == before
    assert maintain(settings, "test").done == []
