"""Mapping in processes of its own, so that a large file uses every core. Run as a module, this is such a process."""

import os
import signal
import struct
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import IO, Protocol, Self

import msgspec

from shop.customers.tombstones import NOBODY, Known
from shop.platforms.records import Kind
from shop.snapshots.mapping import Line, LineMapper, Mapped

LENGTH = struct.Struct(">I")
LARGE = 4 << 20  # packed bytes from which a file is worth the start of processes


class MapperDied(ChildProcessError):
    """A mapping process ended over the lines that it was given."""


class Mapper(Protocol):
    """Takes lines now, gives their rows later, in whatever order the caller asks."""

    def submit(self, lines: Sequence[Line]) -> "Future[Mapped]": ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Read(Protocol):
    """Whose file it is: the platform that has written it, and the zone of the shop's days."""

    @property
    def platform(self) -> str: ...
    @property
    def timezone(self) -> str: ...


class InProcess:
    """Maps at once, here: for files too small for more."""

    def __init__(self, platform_name: str, kind: Kind, timezone: str, erased: Known) -> None:
        self.mapper = LineMapper(platform_name, kind, timezone, erased)

    def submit(self, lines: Sequence[Line]) -> "Future[Mapped]":
        done: Future[Mapped] = Future()
        done.set_result(self.mapper.map(lines))
        return done

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_end: object) -> None:
        """Nothing is open."""


class Processes:
    """Maps in child processes, each fed by a thread of this one. They end with their standard input."""

    def __init__(self, platform_name: str, kind: Kind, timezone: str, count: int, erased: Known = NOBODY) -> None:
        self.children = [Child(platform_name, kind, timezone, erased) for _ in range(count)]
        self.turn = 0

    def submit(self, lines: Sequence[Line]) -> "Future[Mapped]":
        child = self.children[self.turn % len(self.children)]
        self.turn += 1
        return child.feeder.submit(child.round_trip, lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_end: object) -> None:
        for child in self.children:
            child.close()


class Child:
    """One process and the thread that feeds it."""

    def __init__(self, platform_name: str, kind: Kind, timezone: str, erased: Known) -> None:
        command = [sys.executable, "-m", "shop.snapshots.mapper_process", platform_name, kind.value, timezone]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.feeder = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mapper")
        self.decoder = msgspec.msgpack.Decoder(Mapped)
        assert self.process.stdin
        with suppress(BrokenPipeError):  # it has died already, as the first lines will tell
            write_frame(self.process.stdin, msgspec.msgpack.encode(erased))

    def round_trip(self, lines: Sequence[Line]) -> Mapped:
        assert self.process.stdin
        assert self.process.stdout
        try:
            write_frame(self.process.stdin, msgspec.msgpack.encode(lines))
            answer = read_frame(self.process.stdout)
        except BrokenPipeError:
            answer = None
        if answer is None:
            raise MapperDied(f"A mapping process ended with code {self.process.wait()} in the middle of its work.")
        return self.decoder.decode(answer)

    def close(self) -> None:
        """Let the child come to its end: it stops where its input does."""
        self.feeder.shutdown(wait=True, cancel_futures=True)
        assert self.process.stdin
        assert self.process.stdout
        with suppress(BrokenPipeError):  # what it did not live to read; `MapperDied` has told of it
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def mapper_for(shop: Read, kind: Kind, packed_bytes: int, erased: Known) -> Mapper:
    """Return what maps a file of this size on this machine, without the people who were `erased`."""
    if packed_bytes < LARGE:
        return InProcess(shop.platform, kind, shop.timezone, erased)
    return Processes(shop.platform, kind, shop.timezone, max(1, min(4, os.cpu_count() or 1)), erased)


def write_frame(stream: IO[bytes], content: bytes) -> None:
    stream.write(LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Return the next frame, None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    return stream.read(*LENGTH.unpack(head))


def main(platform_name: str, kind: str, timezone: str) -> None:
    """Learn who was erased, then map what comes until the input ends. A signal to the whole group is for the worker to heed."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    first = read_frame(sys.stdin.buffer)
    erased = NOBODY if first is None else msgspec.msgpack.decode(first, type=Known)
    mapper = LineMapper(platform_name, Kind(kind), timezone, erased)
    decoder = msgspec.msgpack.Decoder(list[Line])
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        write_frame(sys.stdout.buffer, msgspec.msgpack.encode(mapper.map(decoder.decode(frame))))


if __name__ == "__main__":
    main(*sys.argv[1:])
