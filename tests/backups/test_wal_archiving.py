"""A server that archives its WAL: what is told while it works, when it stops working, and once it works again."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg

from shop.backups.wal_archiving import GRACE, archiving, findings, standing
from shop.findings import Finding, State
from shop.local.servers import LocalServers
from tests.workers import until

SWITCH = (
    "SELECT pg_switch_wal() FROM (SELECT pg_logical_emit_message(true, 'a test', 'something to archive')) AS written"
)


def test_an_archive_that_stops_is_told_until_it_works_again(tmp_path: Path) -> None:
    place = tmp_path / "wal"
    settings = {
        "archive_mode": "on",
        "archive_command": f'cp "%p" "{place}/%f"',
        "archive_timeout": "60s",
        "fsync": "off",
    }
    with LocalServers(tmp_path, settings) as servers:
        url = servers.start(redis=False).database_url
        with psycopg.connect(url, autocommit=True) as connection:
            assert (told(connection).state, told(connection).found) == (State.GOOD, "on; nothing was archived yet")

            connection.execute(SWITCH)
            until(lambda: told(connection).state == State.BAD)
            assert "cannot archive its WAL: 0000000" in told(connection).found
            found = archiving(connection)
            assert found
            assert (found.is_failing, found.last_archived_wal) == (True, None)

            place.mkdir()
            connection.execute(SWITCH)
            until(lambda: told(connection).state == State.GOOD, 90)
            found = archiving(connection)
            assert found
            assert (found.is_failing, found.worry) == (False, "")
            assert found.failed_count > 0
            assert (place / str(found.last_archived_wal)).exists()

            later = replace(found, now=found.now + GRACE + timedelta(seconds=61))
            assert standing(later).state == State.BAD, "files come once a minute, so ten without one are a fault"
            assert "has archived no WAL for" in later.worry
            for timeout, words in ((0, "only when it is full"), (300, "after 5\u00a0min")):
                noted = standing(replace(later, timeout=timeout, now=found.now))
                assert (noted.state, words in noted.found) == (State.NOTE, True)
                assert "archive_timeout = '30s'" in noted.mend


def told(connection: psycopg.Connection[tuple[object, ...]]) -> Finding:
    (one,) = findings(connection)
    return one
