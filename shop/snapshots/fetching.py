"""Fetches an export's file into the raw store: into a part that belongs to the run, gone on with after any break."""

import gzip
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from shop.errors import ShopError
from shop.fault_points import fault_point
from shop.languages import gettext as _
from shop.platforms.downloads import Received, Transfer, fetch
from shop.platforms.packing import layers, peeled
from shop.platforms.remote import ExportState, Remote
from shop.platforms.timing import Timing
from shop.snapshots.export_row import ExportRow, Kept
from shop.snapshots.rawstore import StoredFile, keep_part, raw_folder
from shop.snapshots.reading import DamagedFile

KEEP_EVERY = 1.0  # seconds, and no more than so many bytes, that a killed worker has received in vain
KEEP_BYTES = 8 << 20
Tell = Callable[[int, int], None]  # bytes so far, of how many; 0 where that is not known


class NoRoom(ShopError):
    """The file could not be written on this machine."""

    code = "no_room"
    transient = True


def part_of(snapshot_id: int, data_dir: Path) -> Path:
    return raw_folder(data_dir) / f"run-{snapshot_id}.part"


def drop_part(snapshot_id: int, data_dir: Path) -> None:
    part_of(snapshot_id, data_dir).unlink(missing_ok=True)


@contextmanager
def written(part: Path, name: str) -> Iterator[None]:
    """Turn what the disk refuses into a sentence, and leave nothing of the part behind."""
    try:
        yield
    except OSError as error:
        part.unlink(missing_ok=True)
        raise NoRoom(
            _(
                "The file %(name)s could not be stored: %(error)s. Nothing of the shop was changed; free some space in "
                "the data folder, then run it again.",
                name=name,
                error=error.strerror,
            )
        ) from error


@contextmanager
def opened(part: Path) -> Iterator[BinaryIO]:
    """Open the part for reading and writing, for its owner only; made if it is not there."""
    with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        yield file


def sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


class Fetching:
    """The download of one export's file."""

    def __init__(self, remote: Remote, row: ExportRow, state: ExportState, tell: Tell) -> None:
        self.remote, self.row, self.state, self.tell = remote, row, state, tell
        self.total: int | None = None
        self.kept_at, self.kept_bytes = time.monotonic(), 0

    def fetch(self, part: Path, kept: Kept) -> None:
        """Receive the rest of the file; all of it where nothing of this export is there."""
        with opened(part) as file:
            received = begun(kept, self.state.job, part)
            self.kept_bytes = received.bytes
            whole = fetch(self.open, file, received, Timing(), lambda now: self.note(now, file))
            sync(file)
        self.row.keep_received(self.state.job, whole, whole.bytes, grown=False)

    def open(self, received: Received) -> AbstractContextManager[Transfer]:
        return self.watched(self.remote.download(self.state, received))

    @contextmanager
    def watched(self, opening: AbstractContextManager[Transfer]) -> Iterator[Transfer]:
        with opening as transfer:
            self.total = transfer.total
            yield transfer

    def note(self, received: Received, file: BinaryIO) -> None:
        """Keep now and then how much is there, once the disk has it."""
        self.tell(received.bytes, self.total or 0)
        grown = received.bytes - self.kept_bytes
        if grown and grown < KEEP_BYTES and self.kept_bytes and time.monotonic() - self.kept_at < KEEP_EVERY:
            return
        sync(file)
        self.row.keep_received(self.state.job, received, self.total, grown=grown > 0)
        self.kept_at, self.kept_bytes = time.monotonic(), received.bytes
        if received.bytes:
            fault_point("download.middle")


def begun(kept: Kept, job: str, part: Path) -> Received:
    """Return what is there of this export's file, on this machine: no more than the part really holds."""
    told = kept.received or {}
    if told.get("job") != job:
        return Received()
    return Received(min(int(told["bytes"]), part.stat().st_size), told["mark"])


def stored(part: Path, name: str, data_dir: Path) -> StoredFile:
    """Take the part into the store, packed once at the most."""
    with part.open("rb") as file:
        outer = layers(file) - 1
    for _layer in range(outer):
        peel(part)
    return keep_part(part, name, data_dir)


def peel(part: Path) -> None:
    """Replace the part by what is inside its outer packing."""
    inner = part.with_suffix(".peeled")
    try:
        with part.open("rb") as packed, opened(inner) as out:
            out.truncate()
            for block in peeled(packed):
                out.write(block)
            sync(out)
        inner.replace(part)
    except EOFError as error:
        raise DamagedFile(
            _("The platform's file was packed twice, and its outer packing ends too early. Nothing was loaded.")
        ) from error
    finally:
        inner.unlink(missing_ok=True)


def write_lines(lines: Iterator[bytes], part: Path, tell: Callable[[int], None]) -> None:
    """Write records as a packed file of lines, as they come."""
    with opened(part) as raw:
        raw.truncate()
        with gzip.open(raw, "wb", compresslevel=3) as packed:
            for count, line in enumerate(lines, 1):
                packed.write(line + b"\n")
                tell(count)
