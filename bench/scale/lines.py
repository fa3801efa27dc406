"""Totals of a quarter over all order lines: how much of the table is read for them, as the database explains it."""

from datetime import date
from typing import Any

import psycopg

from bench.meter import timed
from bench.table import Row

ROUNDS = 5
TOTALS = """
SELECT shop_id, count(*), sum(total), sum(total_without_vat) FROM order_items
WHERE created_at >= %(first)s::timestamptz AND created_at < %(first)s::timestamptz + interval '3 months' GROUP BY shop_id ORDER BY shop_id"""
PRUNING = "SET enable_partition_pruning = {}"


def quarter_before(day: date) -> date:
    """Return the first day of the last whole quarter before a day."""
    month = (day.month - 1) // 3 * 3 + 1
    return date(day.year, month - 3, 1) if month > 3 else date(day.year - 1, 10, 1)


def quarter_totals(connection: psycopg.Connection[Any], end: date) -> list[Row]:
    """Add up one quarter, with and without pruning where the table is partitioned."""
    asked = {"first": quarter_before(end)}
    if not is_partitioned(connection):
        whole = timed(lambda: connection.execute(TOTALS, asked).fetchall(), ROUNDS)
        return [
            Row("totals of one quarter over the lines (not partitioned: the whole table is read)", f"{whole:,.0f} ms")
        ]
    times, read = [], []
    for pruning in ("on", "off"):
        connection.execute(PRUNING.format(pruning))
        plan = explained(connection, asked)
        print(f"\nTotals of the quarter from {asked['first']}, pruning {pruning}:\n{plan}")
        read.append(plan.count(" on order_items"))
        times.append(timed(lambda: connection.execute(TOTALS, asked).fetchall(), ROUNDS))
    connection.execute(PRUNING.format("on"))
    pruned, unpruned = times
    return [
        Row("totals of one quarter over the lines, pruned", f"{pruned:,.0f} ms, {read[0]} of {read[1]} partitions read", "one partition", read[0] == 1),
        Row("… without pruning", f"{unpruned:,.0f} ms: {unpruned / pruned:.1f}x"),
    ]  # fmt: skip


def is_partitioned(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute("SELECT relkind = 'p' FROM pg_class WHERE oid = 'order_items'::regclass").fetchone()
    return row == (True,)


def explained(connection: psycopg.Connection[Any], asked: dict[str, Any]) -> str:
    rows = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) {TOTALS}", asked)
    return "\n".join(line for (line,) in rows)
