"""A client of the simulated shop, no cleverer than curl, and a receiver of its webhooks."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode, urlsplit

from shop.simulator.simulator import Simulator

PRIVATE, ADDON = "Shoptet-Private-API-Token", "Shoptet-Access-Token"


@dataclass
class Got:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        assert self.json["errors"] is None, self.json
        return self.json["data"]

    @property
    def error(self) -> str:
        """The errorCode."""
        assert self.json["data"] is None
        assert self.json["metadata"]["requestId"]
        return str(self.json["errors"][0]["errorCode"])

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in gzip.decompress(self.body).splitlines()]


def ask(
    base_url: str, path: str, headers: dict[str, str] | None = None, method: str = "GET", body: Any = None
) -> Got:  # fmt: skip
    address = urlsplit(base_url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=20)
    try:
        sent = json.dumps(body) if body is not None else None
        connection.request(method, path, sent, headers or {})
        answer = connection.getresponse()
        return Got(answer.status, dict(answer.headers), answer.read())
    finally:
        connection.close()


class Client:
    """Asks one shop with its private token, or with another header."""

    def __init__(self, simulator: Simulator, place: int = 0) -> None:
        self.simulator = simulator
        self.shop = simulator.shops[place]
        self.headers = {"Content-Type": "application/json", PRIVATE: self.shop.private_token}

    def get(self, path: str, **parameters: Any) -> Got:
        query = f"?{urlencode(parameters)}" if parameters else ""
        return ask(self.simulator.base_url, path + query, self.headers)

    def send(self, method: str, path: str, data: Any = None) -> Got:
        return ask(self.simulator.base_url, path, self.headers, method, {"data": data})

    def all(self, path: str, name: str, **parameters: Any) -> list[Any]:
        """Read all pages."""
        rows: list[Any] = []
        page = 1
        while True:
            data = self.get(path, page=page, **parameters).data
            rows += data[name]
            if page >= data["paginator"]["pageCount"]:
                return rows
            page += 1

    def hook(self, *events: str, url: str = "https://client.example/hook") -> None:
        assert self.send("POST", "/api/webhooks", [{"event": event, "url": url} for event in events]).status == 201

    def job(self, path: str, **parameters: Any) -> str:
        """Ask for a snapshot; returns the job's id."""
        got = self.get(path, **parameters)
        assert got.status == 202, got.body
        return str(got.data["jobId"])

    def detail(self, job_id: str) -> Any:
        return self.get(f"/api/system/jobs/{job_id}").data["job"]

    def finished(self, path: str, **parameters: Any) -> Any:
        """Ask for a snapshot and wait; returns the job."""
        job_id = self.job(path, **parameters)
        self.simulator.settle()
        return self.detail(job_id)

    def snapshot(self, path: str, **parameters: Any) -> list[Any]:
        return download(self.finished(path, **parameters)["resultUrl"]).lines


def download(url: str, **headers: str) -> Got:
    address = urlsplit(url)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(f"http://{address.netloc}", address.path, named)


@contextmanager
def opened(url: str) -> Iterator[HTTPResponse]:
    """Ask and leave the body unread."""
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=5)
    try:
        connection.request("GET", address.path)
        yield connection.getresponse()
    finally:
        connection.close()


@dataclass
class Receiver:
    """What came to the webhook's address."""

    url: str
    status: int = 200
    came: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    @property
    def events(self) -> list[tuple[str, str]]:
        messages = [json.loads(body) for body, _ in self.came]
        return [(message["event"], message["eventInstance"]) for message in messages]


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.came.append((body, dict(self.headers)))
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook?shop=1")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
