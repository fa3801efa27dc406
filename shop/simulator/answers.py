"""What the simulated shop answers: the envelope, refusals by errorCode, and files."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shop.simulator.dice import guid

JSON = "application/json; charset=utf-8"
HTML = "text/html"
BLOCK = 1 << 16

PAGES = {  # what a web server in front of the shop says by itself
    200: "Under maintenance", 429: "429 Too Many Requests", 502: "502 Bad Gateway", 503: "503 Service Temporarily Unavailable",
}  # fmt: skip


@dataclass
class Answer:
    """A status, headers and a body: bytes, or a part of a file."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    file: Path | None = None
    start: int = 0
    length: int = 0  # of the part of the file
    slug: str | None = None  # of the shop that answers
    before_end: Callable[[], None] = lambda: None  # called before its last bytes go out, if they do

    @property
    def size(self) -> int:
        return self.length if self.file else len(self.body)

    def blocks(self) -> Iterator[bytes]:
        """Yield the body in small pieces."""
        if self.file is None:
            yield from (self.body[at : at + BLOCK] for at in range(0, len(self.body), BLOCK))
            return
        with self.file.open("rb") as file:
            file.seek(self.start)
            left = self.length
            while left and (block := file.read(min(BLOCK, left))):
                left -= len(block)
                yield block


class Refusal(Exception):
    """The shop refuses, with the status and the errorCode that a client goes by."""

    def __init__(self, status: int, code: str, message: str, instance: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.instance = status, code, message, instance


def envelope(data: Any, number: int, errors: list[dict[str, str]] | None = None, status: int = 200) -> Answer:
    """Return the data or the errors as Shoptet wraps them. Slashes are escaped, as its PHP does."""
    wrapped = {"data": data, "errors": errors, "metadata": {"requestId": guid(0, 0, number)}}
    return Answer(status, json.dumps(wrapped, ensure_ascii=False).replace("/", "\\/").encode())


def refused(refusal: Refusal, number: int) -> Answer:
    error = {"errorCode": refusal.code, "message": refusal.message, "instance": refusal.instance}
    return envelope(None, number, [error], refusal.status)


def bare(status: int, body: dict[str, Any]) -> Answer:
    """Return JSON outside the envelope, as the token endpoint and the simulator's own controls do."""
    return Answer(status, json.dumps(body).encode(), "application/json")


def page(status: int) -> Answer:
    """Return what a web server says by itself, in HTML."""
    title = PAGES[status]
    text = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr>"
    return Answer(status, f"{text}<center>nginx</center>\r\n</body>\r\n</html>\r\n".encode(), HTML)
