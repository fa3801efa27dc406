"""Whether the database's clock can be believed before anything is taken away by its word."""

from datetime import datetime, timedelta
from typing import Any

import psycopg

from shop.languages import gettext as _

LONGEST_ABSENCE = timedelta(days=40)
BACK = timedelta(minutes=5)  # that clocks of a cluster may differ
MAINTAINED = "maintained"
BELIEVED = """
    SELECT coalesce(
        (SELECT max(at) FROM partition_events WHERE event = 'maintained' AND details->>'clock' = 'believed'),
        (SELECT min(at) FROM partition_events))"""
NEWEST = """
    SELECT greatest((SELECT max(at) FROM partition_events), (SELECT max(finished_at) FROM snapshots),
                    (SELECT max(heard_at) FROM heartbeats), (SELECT max(finished_at) FROM task_runs))"""


def objection(connection: psycopg.Connection[Any], now: datetime) -> str:
    """Say why `now`, the database's time, is not to be believed; nothing where it is.

    It has gone back where anything on record is newer. It may have jumped forward where the last maintenance that
    believed it is long ago: heartbeats do not count for that, since they jump along. Such a run does not believe the
    clock either, so that the next day changes nothing about it; only a person does.
    """
    newest = moment(connection, NEWEST)
    if newest and newest - now > BACK:
        return _(
            "The database's clock has gone back: it says %(now)s, and something was written down at %(newest)s.",
            now=told(now),
            newest=told(newest),
        )
    believed = moment(connection, BELIEVED)
    if believed is None:
        return _("The database's clock says %(now)s, and nothing is on record to compare that with.", now=told(now))
    if now - believed > LONGEST_ABSENCE:
        return _(
            "The database's clock says %(now)s, and the last maintenance that could rely on it was on %(believed)s: "
            "it was away for long, or the clock has jumped.",
            now=told(now),
            believed=told(believed),
        )
    return ""


def moment(connection: psycopg.Connection[Any], query: str) -> datetime | None:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def told(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
