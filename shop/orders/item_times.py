"""When the lines of some orders were made: with these bounds in a statement, it opens only the quarters that hold them.

A join by `created_at = items_at` finds the same lines, but tells the planner nothing of the days before it runs.
"""

from typing import Any

import psycopg
from psycopg import sql

WITHIN = sql.SQL("i.created_at BETWEEN %(items_from)s AND %(items_to)s")


def bounds(connection: psycopg.Connection[Any], shop_id: int, orders: sql.Composable) -> dict[str, object]:
    """Return the parameters of `WITHIN` for the lines of `orders`, what a SELECT of orders has after its FROM.

    Both are None where there are no orders: then no line is within them.
    """
    first_and_last = sql.SQL("SELECT min(items_at), max(items_at) FROM {}").format(orders)
    found = connection.execute(first_and_last, {"shop": shop_id}).fetchone() or (None, None)
    return {"items_from": found[0], "items_to": found[1]}
