"""Faults of the matrix that strike at quarters: M9 to M15 and T5, each by its number."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from shop.config import Config
from shop.findings import State
from shop.partitions import soundness
from shop.partitions.maintenance import maintain
from shop.partitions.quarters import AHEAD, Quarter
from shop.partitions.queries import retired
from shop.partitions.restoring import restore
from shop.partitions.retention import desired
from shop.partitions.shape import drift
from shop.partitions.steps import plan
from shop.partitions.upkeep import looking_after
from tests.partitions.maintenance.old_quarters import (
    OLD,
    OLDER,
    THIS,
    age,
    archive_of,
    bad,
    fill,
    held_in,
    reading,
    tables,
)
from tests.workers import until

Connection = psycopg.Connection[Any]
MONTH = timedelta(days=30, minutes=1)
YEARS = 2
OPEN = "ALTER TABLE order_items DISABLE ROW LEVEL SECURITY; "  # the table has it on


def path_of(settings: Config, connection: Connection, quarter: Quarter) -> Path:
    return settings.data_dir / "archives" / str(archive_of(connection, quarter).file)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_m9_what_was_left_between_create_and_attach_is_cleared_or_used(
    settings: Config, connection: Connection
) -> None:
    ahead = THIS.plus(AHEAD)
    connection.execute(f"ALTER TABLE order_items DETACH PARTITION {ahead.table}")  # created, and never attached
    connection.execute(f"CREATE TABLE {OLDER.plus(-20).table} (LIKE order_items INCLUDING ALL)")
    report = maintain(settings, "test")
    assert [(step.kind, step.table) for step, _ in report.done] == [
        ("clear", OLDER.plus(-20).table),
        ("clear", ahead.table),
        ("create", ahead.table),
    ]
    assert ahead.table in tables(connection)
    assert maintain(settings, "test").done == []


def test_m9_a_table_with_lines_that_no_archive_knows_is_told_and_left(settings: Config, connection: Connection) -> None:
    ahead = THIS.plus(AHEAD)
    fill(connection, ahead, orders=2)
    before = held_in(connection)
    connection.execute(f"ALTER TABLE order_items DETACH PARTITION {ahead.table}")
    report = maintain(settings, "test")
    told = (
        f"The table {ahead.table} is not part of order_items, and holds rows. Nothing was changed; "
        f"bring it back with `flask partitions restore {ahead.table}`, or move it away by hand."
    )
    assert [sentence for _, sentence in report.refused] == [told]
    assert any(ahead.table in found for found in bad(connection, settings))
    with looking_after(settings, "test") as upkeep:
        assert restore(upkeep, ahead).lines == 4
    assert held_in(connection) == before


def test_m10_an_interrupted_detachment_is_finished_first_by_the_next_maintenance(
    settings: Config, connection: Connection
) -> None:
    fill(connection, OLD)
    before = held_in(connection)
    with reading(settings):
        report = maintain(settings, "test", budget=0.3)
        assert [step.kind for step, _ in report.refused] == ["retire"]
        assert f"{OLD.table}?" in tables(connection)
        assert held_in(connection).lines == 0, "its lines are not seen any more"
        assert f"{OLD.table} is half off the table" in bad(connection, settings)
        assert soundness.critical(connection, datetime.now(UTC)) == [
            f"The partition {OLD.table} is half off the table, and its lines are not seen."
        ]
        with pytest.raises(errors.CheckViolation):
            connection.execute(f"INSERT INTO order_items SELECT * FROM {OLD.table} LIMIT 1")
    report = maintain(settings, "test")
    assert [step.kind for step, _ in report.done] == ["finish"]
    assert archive_of(connection, OLD).state == "retired"
    assert held_in(connection, f"{OLD.table}_retired") == before
    assert bad(connection, settings) == []


def test_m10_a_detachment_that_was_cancelled_by_somebody_is_finished_too(
    settings: Config, connection: Connection
) -> None:
    fill(connection, OLD)
    with reading(settings), psycopg.connect(settings.database_url, autocommit=True) as other:
        thread = threading.Thread(target=detaching, args=(other, OLD.table))
        thread.start()
        until(lambda: f"{OLD.table}?" in tables(connection))
        other.cancel_safe()
        thread.join()
    report = maintain(settings, "test")
    assert [step.kind for step, _ in report.done] == ["finish"]
    assert f"{OLD.table} is not part of order_items, and no archive knows it" in bad(connection, settings)
    with looking_after(settings, "test") as upkeep:
        assert restore(upkeep, OLD).lines == 120
    assert bad(connection, settings) == []


def detaching(connection: Connection, table: str) -> None:
    with pytest.raises(errors.QueryCanceled):
        connection.execute(f"ALTER TABLE order_items DETACH PARTITION {table} CONCURRENTLY")


def test_m11_a_default_partition_is_told_and_keeps_quarters_from_being_retired(
    settings: Config, connection: Connection
) -> None:
    fill(connection, OLD)
    connection.execute("CREATE TABLE elsewhere PARTITION OF order_items DEFAULT")
    try:
        found = [one for one in soundness.findings(connection, settings.data_dir) if "DEFAULT" in one.found]
        assert [one.state for one in found] == [State.BAD]
        assert "ALTER TABLE order_items DETACH PARTITION elsewhere" in found[0].mend
        report = maintain(settings, "test")
        assert report.done == []
        assert "has a DEFAULT partition" in report.words
        assert OLD.table in tables(connection)
    finally:
        connection.execute("DROP TABLE elsewhere")


def test_m12_after_fifteen_months_without_it_lines_have_landed_and_the_gap_is_made() -> None:
    last = datetime(2031, 5, 20, 12, tzinfo=UTC)
    after = datetime(2032, 8, 20, 12, tzinfo=UTC)
    there = desired(last, YEARS)
    assert Quarter.of(after.replace(year=2032, month=4)) in there, "a year and a quarter is covered without it"
    assert Quarter.of(after) not in there, "later than that it is told: fewer than two are ahead"
    assert desired(after, YEARS) - there == {Quarter(2032, 3).plus(count) for count in range(AHEAD + 1)}
    years_later = desired(datetime(2040, 1, 1, tzinfo=UTC), None)
    assert {Quarter(2027, 1), Quarter(2033, 3)} <= years_later, "and no quarter between is skipped"


def test_m12_what_was_not_made_for_long_is_caught_up(settings: Config, connection: Connection) -> None:
    for count in range(-1, AHEAD + 1):
        connection.execute(f"DROP TABLE {THIS.plus(count).table}")
    age(connection, timedelta(days=460))
    assert soundness.ahead([], datetime.now(UTC)) == -1
    assert "not even this quarter is there" in bad(connection, settings)
    report = maintain(settings, "test")
    made = {step.table for step, _ in report.done if step.kind == "create"}
    assert made == {THIS.plus(count).table for count in range(-1, AHEAD + 1)}
    assert bad(connection, settings) == []


def test_m13_a_quarter_without_a_whole_archive_is_never_taken_off(
    settings: Config, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(connection, OLD)
    before = held_in(connection)
    steps = iter(["archive.before_check", "retire.closed"])
    for point in steps:
        monkeypatch.setattr("shop.partitions.archiving.fault_point", at(point, settings, connection))
        monkeypatch.setattr("shop.partitions.retiring.fault_point", at(point, settings, connection))
        report = maintain(settings, "test")
        assert [step.kind for step, _ in report.refused] == ["retire"], point
        assert "its checksum differs" in report.words
        assert archive_of(connection, OLD).state == "failed"
        assert held_in(connection) == before
        assert retired(connection) == []
    monkeypatch.undo()
    assert [step.kind for step, _ in maintain(settings, "test").done] == ["retire"]


def at(point: str, settings: Config, connection: Connection) -> Any:
    """Return what flips a bit of the archive at a named point."""

    def strike(name: str) -> None:
        if name == point:
            flip(path_of(settings, connection, OLD))

    return strike


def test_m13_what_is_kept_aside_is_not_dropped_when_a_bit_of_its_archive_flipped(
    settings: Config, connection: Connection
) -> None:
    fill(connection, OLD)
    before = held_in(connection)
    maintain(settings, "test")
    age(connection, MONTH)
    flip(path_of(settings, connection, OLD))
    report = maintain(settings, "test")
    assert [step.kind for step, _ in report.refused] == ["drop"]
    assert "its checksum differs" in report.words
    assert any("its checksum differs" in found for found in bad(connection, settings))
    with looking_after(settings, "test") as upkeep:
        restore(upkeep, OLD)
    assert held_in(connection) == before
    assert maintain(settings, "test").refused == []
    assert bad(connection, settings) == []


def test_lines_that_arrived_since_keep_a_quarter_in_the_table(
    settings: Config, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(connection, OLD)

    def change(name: str) -> None:
        if name == "retire.verified":
            connection.execute(f"UPDATE {OLD.table} SET total = total + 1 WHERE order_id = 7")

    monkeypatch.setattr("shop.partitions.retiring.fault_point", change)
    report = maintain(settings, "test")
    assert "the same number of lines, with other values" in report.words
    assert OLD.table in tables(connection)
    monkeypatch.undo()
    assert [step.kind for step, _ in maintain(settings, "test").done] == ["retire"], "it is archived anew"
    connection.execute(f"DELETE FROM {OLD.table}_retired WHERE order_id = 7")
    age(connection, MONTH)
    report = maintain(settings, "test")
    assert "lines have changed in" in report.words
    assert connection.execute(f"SELECT count(*) FROM {OLD.table}_retired").fetchone() == (118,)


@pytest.mark.parametrize(
    ("statement", "kind", "words"),
    [
        ("CREATE INDEX ON ONLY order_items (sku)", "index", "lacks an index USING btree (sku)"),
        ("CREATE INDEX ON {table} (sku)", "index", "has an index of its own USING btree (sku)"),
        ("ALTER TABLE {table} ADD CONSTRAINT few CHECK (quantity < 1000)", "constraint", "has of its own CHECK"),
        (OPEN + "GRANT SELECT ON {table} TO PUBLIC", "grant", "grants what the table does not"),
        ("GRANT SELECT ON {table} TO pult_web", "row security", "gives rights of its own, past the policies"),
        (OPEN + "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", "row security", "has it on, unlike the table"),
    ],
)
def test_m15_a_partition_that_differs_from_its_table_is_told(
    settings: Config, connection: Connection, statement: str, kind: str, words: str
) -> None:
    assert drift(connection) == []
    with connection.transaction(force_rollback=True):
        connection.execute(statement.format(table=THIS.table).encode())
        found = [one for one in drift(connection) if one.table == THIS.table]
        assert [one.kind for one in found] == [kind]
        assert words in found[0].words
        assert any(f"{THIS.table} {words}" in one for one in bad(connection, settings))


def test_t5_a_clock_two_years_ahead_retires_nothing_today_nor_tomorrow(
    settings: Config, connection: Connection
) -> None:
    fill(connection, OLD)
    assert maintain(settings, "test").words == "1\u00a0quarter retired."
    fill(connection, THIS.plus(-1), THIS)
    before = held_in(connection)
    later = datetime.now(UTC) + timedelta(days=731)
    steps = plan(connection, later, YEARS)
    assert {step.table for step in steps if step.kind == "retire"} == {THIS.plus(-1).table}
    assert {step.table for step in steps if step.kind == "drop"} == {f"{OLD.table}_retired"}
    assert all("the clock has jumped" in step.refusal for step in steps if step.kind in ("retire", "drop"))
    assert [step.refusal for step in plan(connection, later, YEARS, clock_is_right=True)] == [""] * len(steps)
    age(connection, timedelta(days=731))  # as a jump looks like from the other side
    fill(connection, OLDER)
    connection.execute("INSERT INTO heartbeats (part, process) VALUES ('scheduler', 'one that jumped along')")
    for _ in ("today", "tomorrow"):
        report = maintain(settings, "test")
        assert {step.kind for step, _ in report.refused} == {"drop", "retire"}
        assert "the clock has jumped" in report.words
    assert held_in(connection).lines == before.lines + 120
    assert maintain(settings, "test", clock_is_right=True).refused == []
    fill(connection, OLDER.plus(-1))
    assert maintain(settings, "test").refused == [], "a person has said so, and the clock is believed from then on"


def test_t4_a_clock_that_went_back_retires_nothing(settings: Config, connection: Connection) -> None:
    fill(connection, OLD)
    age(connection, timedelta(days=-2))
    report = maintain(settings, "test")
    assert "The database's clock has gone back" in report.words
    assert OLD.table in tables(connection)
