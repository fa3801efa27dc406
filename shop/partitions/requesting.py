"""A person's wish to have a quarter back, written down once however often the button is pressed."""

from datetime import timedelta
from typing import Any

import psycopg

from shop.partitions import archives
from shop.partitions.creating import note
from shop.partitions.quarters import Quarter

REQUESTED = "restore requested"
ON_ITS_WAY = timedelta(minutes=10)  # after which one may ask again: the queue may have lost the call
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('pult restore requests'))"
LATEST = """
    SELECT event, at > clock_timestamp() - %s FROM partition_events
    WHERE partition = %s AND event IN ('restore requested', 'restore refused', 'restored') ORDER BY id DESC LIMIT 1"""


def is_on_its_way(connection: psycopg.Connection[Any], quarter: Quarter) -> bool:
    """Whether somebody has asked for the quarter a moment ago, and nothing came of it yet."""
    row = connection.execute(LATEST, (ON_ITS_WAY, quarter.table)).fetchone()
    return row is not None and row[0] == REQUESTED and bool(row[1])


def request_back(connection: psycopg.Connection[Any], quarter: Quarter, by: str) -> int | None:
    """Write down that the quarter shall come back; returns its archive, for a worker.

    None where it is not archived, or was asked for already. Part of the caller's transaction.
    """
    connection.execute(ONE_AT_A_TIME)
    archive = archives.live_of(connection, quarter.table)
    if archive is None or archive.state not in archives.AWAY or is_on_its_way(connection, quarter):
        return None
    note(connection, quarter.table, REQUESTED, by)
    return archive.id
