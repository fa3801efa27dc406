"""Result files: streamed in blocks, gone on with after a break, never larger or slower than allowed."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import httpx
import structlog

from shop.languages import gettext as _
from shop.platforms.addresses import Gate
from shop.platforms.exchanges import host_of, spoken
from shop.platforms.failures import (
    AddressRefused,
    ContractBroken,
    ExportGone,
    Faltered,
    PlatformFailure,
    TimedOut,
    TooFast,
    TransferBroken,
)
from shop.platforms.timing import Timing, retry_after

BLOCK = 256 << 10
LARGEST = 2 << 30  # bytes on the wire
REDIRECTS = 3
TRIES = 4  # openings in a row that brought no byte
RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
log = structlog.get_logger()


@dataclass(frozen=True)
class Received:
    """What is there of a file: how many bytes, and the server's mark of this version (ETag or Last-Modified)."""

    bytes: int = 0
    mark: str | None = None


class Transfer:
    """An open download. Cut what is there to `starts_at` bytes, then append the blocks, exactly as they came."""

    def __init__(self, blocks: Iterator[bytes], starts_at: int, total: int | None, mark: str | None) -> None:
        self.blocks = blocks
        self.starts_at = starts_at
        self.total = total  # bytes of the whole file, where the server says so
        self.mark = mark

    def __iter__(self) -> Iterator[bytes]:
        return self.blocks


@dataclass(frozen=True)
class Downloader:
    """Fetches files through a gate, without any token."""

    client: httpx.Client
    gate: Gate
    timing: Timing
    largest: int = LARGEST

    @contextmanager
    def open(self, address: str, received: Received) -> Iterator[Transfer]:
        """Open the file, from where it broke if the server can and the file is the same, else from its start."""
        with self.response(address, received if received.mark else Received()) as (response, asked):
            host = host_of(address)
            if response.status_code == 416 and complete_at(response) == asked.bytes:
                yield Transfer(iter(()), asked.bytes, asked.bytes, asked.mark)
                return
            refuse_answer(response, host, self.timing)
            starts_at, total = span(response, asked, host)
            if total is not None and total > self.largest:
                raise ContractBroken(
                    _("The file on %(host)s is larger than %(largest)s MiB.", host=host, largest=self.largest >> 20)
                )
            mark = mark_of(response) or (asked.mark if starts_at else None)
            yield Transfer(self.blocks(response, host, starts_at, total), starts_at, total, mark)

    @contextmanager
    def response(self, address: str, asked: Received) -> Iterator[tuple[httpx.Response, Received]]:
        """Yield the answer to the request; redirects pass the gate again, a part that cannot be had is asked for whole."""
        for _redirect in range(REDIRECTS + 2):
            try:
                pinned = self.gate.check(address)
            except AddressRefused as refusal:
                log.warning("download_refused", reason=refusal.happened)
                raise
            headers = pinned.headers | range_headers(asked)
            with (
                spoken(pinned.host),
                self.client.stream("GET", pinned.url, headers=headers, extensions=pinned.extensions) as response,
            ):
                if response.has_redirect_location:
                    address = str(httpx.URL(address).join(response.headers["Location"]))
                elif asked.bytes and misses(response, asked):
                    asked = Received()
                else:
                    yield response, asked
                    return
        raise AddressRefused(_("The file on %(host)s is only ever redirected.", host=host_of(address)))

    def too_large(self, host: str) -> ContractBroken:
        return ContractBroken(
            _("The file on %(host)s is larger than %(largest)s MiB.", host=host, largest=self.largest >> 20)
        )

    def too_slow(self, host: str) -> TimedOut:
        seconds = f"{self.timing.file:.0f}"
        return TimedOut(_("The file on %(host)s takes longer than %(seconds)s seconds.", host=host, seconds=seconds))

    def blocks(self, response: httpx.Response, host: str, starts_at: int, total: int | None) -> Iterator[bytes]:
        """Yield the bytes as they are on the wire: a Content-Encoding is left on them, and so counts and ranges are right."""
        deadline = self.timing.clock() + self.timing.file
        gathered, size = bytearray(), starts_at
        try:
            with spoken(host):
                for piece in response.iter_raw():
                    size += len(piece)
                    if size > self.largest:
                        raise self.too_large(host)
                    gathered += piece
                    if len(gathered) >= BLOCK:
                        yield bytes(gathered)
                        gathered.clear()
                    if self.timing.clock() > deadline:
                        raise self.too_slow(host)
        except (Faltered, TimedOut) as failure:
            if gathered:
                yield bytes(gathered)
            raise TransferBroken(failure.happened) from None
        if gathered:
            yield bytes(gathered)
        if total is not None and size != total:
            raise TransferBroken(
                _(
                    "The file on %(host)s has %(size)s bytes and was to have %(total)s.",
                    host=host,
                    size=size,
                    total=total,
                )
            )


