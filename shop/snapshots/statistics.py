"""Does at once, after a run, what PostgreSQL's own round would do a minute or an hour later, and pages would wait for.

Tables are measured as soon as a run has changed much of one: until then a page would be planned for the table as it was,
after a first load for an empty one, so that a join of a moment takes minutes. Words that were written lie in a list, unsorted,
which every search reads from end to end until they are put into their index: a few milliseconds of each page.
"""

from typing import Any

import psycopg
from psycopg import sql

from shop.platforms.records import Kind

FEW = 1_000  # changed records, up to which nothing is looked at anew
SHARE = 10  # the part of a table, one in so many, from which a change is worth a look
BOUGHT = ("customers", "customer_accounts", "customer_metrics")
SOLD = ("products", "product_variants", "product_metrics")
SUMMED = ("order_revisions", "daily_sales", "monthly_sales", "daily_product_sales")
WRITTEN = {  # the table of the records themselves stands first
    Kind.ORDERS: ("orders", "order_items", *SUMMED, *BOUGHT, *SOLD),
    Kind.CUSTOMERS: BOUGHT,
    Kind.PRODUCTS: SOLD,
}
SORT_IN = """
    SELECT gin_clean_pending_list(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
    WHERE m.amname = 'gin' AND i.indisvalid AND i.indrelid = ANY (%s::text[]::regclass[])"""


def gather(connection: psycopg.Connection[Any], kind: Kind, changed: int) -> bool:
    """Gather the statistics of what a run of `kind` writes, if it changed much. `connection` is in no transaction.

    A table that somebody else gathers at this moment is left to them.
    """
    tables = WRITTEN[kind]
    if changed <= FEW or changed * SHARE < rows_of(connection, tables[0]):
        return False
    names = sql.SQL(", ").join(map(sql.Identifier, tables))
    connection.execute(sql.SQL("ANALYZE (SKIP_LOCKED) {}").format(names))
    return True


def sort_in(connection: psycopg.Connection[Any], kind: Kind) -> None:
    """Put the words that a run of `kind` has written into their indexes. `connection` is in no transaction."""
    connection.execute(SORT_IN, ([*WRITTEN[kind]],))


def rows_of(connection: psycopg.Connection[Any], table: str) -> int:
    """Return the rows of a table as PostgreSQL believes, -1 where it has never looked."""
    found = connection.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", (table,)).fetchone()
    return int(found[0]) if found else -1
