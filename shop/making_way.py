"""Lets others go first: processes that copy, check and compare give way to whoever waits for a page."""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

NICE = 10  # whoever waits for a page goes first, and a copy still ends on a busy machine; at 19 it starved there
LOCAL = ("/", "127.", "localhost", "::1")
TRIES, BETWEEN = 5, 0.11  # Linux lets an ordinary user change one group's priority every tenth of a second


def make_way(pid: int) -> None:
    """Let the work of others go before a process of ours and before what it starts from now on. Raises OSError where it is not ours.

    Where Linux shares the processor between sessions first (`sched_autogroup_enabled`), a priority counts within its session
    alone: one that the process leads, as every backend of PostgreSQL does, is told to give way as a whole.
    """
    os.setpriority(os.PRIO_PROCESS, pid, max(NICE, os.getpriority(os.PRIO_PROCESS, pid)))
    if os.getsid(pid) == pid:
        make_session_way(Path(f"/proc/{pid}/autogroup"))


def make_session_way(group: Path) -> None:
    """Write the priority of a whole session; where the kernel knows none, or lets nobody write there, things stay as they are."""
    for _ in range(TRIES):
        try:
            group.write_text(str(NICE))
        except BlockingIOError:
            time.sleep(BETWEEN)
        except OSError:
            return
        else:
            return


def make_way_here(connection: psycopg.Connection[Any], pids: Iterable[int]) -> None:
    """Let the work of others go before these processes of a server too, where it runs on this machine and they are ours to slow.

    A server elsewhere, or one of another owner, works for us as for everybody.
    """
    if not connection.info.host.startswith(LOCAL):
        return
    for pid in pids:
        try:
            if Path(f"/proc/{pid}/comm").read_text().startswith("postgres"):  # in a container its numbers mean others
                make_way(pid)
        except OSError:  # it has ended, or belongs to somebody else
            continue


def watching_over(connection: psycopg.Connection[Any], application: str) -> Callable[[], None]:
    """Return what lets others go before the backends of an application, those that have come since it was called last."""
    known: set[int] = set()

    def look() -> None:
        with suppress(psycopg.Error):  # the application itself will tell what is wrong with the server
            found = connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name = %s", (application,))
            fresh = {pid for (pid,) in found} - known
            known.update(fresh)
            make_way_here(connection, fresh)

    return look
