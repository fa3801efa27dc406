"""Plans of the statements that are really sent: made by the database itself, before each is carried out."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from shop.db import db
from shop.listing.limits import LONGEST

LARGE = {"orders", "order_items", "customers", "customer_accounts", "customer_metrics", "products", "product_variants", "product_metrics"}  # fmt: skip
END_IF_LIMITED = """
    SELECT CASE WHEN extract(epoch FROM current_setting('statement_timeout')::interval) * 1000 < %s
           THEN set_config('statement_timeout', '1', true) END"""
LOOKED = ("Rows Removed by Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter")


@dataclass(frozen=True)
class Explained:
    """One statement with its plan; `was_run` says that the plan knows what it has really met."""

    statement: str
    plan: dict[str, Any]

    def nodes(self) -> Iterator[dict[str, Any]]:
        return nodes(self.plan)

    def read_through(self, tables: set[str]) -> list[str]:
        """Return the large tables, or partitions of them, that are read from end to end."""
        scans = (node for node in self.nodes() if node["Node Type"] == "Seq Scan")
        return [name for node in scans if is_of(name := node["Relation Name"], tables)]

    def met(self, tables: set[str]) -> int:
        """Return the most rows that one scan of a large table has looked at, those it left out included."""
        return max(
            (looked_at(node) for node in self.nodes() if is_of(node.get("Relation Name", ""), tables)), default=0
        )

    def sorted_rows(self) -> int:
        """Return the most rows that one sort was given."""
        sorts = (node for node in self.nodes() if node["Node Type"] == "Sort")
        return max((rows_of(part) for node in sorts for part in node["Plans"][:1]), default=0)

    def __str__(self) -> str:
        return f"{' '.join(self.statement.split())}\n{json.dumps(self.plan, indent=1)}"


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def is_of(name: str, tables: set[str]) -> bool:
    return name in tables or ("order_items" in tables and name.startswith("order_items"))


def rows_of(node: dict[str, Any]) -> int:
    return int(node.get("Actual Rows", node["Plan Rows"]) * node.get("Actual Loops", 1))


def looked_at(node: dict[str, Any]) -> int:
    return rows_of(node) + int(sum(node.get(name, 0) for name in LOOKED) * node.get("Actual Loops", 1))


@contextmanager
def explained(tables: set[str] = LARGE, too_long: int | None = None) -> Iterator[list[Explained]]:
    """Note the plan of each statement of the application's pool that names one of the tables, as run under its own settings.

    One that looks at more rows than `too_long` is not noted but ended by its time limit, where it has one of its own.
    """
    seen: list[Explained] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if any(table in statement for table in tables) and "EXPLAIN" not in statement:
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters)
                found = cursor.fetchone()[0]
                each = Explained(statement, (json.loads(found) if isinstance(found, str) else found)[0]["Plan"])
                if too_long is not None and each.met(tables) > too_long:
                    cursor.execute(END_IF_LIMITED, (LONGEST,))
                    cursor.execute("SELECT pg_sleep(0.05) WHERE current_setting('statement_timeout') = '1ms'")
                seen.append(each)

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)
