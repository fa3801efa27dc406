"""Copying and checking makes way for whoever waits for a page: our programs, and the backends of a server on this machine."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from shop import making_way
from shop.backups.contents import at_snapshot
from shop.db import raw_connection
from shop.making_way import NICE, make_session_way, make_way, make_way_here, watching_over


def niceness(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


def of_session(pid: int) -> int:
    """Return the priority of a whole session, which Linux weighs before those of the processes in it."""
    group = Path(f"/proc/{pid}/autogroup")
    if not group.exists():
        pytest.skip("this kernel does not share the processor between sessions")
    return int(group.read_text().split("nice")[1])  # empty for those of the first session of a machine, which has none


@contextmanager
def session() -> Iterator[tuple[int, int]]:
    """Give the leader of a new session, and another process of it."""
    command = ["sh", "-c", "sleep 60 & echo $!; wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())
        os.killpg(process.pid, signal.SIGKILL)


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


def test_a_session_gives_way_as_a_whole(db: SQLAlchemy) -> None:
    """A backend leads a session of its own: beside other sessions its own priority would mean nothing."""
    with raw_connection() as page, raw_connection() as copying:
        make_way_here(page, [copying.info.backend_pid])
        assert of_session(copying.info.backend_pid) == NICE
        assert of_session(page.info.backend_pid) < NICE


def test_a_program_of_ours_takes_its_session_along() -> None:
    with session() as (leader, _):
        make_way(leader)
        assert (niceness(leader), of_session(leader)) == (NICE, NICE)


def test_others_of_a_session_that_it_does_not_lead_are_left_alone() -> None:
    with session() as (leader, other):
        make_way(other)
        assert niceness(other) == NICE
        assert (niceness(leader), of_session(leader)) == (niceness(os.getpid()), 0)


class Busy:
    """The kernel's file of a session, which is not to be changed again for a tenth of a second."""

    def __init__(self, refusals: int) -> None:
        self.refusals, self.written = refusals, ""

    def write_text(self, text: str) -> None:
        if self.refusals:
            self.refusals -= 1
            raise BlockingIOError
        self.written = text


def test_a_kernel_that_asks_for_patience_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making_way, "BETWEEN", 0.001)
    soon, never = Busy(2), Busy(10**9)
    make_session_way(soon)  # type: ignore[arg-type]
    make_session_way(never)  # type: ignore[arg-type]
    assert (soon.written, never.written) == (str(NICE), "")


def test_where_no_session_has_a_priority_nothing_fails(tmp_path: Path) -> None:
    make_session_way(tmp_path / "there" / "is" / "none")


def test_backends_of_a_program_give_way_as_they_come(app: Flask, db: SQLAlchemy) -> None:
    with (
        raw_connection(autocommit=True) as watching,
        raw_connection(application_name="pult test of priorities") as first,
        raw_connection() as page,
    ):
        look = watching_over(watching, "pult test of priorities")
        look()
        assert niceness(first.info.backend_pid) == NICE
        with raw_connection(application_name="pult test of priorities") as second:
            assert niceness(second.info.backend_pid) < NICE
            look()
            assert niceness(second.info.backend_pid) == NICE
        assert niceness(page.info.backend_pid) < NICE


def test_a_server_that_is_gone_is_for_its_program_to_tell_of(db: SQLAlchemy) -> None:
    watching = raw_connection(autocommit=True)
    look = watching_over(watching, "pult test of priorities")
    watching.close()
    look()
