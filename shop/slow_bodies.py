"""A body that comes byte by byte would keep a thread of the web for as long as its sender likes. It is hung up on."""

import socket
from contextlib import suppress
from threading import Event, Timer
from typing import IO

import structlog
from flask import Flask, g, request
from werkzeug.exceptions import RequestTimeout

PATIENCE = 10  # seconds that a body without a file in it may take
WITH_FILES = {"snapshots.create"}  # signed in, and as long as a file takes
TOO_SLOW = "The form or notice came too slowly and was broken off. Nothing was changed; send it again."
log = structlog.get_logger()


class Bounded:
    """The body of a request; what is read of it once its time is over is refused, as it may be a part."""

    def __init__(self, stream: IO[bytes], is_over: Event) -> None:
        self.stream, self.is_over = stream, is_over

    def read(self, *size: int) -> bytes:
        return self.checked(self.stream.read(*size))

    def readline(self, *size: int) -> bytes:
        return self.checked(self.stream.readline(*size))

    def checked(self, read: bytes) -> bytes:
        if self.is_over.is_set():
            raise RequestTimeout(TOO_SLOW)
        return read


def register(app: Flask) -> None:
    """Bound how long each request's body is waited for, before anybody reads it."""

    @app.before_request
    def begin() -> None:
        connection = request.environ.get("gunicorn.socket")
        if connection is None or not has_body() or request.endpoint in WITH_FILES:
            return
        is_over = Event()
        request.environ["wsgi.input"] = Bounded(request.environ["wsgi.input"], is_over)
        g.patience = Timer(PATIENCE, hang_up, (connection, request.path, is_over))
        g.patience.daemon = True
        g.patience.start()

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        if "patience" in g:
            g.patience.cancel()


def has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def hang_up(connection: socket.socket, path: str, is_over: Event) -> None:
    """Let whoever reads find the end of what was sent; an answer can still be written."""
    is_over.set()
    log.info("body_too_slow", path=path, seconds=PATIENCE)
    with suppress(OSError):  # closed meanwhile
        connection.shutdown(socket.SHUT_RD)
