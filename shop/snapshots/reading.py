"""Reads a stored file line by line: bounded, unpacked on the way, and refused where it is not whole."""

import queue
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from shop.errors import ShopError
from shop.languages import gettext as _

BLOCK = 1 << 18
BATCH_BYTES = 1 << 21
BATCH_LINES = 20_000  # so that a file of nothing but short, bad lines is found out soon
LARGEST_TEXT = 20 << 30
LARGEST_LINE = 16 << 20
LARGEST_RATIO = 200
RATIO_FROM = 1 << 20  # short files may pack very well; the ratio counts from here on
BOM = b"\xef\xbb\xbf"


class DamagedFile(ShopError):
    """The file is not what a platform writes. Nothing of it is published."""

    code = "damaged_file"


@dataclass
class Batch:
    """Some whole lines. `first` is the number of the first line, `offset` its place in the unpacked text."""

    first: int
    offset: int
    lines: list[bytes]
    packed_at: int  # how far the packed file is read, for progress
    ended: bool = True  # whether the last line ended with a line feed


@dataclass
class Unpacking:
    """The state of unpacking one file; knows how much came in and went out."""

    packed: int = 0
    text: int = 0
    inner: "zlib._Decompress | None" = field(default=None)

    def grow(self, block: bytes) -> bytes:
        self.text += len(block)
        if self.text > LARGEST_TEXT:
            raise DamagedFile(_("The file unpacks to more than 20 GiB. Nothing was loaded; export a shorter period."))
        if self.text > RATIO_FROM and self.text > LARGEST_RATIO * max(self.packed, 1):
            raise DamagedFile(
                _("The file unpacks to more than 200 times its size, as no shop's data does. Nothing was loaded.")
            )
        return block


def unpacked(path: Path, state: Unpacking) -> Iterator[bytes]:
    """Yield the text in blocks, whether the file is gzip or plain; the first bytes decide, not the name."""
    with path.open("rb") as file:
        head = file.read(2)
        file.seek(0)
        if head != b"\x1f\x8b":
            while block := file.read(BLOCK):
                state.packed += len(block)
                yield state.grow(block)
            return
        yield from members(iter(lambda: file.read(BLOCK), b""), state)


def members(blocks: Iterator[bytes], state: Unpacking) -> Iterator[bytes]:
    """Unpack gzip members one after another. Zeros may follow the last one, anything else may not."""
    inner: zlib._Decompress | None = zlib.decompressobj(wbits=31)
    padding = False
    for block in blocks:
        state.packed += len(block)
        rest = block
        while rest:
            if inner is None:
                padding = is_padding(rest, begun=padding)
                if padding:
                    break
                inner = zlib.decompressobj(wbits=31)
            text = unpack(inner, rest)
            if text:
                yield state.grow(text)
            rest = inner.unused_data if inner.eof else inner.unconsumed_tail
            if inner.eof:
                inner = None
    if inner is not None:
        raise DamagedFile(
            _(
                "The file ends in the middle of its packed data: it was cut short. Nothing was loaded; fetch the file "
                "again."
            )
        )


def is_padding(rest: bytes, *, begun: bool) -> bool:
    """Tell zeros behind the last member from the start of another one; anything else is refused."""
    if not rest.strip(b"\0"):
        return True
    if begun or not rest.startswith(b"\x1f\x8b"[: len(rest)]):
        raise DamagedFile(_("Other bytes follow the end of the packed data. Nothing was loaded; fetch the file again."))
    return False


def unpack(inner: "zlib._Decompress", packed: bytes) -> bytes:
    try:
        return inner.decompress(packed, BATCH_BYTES)
    except zlib.error as error:
        raise DamagedFile(
            _("The packed data is damaged (%(error)s). Nothing was loaded; fetch the file again.", error=error)
        ) from error


def batches(path: Path, skip: int = 0) -> Iterator[Batch]:
    """Yield whole lines from byte `skip` of the text on (a line's start). The caller counts lines from there."""
    state = Unpacking()
    rest, offset, number = b"", 0, 1
    for block in unpacked(path, state):
        if offset == 0 and not rest:
            refuse_other_formats(block)
        text = rest + block
        if skip > offset:
            drop = min(skip - offset, len(text))
            text, offset = text[drop:], offset + drop
        cut = text.rfind(b"\n") + 1
        if cut == 0:
            if len(text) > LARGEST_LINE:
                raise DamagedFile(
                    _("Line %(number)s is longer than 16 MiB, as no record is. Nothing was loaded.", number=number)
                )
            rest = text
            continue
        whole, rest = text[: cut - 1], text[cut:]
        lines = whole.split(b"\n")
        yield from in_batches(lines, number, offset, state.packed)
        offset, number = offset + cut, number + len(lines)
    if rest:
        yield Batch(number, offset, [rest], state.packed, ended=False)


def in_batches(lines: list[bytes], first: int, offset: int, packed_at: int) -> Iterator[Batch]:
    for start in range(0, len(lines), BATCH_LINES):
        some = lines[start : start + BATCH_LINES]
        yield Batch(first + start, offset, some, packed_at)
        offset += sum(map(len, some)) + len(some)


def refuse_other_formats(start: bytes) -> None:
    """An error page saved in place of a file is told as what it is."""
    head = start.removeprefix(BOM).lstrip()[:200]
    if head[:1] == b"<" and b"\n{" not in start:  # a warning above the records is a bad line and no page
        raise DamagedFile(
            _(
                "This is an HTML or XML page, not a snapshot file; the platform probably answered with an error page. "
                "Nothing was loaded."
            )
        )
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DamagedFile(
            _("This file is UTF-16; a snapshot file is UTF-8. Nothing was loaded; save it as UTF-8 or fetch it again.")
        )
    if start[:2] == b"PK":
        raise DamagedFile(
            _(
                "This is a ZIP archive; a snapshot file is JSON Lines, plain or gzip. Nothing was loaded; unpack it "
                "first."
            )
        )


class ReadAhead:
    """Runs a source of batches in a thread of its own: unpacking lets go of the interpreter, so both cores work."""

    def __init__(self, source: Iterator[Batch], depth: int = 3) -> None:
        self.source = source
        self.ready: queue.Queue[Batch | BaseException | None] = queue.Queue(maxsize=depth)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.fill, name="read-ahead", daemon=True)

    def __enter__(self) -> Iterator[Batch]:
        self.thread.start()
        return self.drain()

    def __exit__(self, *_error: object) -> None:
        self.stop.set()
        self.thread.join()

    def fill(self) -> None:
        try:
            for batch in self.source:
                if not self.put(batch):
                    return
            self.put(None)
        except (ShopError, OSError) as error:
            self.put(error)
        except BaseException as error:
            self.put(error)  # the reader must not wait for ever for a thread that is gone
            raise

    def put(self, thing: Batch | BaseException | None) -> bool:
        """Hand over, unless nobody takes any more."""
        while not self.stop.is_set():
            try:
                self.ready.put(thing, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def drain(self) -> Iterator[Batch]:
        while (thing := self.ready.get()) is not None:
            if isinstance(thing, BaseException):
                raise thing
            yield thing
