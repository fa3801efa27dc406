"""The raw store: every snapshot file as it came, kept under its own checksum, so that a later failure can be replayed."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from shop.errors import ShopError
from shop.languages import gettext as _

BLOCK = 1 << 20
LARGEST = 2 << 30  # packed; a real shop of 1.4 million orders packs to a quarter of this


@dataclass(frozen=True)
class StoredFile:
    """A file in the store. `path` is relative to the data folder."""

    path: str
    name: str
    bytes: int
    sha256: str


def store_file(stream: BinaryIO, name: str, data_dir: Path) -> StoredFile:
    """Copy the stream into the store: written aside, synced, renamed last. The same bytes are stored once."""
    part = raw_folder(data_dir) / f"{os.getpid()}-{os.urandom(6).hex()}.part"
    try:
        size, sha256 = copy(stream, part, name)
        return kept(part, name, size, sha256, data_dir)
    except OSError as error:
        raise ShopError(
            _(
                "The file %(name)s could not be stored: %(error)s. Nothing was loaded; free some space and try again.",
                name=name,
                error=error.strerror,
            )
        ) from error
    finally:
        part.unlink(missing_ok=True)


def raw_folder(data_dir: Path) -> Path:
    folder = data_dir / "raw"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def keep_part(part: Path, name: str, data_dir: Path) -> StoredFile:
    """Take a whole file that was written aside into the store: synced, counted, renamed."""
    size, sha256 = measured(part)
    return kept(part, name, size, sha256, data_dir)


def measured(part: Path) -> tuple[int, str]:
    """Return the bytes and the checksum of a whole file, once it is on the disk."""
    digest, size = hashlib.sha256(), 0
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
        while block := stream.read(BLOCK):
            size += len(block)
            digest.update(block)
    return size, digest.hexdigest()


def kept(part: Path, name: str, size: int, sha256: str, data_dir: Path) -> StoredFile:
    """Rename a synced file to its place under its own checksum."""
    place = place_of(part, sha256, data_dir)
    place.parent.mkdir(mode=0o700, exist_ok=True)
    part.replace(place)
    sync_folder(place.parent)
    return StoredFile(str(place.relative_to(data_dir)), plain_name(name), size, sha256)


def is_packed(path: Path) -> bool:
    with path.open("rb") as written:
        return written.read(2) == b"\x1f\x8b"


def place_of(part: Path, sha256: str, data_dir: Path) -> Path:
    """Return where a file with this checksum lies in the store."""
    return raw_folder(data_dir) / sha256[:2] / f"{sha256}.jsonl{'.gz' if is_packed(part) else ''}"


def copy(stream: BinaryIO, part: Path, name: str) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        while block := stream.read(BLOCK):
            size += len(block)
            if size > LARGEST:
                raise ShopError(
                    _(
                        "The file %(name)s is larger than %(most)s GiB. Nothing was loaded; export it in parts.",
                        name=name,
                        most=LARGEST >> 30,
                    )
                )
            digest.update(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return size, digest.hexdigest()


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def plain_name(name: str) -> str:
    """The name as a person gave it, without folders and control characters."""
    return re.sub(r"[\x00-\x1f\x7f]", "", name.replace("\\", "/").rsplit("/", 1)[-1])[:200] or "file"


def stored_path(path: str, data_dir: Path) -> Path:
    """Return where a stored file lies; a path that leaves the store is refused."""
    full = (data_dir / path).resolve()
    if not full.is_relative_to((data_dir / "raw").resolve()):
        raise ShopError(_("The stored file's path leads out of the raw store. Nothing was read."))
    if not full.is_file():
        raise ShopError(_("The stored file %(path)s is not in the raw store any more. Load the file again.", path=path))
    return full
