"""Copying and checking makes way for whoever waits for a page: our programs, and the backends of a server on this machine."""

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from shop.backups.contents import at_snapshot
from shop.backups.tools import NICE, make_way_here
from shop.db import raw_connection


def niceness(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


def test_a_backend_that_reads_the_moment_comes_after_those_of_pages(app: Flask, db: SQLAlchemy) -> None:
    with raw_connection() as page, at_snapshot(app.extensions["pult"].database_url) as reading:
        assert niceness(reading.info.backend_pid) == NICE
        assert niceness(page.info.backend_pid) < NICE
        alone = reading.execute("SHOW max_parallel_workers_per_gather").fetchone()
        assert alone == ("0",), "more processes would be of the usual priority again"


def test_what_is_no_backend_of_this_machine_is_left_alone(app: Flask, db: SQLAlchemy) -> None:
    with raw_connection() as connection:
        before = niceness(os.getpid())
        make_way_here(connection, [os.getpid(), 2**22 + 1])  # this process is none, and nobody has the other number
        assert niceness(os.getpid()) == before


class Elsewhere:
    """A connection to another machine, as far as it is asked."""

    class info:  # noqa: N801 - psycopg's own name
        host = "db.example.com"


def test_the_numbers_of_another_machine_mean_nothing_here(db: SQLAlchemy) -> None:
    with raw_connection() as connection:
        pid = connection.info.backend_pid
        make_way_here(Elsewhere(), [pid])  # type: ignore[arg-type]
        assert niceness(pid) < NICE
