"""The table becomes quarters under writers, and comes back; each phase refuses what does not follow from it."""

import psycopg
import pytest

from bench.writers import differences, started
from shop.partitions import record
from shop.partitions.conversion import become_partitioned, become_plain
from shop.partitions.finishing import NoBackup
from shop.partitions.quarters import Quarter
from shop.partitions.queries import attached, is_partitioned
from shop.partitions.record import Phase, WrongPhase
from tests.partitions.conftest import Installation
from tests.workers import until


def test_a_filled_table_becomes_quarters_with_every_row(installation: Installation) -> None:
    before = installation.rows()
    become_partitioned()
    with installation.connect() as connection:
        assert is_partitioned(connection)
        conversion = record.needed(connection)
        assert conversion.phase == Phase.SWAPPED
        assert sum(one["rows"] for one in conversion.figures["verified"]["quarters"].values()) == before[0]
        names = {
            name for (name,) in connection.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'order_items'")
        }
        assert names == {"pk_order_items", "ix_order_items_shop_id_created_at", "ix_order_items_shop_id_item_type"}
    assert installation.rows() == installation.rows("order_items_before") == before
    with pytest.raises(NoBackup, match="no restorable backup"):
        installation.work("finish")
    installation.work("finish", without_backup=True)
    with installation.connect() as connection:
        assert record.under_way(connection) is None
        left = connection.execute(
            "SELECT relname FROM pg_class WHERE relname ~ '(_next|_before|_astray)' UNION ALL"
            " SELECT proname FROM pg_proc WHERE proname ~ '^order_items' UNION ALL"
            " SELECT tgname FROM pg_trigger WHERE tgname ~ '^order_items'"
        ).fetchall()
        assert left == []
    assert installation.rows() == before
    become_partitioned()
    become_plain()
    assert installation.rows() == before


def test_m3_writers_of_every_kind_lose_nothing(installation: Installation) -> None:
    writers = started(installation.connect, installation.shop, installation.orders, pause=0.005)
    try:
        installation.work("prepare")
        installation.work("backfill")
        installation.work("verify")
        installation.work("swap")
    finally:
        for writer in writers:
            writer.stop()
    assert [failure for writer in writers for failure in writer.failures] == []
    assert sum(len(writer.waits) for writer in writers) > 100
    with installation.connect() as connection:
        assert differences(connection, installation.shop, writers) == []
        assert differences(connection, installation.shop, writers, "order_items_before") == []
    assert installation.rows() == installation.rows("order_items_before")


@pytest.mark.parametrize("reached", ["planned", "prepared", "backfilling", "verified", "swapped"])
def test_m6_rolling_back_loses_nothing_that_was_written(installation: Installation, reached: str) -> None:
    for step in {"planned": [], "prepared": ["prepare"], "backfilling": ["prepare", "backfill"],
                 "verified": ["prepare", "backfill", "verify"], "swapped": ["prepare", "backfill", "verify", "swap"]}[reached]:  # fmt: skip
        installation.work(step)
    if reached == "planned":
        with installation.connect() as connection:
            record.begin(connection, record.SPLIT, "test", {})
    writers = started(installation.connect, installation.shop, installation.orders, pause=0.005)
    until(lambda: sum(len(writer.waits) for writer in writers) > 100)
    installation.work("roll_back")
    for writer in writers:
        writer.stop()
    assert [failure for writer in writers for failure in writer.failures] == []
    with installation.connect() as connection:
        assert not is_partitioned(connection)
        assert differences(connection, installation.shop, writers) == []
        assert record.newest(connection).phase == Phase.ROLLED_BACK  # type: ignore[union-attr]
        assert record.under_way(connection) is None
    before = installation.rows()
    become_partitioned()
    assert installation.rows() == before, "what was rolled back can be begun again"


def test_downgrade_joins_the_quarters_with_all_rows(installation: Installation) -> None:
    become_partitioned()
    installation.work("finish", without_backup=True)
    before = installation.rows()
    writers = started(installation.connect, installation.shop, installation.orders, pause=0.005)
    become_plain()
    for writer in writers:
        writer.stop()
    with installation.connect() as connection:
        assert not is_partitioned(connection)
        assert differences(connection, installation.shop, writers) == []
    assert installation.rows() == installation.rows("order_items_before")
    assert installation.rows() != before
    become_partitioned()
    with installation.connect() as connection:
        assert differences(connection, installation.shop, writers) == []
        assert record.newest(connection).direction == record.JOIN, "the kept table took its place again"  # type: ignore[union-attr]


def test_a_line_without_a_quarter_fails_no_writer(installation: Installation) -> None:
    installation.work("prepare")
    installation.work("backfill")
    old, older = Quarter(1987, 2), Quarter(1985, 3)
    with installation.connect() as connection:
        for at in (old.starts_at, older.starts_at):
            connection.execute(
                "UPDATE order_items SET created_at = %s, name = 'astray' WHERE order_id IN (SELECT %s + order_id FROM"
                " (VALUES (0), (1)) AS v (order_id))",
                (at, 10 if at == old.starts_at else 20),
            )
        connection.execute("DELETE FROM order_items WHERE order_id = 21 AND line = 1")
    installation.work("verify")
    installation.work("swap")
    with installation.connect() as connection:
        assert {old, older} <= {one.quarter for one in attached(connection)}
    assert installation.rows() == installation.rows("order_items_before")


def test_a_truncate_is_refused_while_lines_are_carried_over(installation: Installation) -> None:
    installation.work("prepare")
    with installation.connect() as connection, pytest.raises(psycopg.errors.ObjectInUse, match="are being moved"):
        connection.execute("TRUNCATE order_items")


def test_steps_out_of_turn_are_refused_in_words(installation: Installation) -> None:
    with pytest.raises(WrongPhase, match="No conversion of order_items is under way"):
        installation.work("swap")
    installation.work("prepare")
    with pytest.raises(WrongPhase, match="comes after"):
        installation.work("swap")
    with pytest.raises(WrongPhase, match="comes after"):
        installation.work("finish")
