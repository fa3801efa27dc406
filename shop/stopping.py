"""An orderly end in the middle of long work: a signal asks for it, and the work lets go at its next safe place."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import structlog

GRACE = 3  # seconds that a transaction may still take to commit once an end is asked for
log = structlog.get_logger()
asked = threading.Event()


class Stopped(Exception):
    """The process was asked to end; what is committed is kept, and the next worker goes on from there."""


def ask(*_signal: object) -> None:
    asked.set()


def on_signal() -> None:
    """From now on SIGTERM asks for an end instead of ending the process where it stands."""
    asked.clear()
    signal.signal(signal.SIGTERM, ask)


def check() -> None:
    """Raise `Stopped` once an end was asked for. To be called between two pieces of work."""
    if asked.is_set():
        raise Stopped


@contextmanager
def cut_short(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Let the block's transaction commit if it can within the grace; else cancel it, and raise `Stopped`."""
    over = threading.Event()
    thread = threading.Thread(target=cancel, args=(connection, over), name="cut-short", daemon=True)
    thread.start()
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        if asked.is_set():
            raise Stopped from error
        raise
    finally:
        over.set()


def cancel(connection: psycopg.Connection[Any], over: threading.Event) -> None:
    while not over.wait(0.2):
        if asked.is_set():
            if not over.wait(GRACE):
                connection.cancel_safe(timeout=2)
                log.info("publish_cut_short")
            return
