"""A proxy in front of a server's socket, which cuts connections at chosen words or goes deaf. Knows no protocol."""

import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

BLOCK = 65536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST, as a machine that lost its memory would


@dataclass
class Cut:
    """Ends one connection, once: where all the words have come from its client, one after the other.

    `where` the last word is: "before" keeps it from the server, "within" lets half of what follows through, "after"
    lets it through and keeps the answer from the client.
    """

    where: str
    words: tuple[bytes, ...]
    struck: threading.Event = field(default_factory=threading.Event)


class Link:
    """One connection through the proxy, carried by a thread of its own."""

    def __init__(self, proxy: "Proxy", client: socket.socket) -> None:
        self.proxy, self.client, self.server = proxy, client, proxy.connected()
        self.left = list(proxy.cut.words) if proxy.cut else []
        self.is_in_word = False  # the last word was let through, and what follows it is to be halved

    def carry(self) -> None:
        with closing(self.client), closing(self.server):
            while not self.proxy.over.is_set():
                if self.proxy.deaf.wait(0):
                    self.proxy.over.wait(0.05)
                    continue
                readable, _, _ = select.select([self.client, self.server], [], [], 0.1)
                if any(not self.passed_on(source) for source in readable):
                    return

    def passed_on(self, source: socket.socket) -> bool:
        """Carry what came to the other side; return whether the connection is still there."""
        try:
            data = source.recv(BLOCK)
            if source is self.client and self.is_cut_at(data):
                return False
            (self.server if source is self.client else self.client).sendall(data)
        except OSError:
            return False
        return bool(data)

    def is_cut_at(self, data: bytes) -> bool:
        cut = self.proxy.cut
        if cut is None or cut.struck.is_set():
            return False
        if self.is_in_word:
            self.server.sendall(data[: len(data) // 2])
        else:
            rest = data
            while self.left and self.left[0] in rest:
                rest = rest.split(self.left.pop(0), 1)[1]
            self.is_in_word = not self.left and cut.where == "within"
            if self.left or self.is_in_word:
                return False
            if cut.where == "after":
                self.server.sendall(data)
                self.server.recv(BLOCK)
        for end in (self.client, self.server):
            if end.family is not socket.AF_UNIX:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        cut.struck.set()
        return True


class Proxy:
    """Listens on a port of the loopback, and passes everything on to a Unix socket."""

    def __init__(self, upstream: Path) -> None:
        self.upstream = upstream
        self.over, self.deaf = threading.Event(), threading.Event()
        self.cut: Cut | None = None
        self.links: list[threading.Thread] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(0.1)
        self.port: int = self.listener.getsockname()[1]
        self.acceptor = threading.Thread(target=self.accept, name="proxy", daemon=True)

    def connected(self) -> socket.socket:
        upstream = socket.socket(socket.AF_UNIX)
        upstream.connect(str(self.upstream))
        return upstream

    def accept(self) -> None:
        while not self.over.is_set():
            try:
                client, _address = self.listener.accept()
            except TimeoutError:
                continue
            client.setblocking(True)
            thread = threading.Thread(target=Link(self, client).carry, name="proxied", daemon=True)
            self.links.append(thread)
            thread.start()

    def cut_at(self, where: str, *words: bytes) -> Cut:
        """Arm a cut for connections that are made from now on."""
        self.cut = Cut(where, words)
        return self.cut

    def __enter__(self) -> Self:
        self.acceptor.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.over.set()
        for thread in (self.acceptor, *self.links):
            thread.join(5)
        self.listener.close()


@contextmanager
def in_front_of(database_url: str) -> Iterator[tuple[Proxy, str]]:
    """A proxy before a database on a Unix socket, and the URL that leads through it."""
    address, _, query = database_url.partition("?")
    options = dict(pair.split("=", 1) for pair in query.split("&"))
    with Proxy(Path(options["host"]) / f".s.PGSQL.{options['port']}") as proxy:
        through = address.replace("@/", f"@127.0.0.1:{proxy.port}/")
        yield proxy, f"{through}?sslmode=disable&gssencmode=disable"
