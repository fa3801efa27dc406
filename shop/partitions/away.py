"""Which moments lie in a quarter whose lines are archived, as conditions for queries, and how such a quarter is told."""

from psycopg import sql

from shop.languages import gettext as _
from shop.partitions.quarters import Quarter

LIES_ARCHIVED = sql.SQL(
    "EXISTS (SELECT FROM partition_archives a WHERE a.state IN ('retiring', 'retired', 'dropped')"
    " AND {moment} >= a.starts_at AND {moment} < a.ends_at)"
)


def lies_archived(*column: str) -> sql.Composed:
    """Return the condition that a moment, a column with its alias, lies in a quarter whose lines are archived."""
    return LIES_ARCHIVED.format(moment=sql.Identifier(*column))


def bring_back(quarter: Quarter) -> str:
    """Say what has to be done before lines of the quarter can be read or written again."""
    return _(
        "Bring %(quarter)s back on the page of partitions, or with `flask partitions restore %(quarter)s`",
        quarter=quarter,
    )
