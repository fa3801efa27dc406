"""A server on loopback that plays the platform by a script: what must be asked next, and what is answered or broken."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from shop.platforms.remote import Access
from shop.platforms.shoptet.connection import ShoptetShop
from shop.platforms.timing import Timing
from shop.platforms.tokens import MemoryTokens

TOKEN = "222651-p-7-0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Say:
    """One answer, and how it is spoiled."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = (
        None  # what Content-Length says instead of the truth; -1: none, and the end is the connection's
    )
    cut: int | None = None  # bytes after which the connection is closed
    stall: int | None = None  # bytes after which nothing more comes
    drip: float = 0.0  # seconds between single bytes
    drop: bool = False  # close without a word


Answer = Say | Callable[[Asked], Say]


class Script:
    """Requests in the order they must come. What came stands in `asked`; what was wrong fails the test at its end."""

    def __init__(self) -> None:
        self.expected: list[tuple[str, str, Answer]] = []
        self.asked: list[Asked] = []
        self.wrong: list[str] = []
        self.over = threading.Event()
        self.date: datetime | None = None
        self.base = ""
        self.shops: list[ShoptetShop] = []

    def expect(self, request: str, *answers: Answer) -> None:
        """Expect the request, as in `GET /api/eshop`, once for each answer."""
        method, path = request.split(" ")
        self.expected += [(method, path, answer) for answer in answers]

    def answer(self, asked: Asked) -> Say:
        self.asked.append(asked)
        if not self.expected or (asked.method, asked.path) != self.expected[0][:2]:
            wanted = " ".join(self.expected[0][:2]) if self.expected else "nothing"
            self.wrong.append(f"{asked.method} {asked.path} came where {wanted} was expected")
            return Say(418, b"not in the script")
        answer = self.expected.pop(0)[2]
        return answer if isinstance(answer, Say) else answer(asked)

    def finish(self) -> None:
        assert self.wrong == []
        assert [" ".join(left[:2]) for left in self.expected] == [], "was expected and did not come"


class Player(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body go out in two pieces, and the second must not wait for a word back
    script: Script

    def answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), dict(self.headers), body)
        say = self.script.answer(asked)
        if say.drop:
            self.close_connection = True
            return
        self.send_response(say.status)
        if say.length != -1:
            self.send_header("Content-Length", str(len(say.body) if say.length is None else say.length))
        for name, value in say.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if say.length is not None or say.cut is not None or say.stall is not None:
            self.close_connection = True
        try:
            self.speak(say)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client had enough

    def speak(self, say: Say) -> None:
        body = say.body[: say.cut if say.cut is not None else say.stall]
        if say.drip:
            for index in range(len(body)):
                self.wfile.write(body[index : index + 1])
                if self.script.over.wait(say.drip):
                    return
        else:
            self.wfile.write(body)
        if say.stall is not None:
            self.script.over.wait(20)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 names of the standard library

    def date_time_string(self, timestamp: float | None = None) -> str:
        if self.script.date is None:
            return super().date_time_string(timestamp)
        return self.script.date.strftime("%a, %d %b %Y %H:%M:%S GMT")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Stage(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a client hang up whenever it likes; anything else is a fault of the test."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def playing() -> Iterator[Script]:
    script = Script()
    server = Stage(("127.0.0.1", 0), type("Playing", (Player,), {"script": script}))
    script.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        script.over.set()
        for shop in script.shops:
            shop.close()
        server.shutdown()
        thread.join()
        server.server_close()
    script.finish()


class Clock:
    """A clock that moves when somebody sleeps. `slept` holds how long each time."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    def now(self) -> datetime:
        return datetime(2026, 9, 21, 18, 0, tzinfo=UTC) + timedelta(seconds=self.at - 1000)

    def timing(self, **more: Any) -> Timing:
        values: dict[str, Any] = {"clock": lambda: self.at, "sleep": self.sleep, "now": self.now, "jitter": lambda: 0.5}
        return Timing(**values | {"read": 5.0} | more)


def real_timing(**more: Any) -> Timing:
    """Real clocks that are quick to lose patience."""
    return Timing(**{"read": 1.0, "sleep": lambda _: None, "clock": time.monotonic} | more)


def a_shop_at(script: Script, timing: Timing, credentials: Mapping[str, str] | None = None, **more: Any) -> ShoptetShop:
    """Return the shop whose platform the script plays; it is closed with the script."""
    values = {"tokens": MemoryTokens(timing.now), "base_url": script.base} | more
    shop = ShoptetShop(Access(credentials or {"token": TOKEN}, **values), timing)
    script.shops.append(shop)
    return shop


def good(data: Any, status: int = 200, **headers: str) -> Say:
    """Return an answer in Shoptet's envelope; `X_Name` in the headers becomes X-Name."""
    body = {"data": data, "errors": None, "metadata": {"requestId": "019c8c34"}}
    return Say(status, json.dumps(body).encode(), {name.replace("_", "-"): value for name, value in headers.items()})


def bad(status: int, code: str, message: str = "No.", **headers: str) -> Say:
    body = {
        "data": None,
        "errors": [{"errorCode": code, "message": message, "instance": "x"}],
        "metadata": {"requestId": "019c8c35"},
    }
    return Say(status, json.dumps(body).encode(), {name.replace("_", "-"): value for name, value in headers.items()})


def html(status: int, **headers: str) -> Say:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Say(status, b"<html><h1>Too many</h1></html>", {"Content-Type": "text/html"} | given)


def eshop(shop_id: int = 222651, **more: Any) -> dict[str, Any]:
    return {
        "contactInformation": {"eshopId": shop_id, "eshopName": "Tulip", "url": "https://www.tulip.example/"},
        "settings": {"timezone": "Europe/Prague", "eshopLanguage": "cs"},
        "currencies": [{"code": "EUR", "exchangeRate": "24.50000001"}, {"code": "CZK", "isDefault": True}],
        "urls": [{"ident": "admin", "url": "https://tulip.myshoptet.com/admin"}],
        "orderStatuses": {"statuses": [{"id": -4, "name": "Storno", "markAsPaid": False}], "defaultStatus": -1},
    } | more  # fmt: skip


def page(name: str, rows: list[Any], number: int = 1, of: int = 1, total: int | None = None, size: int = 2) -> Say:
    told = {"totalCount": len(rows) if total is None else total, "page": number, "pageCount": of}
    return good({name: rows, "paginator": told | {"itemsOnPage": len(rows), "itemsPerPage": size}})
