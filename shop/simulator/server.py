"""The HTTP server on loopback, a thread for each connection; and bodies that come slowly, stop or break on demand."""

import contextlib
import socket
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from shop.simulator.answers import Answer
from shop.simulator.faults import FaultName
from shop.simulator.front import Front, Request

HOST = "127.0.0.1"
MOST_SENT = 1 << 20  # bytes of a request's body
BODY_FAULTS = (
    FaultName.SLOW, FaultName.STALL, FaultName.CONNECTION_CUT, FaultName.GZIP_CUT, FaultName.WRONG_CONTENT_LENGTH,
    FaultName.GZIP_ENCODING,
)  # fmt: skip
RESET = struct.pack("ii", 1, 0)  # closing sends a reset instead of an end
TICK = 0.05  # seconds between pieces of a slow body


class Server(ThreadingHTTPServer):
    """Bound to 127.0.0.1 alone: nobody else can reach it."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    front: Front

    def __init__(self, port: int) -> None:
        super().__init__((HOST, port), Handler)
        self.ended = Event()
        self.open: set[socket.socket] = set()
        self.lock = Lock()
        self.thread = Thread(target=self.serve_forever, args=(0.02,), name="simulator-server", daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}"

    def server_bind(self) -> None:
        """Bind without looking up the host's name, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]

    def accept(self, request: Any, client_address: Any) -> None:
        with self.lock:
            self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self.lock:
            self.open.discard(request)
        super().shutdown_request(request)

    def complain(self, request: Any, client_address: Any) -> None:
        """Show what went wrong; a client that went away is nothing wrong here."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    process_request, handle_error = accept, complain  # socketserver asks for these names

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """Stop listening and end the connections that are open."""
        self.ended.set()
        self.shutdown()
        self.thread.join()
        self.server_close()
        with self.lock:
            left = list(self.open)
        for connection in left:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """One connection, which is kept for more requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: Server

    def respond(self) -> None:
        parts = urlsplit(self.path)
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MOST_SENT:
            self.send_error(413 if length.isdecimal() else 400)
            return
        body = self.rfile.read(int(length))
        request = Request(self.command, parts.path, parts.query, self.headers, body)
        self.server.front.answer(request, lambda answer: self.send(answer, parts.path))

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = respond  # noqa: N815 - http.server asks for these names

    def send(self, answer: Answer, path: str) -> None:
        """Send the answer, with the faults of bodies that strike here."""
        faults = {} if path.startswith("/simulator/") else self.body_faults(path, answer.slug)
        size = answer.size
        promised, comes = size, size
        if fault := faults.get(FaultName.WRONG_CONTENT_LENGTH):
            promised = size + fault.amount
        if FaultName.GZIP_CUT in faults:
            promised = comes = size // 2
        if FaultName.STALL in faults or FaultName.CONNECTION_CUT in faults:
            comes = size // 2
        if promised == 0:
            answer.before_end()
        self.send_head(answer, promised, packed=FaultName.GZIP_ENCODING in faults)
        slow = faults.get(FaultName.SLOW)
        self.send_body(answer, comes, slow.amount if slow else None, ends=comes == promised)
        if stall := faults.get(FaultName.STALL):
            self.server.ended.wait(stall.amount)
        if FaultName.CONNECTION_CUT in faults:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        if comes != promised:
            self.close_connection = True

    def body_faults(self, path: str, slug: str | None) -> dict[FaultName, Any]:
        faults = self.server.front.faults
        return {name: fault for name in BODY_FAULTS if (fault := faults.take(name, path, slug))}

    def send_head(self, answer: Answer, length: int, *, packed: bool) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(length))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def send_body(self, answer: Answer, length: int, rate: int | None, *, ends: bool) -> None:
        """Send so many bytes of the body, at so many a second if a rate is given; whether the client has all of it then is told."""
        left = length
        for block in answer.blocks():
            piece = memoryview(block)[:left]
            left -= len(piece)
            step = max(int(rate * TICK), 1) if rate else len(piece)
            while piece and not self.server.ended.is_set():
                if ends and not left and len(piece) <= step:
                    answer.before_end()
                self.wfile.write(piece[:step])
                piece = piece[step:]
                if rate:
                    time.sleep(step / rate)
            if not left:
                return

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 - the simulator has its own time
        return self.server.front.date()

    def version_string(self) -> str:
        return "nginx"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
        """Say nothing: paths of results are secrets."""
