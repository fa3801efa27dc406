"""Bytes on their way between disk, encryption and a target: pulled or pushed, a block at a time, never held as a whole."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, Protocol

from shop import stopping

BLOCK = 1 << 20


class Sink(Protocol):
    """What takes bytes, and says how many it took."""

    def write(self, data: bytes, /) -> int: ...

    def flush(self) -> None: ...


class Digest(Protocol):
    """What sums bytes as they pass."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class Source(io.RawIOBase):
    """Blocks as a file to read from. What failed while they were made is kept in `failed`: other languages lose it."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self.blocks, self.rest = blocks, memoryview(b"")
        self.failed: BaseException | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        into = memoryview(buffer)  # type: ignore[arg-type]  # the base says no more than that it is a buffer
        try:
            while not self.rest:
                self.rest = memoryview(next(self.blocks))
        except StopIteration:
            return 0
        except BaseException as error:
            self.failed = error
            raise
        count = min(len(into), len(self.rest))
        into[:count] = self.rest[:count]
        self.rest = self.rest[count:]
        return count


class Summed:
    """Takes bytes for another sink, and knows their number and checksum. What fails there is kept in `failed`."""

    def __init__(self, sink: Sink, heard: Callable[[int], None]) -> None:
        self.sink, self.heard = sink, heard
        self.bytes, self.digest = 0, hashlib.sha256()
        self.failed: BaseException | None = None

    @property
    def sha256(self) -> str:
        return self.digest.hexdigest()

    def write(self, data: bytes) -> int:
        try:
            stopping.check()
            self.sink.write(data)
            self.heard(self.bytes)
        except BaseException as error:
            self.failed = error
            raise
        self.digest.update(data)
        self.bytes += len(data)
        return len(data)

    def flush(self) -> None:
        """Leave that to whoever closes the sink."""


def summed(blocks: Iterator[bytes], digest: Digest, heard: Callable[[int], None]) -> Iterator[bytes]:
    """Pass blocks on, adding them to the digest; `heard` hears how many bytes have passed."""
    count = 0
    for block in blocks:
        stopping.check()
        digest.update(block)
        count += len(block)
        heard(count)
        yield block


@contextmanager
def piped(work: Callable[[Sink], None]) -> Iterator[IO[bytes]]:
    """Yield what `work` writes, as a file to read from; it works in a thread, at most a pipe ahead.

    What it raises is raised here when the block is left, in place of what the block made of the sudden end.
    """
    reading, writing = os.pipe()
    with ThreadPoolExecutor(1, thread_name_prefix="piped") as beside:
        doing = beside.submit(write_into, writing, work)
        try:
            with os.fdopen(reading, "rb", BLOCK) as source:
                yield source
        except BaseException:
            if failed := doing.exception():
                raise failed from None
            raise
        doing.result()


def write_into(pipe: int, work: Callable[[Sink], None]) -> None:
    try:
        with os.fdopen(pipe, "wb") as out:
            work(out)
    except BrokenPipeError:
        return  # the reader has seen enough
