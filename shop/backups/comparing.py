"""The rows of a table in two databases, compared by key: in one go, or where there are too many, by buckets that differ."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from psycopg import sql

MOST_ROWS = 3_000_000  # that are put in order at once, on the disk of each server
BUCKETS = (
    4096  # by the hash of the key, a power of two; of a table with more rows only those that differ are looked into
)
KEY_HASH = "hashtextextended(ROW({keys})::text, 0)"
SUMS = f"""
    SELECT {KEY_HASH} & {BUCKETS - 1}, count(*), sum(hashtextextended(t::text, 0)::numeric)::text
    FROM ONLY {{table}} t GROUP BY 1"""  # noqa: S608 - names come by format
ROWS = f"""
    COPY (SELECT {KEY_HASH}, hashtextextended(t::text, 0) FROM ONLY {{table}} t WHERE {{within}} ORDER BY 1, 2)
    TO STDOUT (FORMAT BINARY)"""  # noqa: S608 - as above
WITHIN = f"{KEY_HASH} & {BUCKETS - 1} = ANY ({{buckets}}::bigint[])"
Sums = dict[int, tuple[int, str]]  # by bucket: rows, and the sum of their hashes, which asks for no order
Connection = psycopg.Connection[Any]


def row_differences(
    here: Connection, there: Connection, table: sql.Identifier, keys: Sequence[str], rows: int
) -> tuple[int, int, int]:
    """Count the keys that only the first has, those that only the second has, and those whose rows differ.

    `rows` is how many the larger of the two has. Memory is the same whatever the tables hold.
    """
    names: dict[str, sql.Composable] = {
        "table": table, "keys": sql.SQL(", ").join(sql.Identifier("t", key) for key in keys),
    }  # fmt: skip
    found = (0, 0, 0)
    for buckets in [None] if rows <= MOST_ROWS else groups(*both_sums(here, there, names)):
        within = sql.SQL("true") if buckets is None else sql.SQL(WITHIN).format(buckets=sql.Literal(buckets), **names)
        query = sql.SQL(ROWS).format(within=within, **names)
        one = merged(rows_of(here, query), rows_of(there, query))
        found = (found[0] + one[0], found[1] + one[1], found[2] + one[2])
    return found


def both_sums(here: Connection, there: Connection, names: dict[str, sql.Composable]) -> tuple[Sums, Sums]:
    """Read both tables at the same time, each once."""
    query = sql.SQL(SUMS).format(**names)

    def sums(connection: Connection) -> Sums:
        return {bucket: (rows, total) for bucket, rows, total in connection.execute(query).fetchall()}

    with ThreadPoolExecutor(2, thread_name_prefix="buckets") as beside:
        ours, theirs = beside.map(sums, (here, there))
    return ours, theirs


def groups(ours: Sums, theirs: Sums) -> Iterator[list[int]]:
    """Yield the buckets that differ, as many at once as hold no more than the rows that are put in order at once."""
    nothing = (0, "")
    group: list[int] = []
    held = 0
    for bucket in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(bucket, nothing), theirs.get(bucket, nothing)
        if one == other:
            continue
        rows = max(one[0], other[0])
        if group and held + rows > MOST_ROWS:
            yield group
            group, held = [], 0
        group.append(bucket)
        held += rows
    if group:
        yield group


def rows_of(connection: Connection, query: sql.Composed) -> Iterator[tuple[int, int]]:
    """Yield the hashes of key and row, in the order of the keys' hashes."""
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        copy.set_types(["int8", "int8"])
        yield from copy.rows()


def merged(live: Iterator[tuple[int, int]], restored: Iterator[tuple[int, int]]) -> tuple[int, int, int]:
    """Count the keys that only the first has, those that only the second has, and those whose rows differ."""
    only_live = only_restored = changed = 0
    ours, theirs = next(live, None), next(restored, None)
    while ours and theirs:
        if ours[0] == theirs[0]:
            changed += ours[1] != theirs[1]
            ours, theirs = next(live, None), next(restored, None)
        elif ours[0] < theirs[0]:
            only_live += 1
            ours = next(live, None)
        else:
            only_restored += 1
            theirs = next(restored, None)
    only_live += (ours is not None) + sum(1 for _ in live)
    only_restored += (theirs is not None) + sum(1 for _ in restored)
    return only_live, only_restored, changed
