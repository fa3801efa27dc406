"""The comparison before the swap finds whatever the new table has otherwise, and then nothing is swapped."""

import pytest

from shop.partitions import record
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
