"""Senders that keep a connection and send next to nothing: nobody else waits for them, and they are hung up on."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from shop.demo.simulation import free_port
from tests.workers import until

THREADS = 4
PATIENCE = 2  # seconds, of the web that is started here
WEB = """
import sys
from shop import slow_bodies
slow_bodies.PATIENCE = {patience}
from gunicorn.app.wsgiapp import run
sys.argv = ["gunicorn", "app:app", "--bind", "127.0.0.1:{port}", "--worker-class", "gthread", "--workers", "1",
            "--threads", "{threads}", "--log-level", "warning", "--no-control-socket"]
run()
"""
HEAD = "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: 5000\r\n\r\n"


@pytest.fixture(scope="module")
def web(environment: dict[str, str]) -> Iterator[int]:
    """The port of a real web with few threads."""
    port = free_port(0)
    program = WEB.format(patience=PATIENCE, port=port, threads=THREADS)
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as process:
        try:
            until(lambda: answers(port), 150)
            yield port
        finally:
            process.terminate()


def answers(port: int) -> bool:
    try:
        return asked(port) == 200
    except OSError:
        return False


def asked(port: int) -> int:
    """Ask for a page on a connection of its own; return the status of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        return int(connection.recv(4096).split()[1])


def slow(port: int, path: str, kind: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(HEAD.format(path=path, kind=kind).encode() + b"{")
    return connection


def trickle(senders: list[socket.socket], seconds: float) -> None:
    """Send a byte a second, of every second sender; the others stand still."""
    until_then = time.monotonic() + seconds
    while time.monotonic() < until_then:
        for sender in senders[::2]:
            try:
                sender.sendall(b" ")
            except OSError:
                continue  # hung up on, as it should be
        time.sleep(0.5)


def test_s6_a_slow_sender_holds_a_thread_for_seconds_and_nobody_up(web: int) -> None:
    """S6. A byte a second, and a body that stalls: the others are answered meanwhile, and the thread is free in time."""
    with ExitStack() as stack:
        few = [stack.enter_context(slow(web, "/webhooks/shoptet/praha", "application/json")) for _ in range(2)]
        began = time.monotonic()
        assert asked(web) == 200
        assert time.monotonic() - began < PATIENCE, "the other threads answer"
        trickle(few, PATIENCE + 0.5)
        assert [sender.recv(4096).split()[1] for sender in few] == [b"408", b"408"]


def test_s6_as_many_slow_senders_as_there_are_threads_are_sent_away(web: int) -> None:
    """S6. Every thread has one, some at a form: after the bound they are free again."""
    kinds = [("/webhooks/shoptet/praha", "application/json"), ("/sign-in", "application/x-www-form-urlencoded")]
    with ExitStack() as stack:
        all_of_them = [stack.enter_context(slow(web, *kinds[number % 2])) for number in range(THREADS)]
        trickle(all_of_them, PATIENCE)
        began = time.monotonic()
        assert asked(web) == 200
        assert time.monotonic() - began < 2 * PATIENCE + 5
        assert {sender.recv(4096).split()[1] for sender in all_of_them} == {b"408"}
