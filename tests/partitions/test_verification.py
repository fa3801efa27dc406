"""The comparison before the swap finds whatever the new table has otherwise, and then nothing is swapped."""

import os
from typing import Any

import psycopg
import pytest

from shop.making_way import NICE
from shop.partitions import astray, record, verifying
from shop.partitions.queries import is_partitioned
from shop.partitions.record import NEXT, Phase
from shop.partitions.verifying import NotTheSame
from tests.partitions.conftest import Installation

ONE = "(shop_id, order_id, line, created_at) = (SELECT shop_id, order_id, line, created_at FROM {next} ORDER BY 2, 3 LIMIT 1)"
DAMAGE = {
    "a value": f"UPDATE {{next}} SET quantity = quantity + 1 WHERE {ONE}",
    "a thousandth of a second": f"UPDATE {{next}} SET created_at = created_at + interval '1 ms' WHERE {ONE}",
    "an empty text for none": f"UPDATE {{next}} SET variant_name = '' WHERE {ONE}",
    "two values traded": """UPDATE {next} SET name = CASE line WHEN 1 THEN 'Thing number 2' ELSE 'Thing number 1' END
                            WHERE order_id = 1 AND line IN (1, 2)""",
    "two columns traded": f"UPDATE {{next}} SET sku = name, name = coalesce(sku, '') WHERE {ONE}",
    "two quantities traded": """UPDATE {next} SET quantity = CASE line WHEN 1 THEN
                                (SELECT quantity FROM {next} WHERE order_id = 1 AND line = 2) ELSE
                                (SELECT quantity FROM {next} WHERE order_id = 1 AND line = 1) END
                                WHERE order_id = 1 AND line IN (1, 2)""",
    "an amount ten thousand times": f"UPDATE {{next}} SET total = total * 10000 WHERE {ONE}",
    "an amount of the other sign": f"UPDATE {{next}} SET total = -total WHERE {ONE}",
    "a row less": f"DELETE FROM {{next}} WHERE {ONE}",
    "a row more": """INSERT INTO {next} SELECT (jsonb_populate_record(t, '{{"line": 999}}')).* FROM {next} t WHERE order_id = 1 AND line = 1""",
    "a row twice, and another gone": """WITH gone AS (DELETE FROM {next} WHERE order_id = 1 AND line = 2)
        INSERT INTO {next} SELECT (jsonb_populate_record(t, '{{"line": 999}}')).* FROM {next} t WHERE order_id = 1 AND line = 1""",
    "an index": "DROP INDEX ix_order_items_shop_id_created_at_next",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_whatever_differs_is_found_and_nothing_is_swapped(installation: Installation, damage: str) -> None:
    before = installation.rows()
    installation.work("prepare")
    installation.work("backfill")
    with installation.connect() as connection:
        connection.execute("SET session_replication_role = replica")
        assert connection.execute(damage.format(next=NEXT)).rowcount != 0
    with pytest.raises(NotTheSame, match=r"not the same as order_items: .+ Nothing was changed"):
        installation.work("verify")
    with installation.connect() as connection:
        assert record.needed(connection).phase == Phase.BACKFILLING
        assert not is_partitioned(connection)
    installation.work("roll_back")
    assert installation.rows() == before


def test_a_line_without_its_order_is_found(installation: Installation) -> None:
    installation.work("prepare")
    installation.work("backfill")
    with installation.connect() as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM orders WHERE id = 1")
    with pytest.raises(NotTheSame, match="6 lines belong to no order"):
        installation.work("verify")


def test_whoever_compares_lets_writers_go_first_and_whoever_swaps_does_not(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both tables are read over connections of their own, so that the one which locks the table later is not held up itself."""
    compared: list[int] = []
    sums = verifying.sums

    def watched(connection: psycopg.Connection[Any], table: str) -> Any:
        compared.append(os.getpriority(os.PRIO_PROCESS, connection.info.backend_pid))
        assert connection.execute("SHOW max_parallel_workers_per_gather").fetchone() == ("0",)
        return sums(connection, table)

    monkeypatch.setattr(verifying, "sums", watched)
    installation.work("prepare")
    installation.work("backfill")
    swapping = installation.work("verify")
    assert compared == [NICE, NICE]
    assert swapping["rows"] == installation.rows()[0]
    with installation.connect() as connection:
        assert connection.execute("SELECT reltuples > 0 FROM pg_class WHERE relname = %s", (NEXT,)).fetchone() == (
            True,
        )


def test_notes_are_forgotten_by_their_keys(installation: Installation) -> None:
    """To join them with those that were looked at would loop over all of these for each, with the twins locked meanwhile."""
    installation.work("prepare")
    with installation.connect() as connection, connection.transaction():
        connection.execute(astray.BY_KEY)
        connection.execute(
            f"INSERT INTO {record.ASTRAY} (shop_id, order_id, line, created_at)"
            " SELECT shop_id, order_id, line, created_at FROM order_items LIMIT 3000"
        )
        connection.execute(f"ANALYZE {record.ASTRAY}")
        connection.execute(astray.LOOKED_AT.format(astray=record.ASTRAY, count=astray.AT_ONCE))
        plan = connection.execute("EXPLAIN " + astray.FORGET.format(astray=record.ASTRAY)).fetchall()
    words = " ".join(line for (line,) in plan)
    assert "Nested Loop" not in words
    assert "Index" in words