def range_headers(asked: Received) -> dict[str, str]:
    """Ask for plain bytes, and for the rest only if the file is still the same one."""
    headers = {"Accept-Encoding": "identity", "Accept": "*/*"}
    if asked.bytes and asked.mark:
        headers |= {"Range": f"bytes={asked.bytes}-", "If-Range": asked.mark}
    return headers


def misses(response: httpx.Response, asked: Received) -> bool:
    """Whether the answer to a request for the rest is neither the rest, nor the whole, nor that there is no more."""
    if response.status_code == 416:
        return complete_at(response) != asked.bytes
    if response.status_code != 206:
        return False
    given = RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return given is None or given[1] != str(asked.bytes)


def complete_at(response: httpx.Response) -> int | None:
    given = RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(given[3]) if given and given[3] != "*" else None


def span(response: httpx.Response, asked: Received, host: str) -> tuple[int, int | None]:
    """Return where the bytes begin and how long the whole file is."""
    length = response.headers.get("Content-Length", "")
    if response.status_code == 206:
        if not asked.bytes:
            raise ContractBroken(_("%(host)s sent a part of a file that was asked for whole.", host=host))
        whole = complete_at(response)
        return asked.bytes, whole if whole is not None else (asked.bytes + int(length) if length.isdigit() else None)
    return 0, int(length) if length.isdigit() else None


def mark_of(response: httpx.Response) -> str | None:
    """Return a mark that If-Range takes: a strong ETag, or the time of the last change."""
    etag = str(response.headers.get("ETag", ""))
    if etag and not etag.startswith("W/"):
        return etag
    return str(response.headers.get("Last-Modified", "")) or None


def refuse_answer(response: httpx.Response, host: str, timing: Timing) -> None:
    status, headers = response.status_code, response.headers
    if status in (200, 206):
        if "html" in headers.get("Content-Type", ""):
            raise ContractBroken(_("%(host)s sent a web page in the place of a file.", host=host))
        if headers.get("Content-Encoding", "identity").lower() not in ("identity", "gzip", "x-gzip", "gzip, gzip", ""):
            raise ContractBroken(_("%(host)s packs its files in a way that was not asked for.", host=host))
        return
    wait = retry_after(headers.get("Retry-After"), headers.get("Date"), timing.now())
    if status == 429:
        raise TooFast(_("%(host)s wants fewer downloads.", host=host), wait)
    if status >= 500 or status in (408, 425):
        raise Faltered(
            _("%(host)s failed with status %(status)s while a file was asked for.", host=host, status=status), wait
        )
    if status in (401, 403, 404, 410):
        raise ExportGone(_("The file on %(host)s is not there any more (status %(status)s).", host=host, status=status))
    raise ContractBroken(
        _("%(host)s answered the request for a file with status %(status)s.", host=host, status=status)
    )


Open = Callable[[Received], AbstractContextManager[Transfer]]


def fetch(
    open_transfer: Open,
    file: BinaryIO,
    received: Received,
    timing: Timing,
    keep: Callable[[Received], None],
    tries: int = TRIES,
) -> Received:
    """Write the file whole, going on after each break, and return what is there; the caller syncs and renames.

    `file` is open for reading and writing and may hold what an earlier process received. `keep` is told of the server's
    mark and then of every block that is written, so that a later process can go on. Raises the last failure after
    `tries` openings in a row that brought nothing new, and after `timing.file` seconds in all.
    """
    failed, began = 0, timing.clock()
    while True:
        before = received
        try:
            with open_transfer(received) as transfer:
                for now in written(transfer, file):
                    received = now
                    keep(received)
                return received
        except (TransferBroken, Faltered, TimedOut, TooFast) as failure:
            failed = 1 if received.bytes > before.bytes else failed + 1
            pause = wait_before(failure, failed, timing)
            late = timing.clock() - began > timing.file
            if failed >= tries or late or pause > timing.patience:
                raise
            log.info("download_broken", reason=failure.happened, bytes=received.bytes)
            timing.sleep(pause)


def wait_before(failure: PlatformFailure, failed: int, timing: Timing) -> float:
    """Return how long to wait: what the server asks for, else a second, two, four, more or less."""
    asked = failure.retry_after
    return asked if asked is not None else 2.0 ** (failed - 1) * (0.5 + timing.jitter())


def written(transfer: Transfer, file: BinaryIO) -> Iterator[Received]:
    file.seek(transfer.starts_at)
    file.truncate()
    yield Received(transfer.starts_at, transfer.mark)
    for block in transfer:
        file.write(block)
        yield Received(file.tell(), transfer.mark)
