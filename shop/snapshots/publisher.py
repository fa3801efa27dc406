"""What every publisher has: its transaction, its run's staging tables, and column lists quoted once."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import psycopg
from psycopg import sql

from shop.platforms.platform import Platform
from shop.snapshots.staging import table


def columns(names: Iterable[str], alias: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(alias, name) if alias else sql.Identifier(name) for name in names)


def assignments(names: Iterable[str], alias: str) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier(alias, name)) for name in names
    )


class Publisher(ABC):
    """One publish, inside the transaction of `connection`."""

    lists: ClassVar[Mapping[str, sql.Composed]] = {}

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        snapshot_id: int,
        shop_id: int,
        platform: Platform,
        advance: Callable[[int], None],
    ) -> None:
        self.connection, self.snapshot_id, self.shop_id = connection, snapshot_id, shop_id
        self.platform, self.advance = platform, advance

    def make_room(self) -> None:  # noqa: B027  # most kinds need none
        """Make, in no transaction, what the publish will need of the schema. May wait; raises a failure that passes."""

    @abstractmethod
    def prepare(self) -> None:
        """Do, in a transaction of its own, what may be seen before the publish."""

    @abstractmethod
    def publish(self, missing: sql.Composed | None) -> int:
        """Carry the plan out. `missing` asks for the ids and keys to mark as deleted; returns how many were."""

    def table(self, name: str) -> sql.Identifier:
        return table(self.snapshot_id, name)

    def run(self, query: str, parameters: Mapping[str, object] | None = None, **names: sql.Composable) -> int:
        """Run one statement and return its row count. Names in braces are quoted, values in %()s are bound."""
        return self.execute(query, parameters, names).rowcount

    def value(self, query: str) -> int:
        row = self.execute(query, None, {}).fetchone()
        return int(row[0]) if row else 0

    def execute(
        self, query: str, parameters: Mapping[str, object] | None, names: Mapping[str, sql.Composable]
    ) -> psycopg.Cursor[Any]:
        staged = {name: self.table(name) for name in ("main", "parts", "seen", "plan")}
        statement = sql.SQL(query).format(**staged, **self.lists, **names)
        return self.connection.execute(
            statement, {"shop": self.shop_id, "snapshot": self.snapshot_id, **(parameters or {})}
        )


def prepare_session(connection: psycopg.Connection[Any], *, bulk: bool) -> None:
    """Give a long transaction the memory it needs, and check foreign keys as a set where rows are many.

    A publish joins its lines to the orders it has just written, so no line can point nowhere; checking each of a
    million rows again would double its time. Where the role may not skip the checks, they are simply made.
    """
    for name, value in (
        ("work_mem", "128MB"),
        ("gin_pending_list_limit", "64MB"),
        ("lock_timeout", "30s"),
        ("jit", "off"),
    ):
        connection.execute("SELECT set_config(%s, %s, true)", (name, value))
    if bulk:
        allowed = connection.execute(
            "SELECT rolsuper OR (current_setting('server_version_num')::int >= 150000 AND"
            " has_parameter_privilege('session_replication_role', 'SET')) FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        if allowed and allowed[0]:
            connection.execute("SELECT set_config('session_replication_role', 'replica', true)")
