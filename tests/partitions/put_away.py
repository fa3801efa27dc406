"""A quarter put away for a test as retirement puts it away, and brought back, without the files in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from shop.db import raw_connection
from shop.partitions.creating import ensure
from shop.partitions.quarters import Quarter
from shop.partitions.queries import attached

Connection = psycopg.Connection[Any]


@contextmanager
def put_away(quarter: Quarter) -> Iterator[None]:
    """Let the lines of a quarter be archived; it is part of the table again afterwards, without its lines."""
    with raw_connection(autocommit=True) as connection:
        was_there = any(one.quarter == quarter for one in attached(connection))
    retire(quarter)
    try:
        yield
    finally:
        with raw_connection(autocommit=True) as connection:
            connection.execute("DELETE FROM partition_archives WHERE partition = %s", (quarter.table,))
            connection.execute(f"DROP TABLE IF EXISTS {quarter.table}_retired")
            if was_there:
                ensure([quarter], "test")


def retire(quarter: Quarter, state: str = "retired") -> None:
    ensure([quarter], "test")
    with raw_connection() as connection, connection.transaction():
        lines = connection.execute(f"SELECT count(*) FROM {quarter.table}").fetchone()
        connection.execute(f"ALTER TABLE order_items DETACH PARTITION {quarter.table}")
        connection.execute(f"ALTER TABLE {quarter.table} RENAME TO {quarter.table}_retired")
        connection.execute(
            """INSERT INTO partition_archives
                   (partition, starts_at, ends_at, state, lines, bytes, file, verified_at, retired_at)
               VALUES (%s, %s, %s, %s, %s, 2048, 'a-file.gz', now(), now())""",
            (quarter.table, quarter.starts_at, quarter.ends_at, state, lines[0] if lines else 0),
        )


def bring_back(quarter: Quarter) -> None:
    with raw_connection() as connection, connection.transaction():
        connection.execute(f"ALTER TABLE {quarter.table}_retired RENAME TO {quarter.table}")
        connection.execute(
            f"ALTER TABLE order_items ATTACH PARTITION {quarter.table}"
            f" FOR VALUES FROM ('{quarter.starts_at}') TO ('{quarter.ends_at}')"
        )
        connection.execute(
            "UPDATE partition_archives SET state = 'restored', restored_at = now() WHERE partition = %s",
            (quarter.table,),
        )
