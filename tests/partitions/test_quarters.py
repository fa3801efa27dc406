"""Quarters: every moment lies in exactly one, also at the very edges."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import psycopg
import pytest

from shop.db import raw_connection
from shop.partitions.creating import NotEmpty, ensure
from shop.partitions.quarters import Quarter, standing, through
from shop.partitions.queries import attached, is_partitioned

TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("moment", "quarter"),
    [
        (datetime(2025, 12, 31, 23, 59, 59, 999999, UTC), Quarter(2025, 4)),
        (datetime(2026, 1, 1, tzinfo=UTC), Quarter(2026, 1)),
        (datetime(2024, 2, 29, 12, tzinfo=UTC), Quarter(2024, 1)),
        (datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), Quarter(2025, 4)),
        (datetime(2026, 3, 31, 23, 59, 59, 999999, UTC), Quarter(2026, 1)),
        (datetime(2026, 4, 1, tzinfo=UTC), Quarter(2026, 2)),
    ],
)
def test_a_moment_lies_in_one_quarter_of_utc(moment: datetime, quarter: Quarter) -> None:
    assert Quarter.of(moment) == quarter
    assert quarter.starts_at <= moment < quarter.ends_at


def test_quarters_follow_one_another_without_a_gap() -> None:
    run = list(through(Quarter(1999, 3), Quarter(2031, 2)))
    assert all(one.ends_at == next_one.starts_at for one, next_one in pairwise(run))
    assert all(Quarter.named(one.table) == one == Quarter.of(one.ends_at - TICK) for one in run)
    assert Quarter(2026, 1).plus(-5) == Quarter(2024, 4)
    assert Quarter.named("order_items_2026q5") is None


def test_four_quarters_are_always_ahead() -> None:
    assert max(standing(datetime(2031, 12, 31, 23, 59, tzinfo=UTC))) == Quarter(2032, 4)
    assert standing(datetime(2026, 11, 26, tzinfo=UTC)) == {*through(Quarter(2024, 1), Quarter(2027, 4))}


@pytest.mark.usefixtures("db")
def test_a_fresh_database_has_its_quarters_and_gets_what_is_asked_for() -> None:
    old = Quarter(1987, 2)
    with raw_connection(autocommit=True) as connection:
        assert is_partitioned(connection)
        assert standing(datetime.now(UTC)) <= {one.quarter for one in attached(connection)}
        assert ensure([old, old], "test") == [old]
        assert ensure([old], "test") == []
        event = connection.execute(
            "SELECT event, by FROM partition_events WHERE partition = %s ORDER BY id DESC LIMIT 1", (old.table,)
        ).fetchone()
        assert event == ("created", "test")
        detached_with_a_row(connection, old)
        with pytest.raises(NotEmpty, match="holds rows"):
            ensure([old], "test")
        connection.execute(f"TRUNCATE {old.table}")
        assert ensure([old], "test") == [old], "what stands aside and is empty is made anew"
        connection.execute(f"DROP TABLE {old.table}")


def detached_with_a_row(connection: psycopg.Connection, quarter: Quarter) -> None:
    connection.execute(f"ALTER TABLE order_items DETACH PARTITION {quarter.table}")
    connection.execute(f"ALTER TABLE {quarter.table} DROP CONSTRAINT fk_order_items_shop_id_order_id_orders")
    connection.execute(
        f"INSERT INTO {quarter.table} (shop_id, order_id, line, created_at, item_type, kind, name, quantity, total,"
        " total_without_vat) VALUES (1, 1, 1, %s, 'product', 'goods', 'x', 1, 1, 1)",
        (quarter.starts_at,),
    )
