"""A copy as one stream in the tar format, and back: every file is summed on the way out and again on the way in."""

import hashlib
import tarfile
from collections.abc import Iterator, Mapping
from io import BufferedWriter
from pathlib import Path, PurePosixPath
from typing import IO, Self

from shop.backups.files import SUMS, Damaged, files_of, read_sums, sums_in, sync
from shop.backups.streams import BLOCK, Digest
from shop.errors import ShopError

END = bytes(2 * tarfile.BLOCKSIZE)
NO_SUMS = "The archive holds no readable checksums: it is not a copy of Pult, or a part of it is missing. Nothing was taken for good."


def packed_size(folder: Path) -> int:
    """Return about how many bytes the archive will have, encrypted or not; never less."""
    sizes = [path.stat().st_size for path in files_of(folder)]
    return sum(sizes) + len(sizes) * 4 * tarfile.BLOCKSIZE + sum(sizes) // 2000 + BLOCK


def packed(folder: Path) -> Iterator[bytes]:
    """Yield the archive of a copy. Raises `Damaged` where a file is not the one that was proven: it would only spread."""
    sums = read_sums(folder)
    for path in files_of(folder):
        name = path.relative_to(folder).as_posix()
        if name != SUMS and name not in sums:
            raise Damaged(f"The file {name} of {folder.name} was not there when the copy was written.")
        digest = hashlib.sha256()
        yield from member(path, name, digest)
        if name != SUMS and digest.hexdigest() != sums.pop(name):
            raise Damaged(f"The file {name} of {folder.name} is not the one that was written: its checksum differs.")
    if sums:
        raise Damaged(f"The file {min(sums)} of {folder.name} is missing.")
    yield END


def member(path: Path, name: str, digest: Digest) -> Iterator[bytes]:
    try:
        with path.open("rb") as source:
            size = path.stat().st_size
            head = tarfile.TarInfo(name)
            head.size, head.mode, head.mtime = size, 0o600, int(path.stat().st_mtime)
            yield head.tobuf(tarfile.PAX_FORMAT)
            left = size
            while block := source.read(min(BLOCK, left)):
                left -= len(block)
                digest.update(block)
                yield block
    except OSError as error:
        raise Damaged(f"The file {name} of {path.parent} cannot be read: {error.strerror}.") from error
    yield bytes(-size % tarfile.BLOCKSIZE)


def unpack(stream: IO[bytes], into: Path | None) -> int:
    """Read an archive to its end, write its files if there is a place, and check each; returns how many there were.

    Raises `Damaged`, or ShopError where a name would lead out of the place.
    """
    found: dict[str, str] = {}
    sums: Mapping[str, str] = {}
    try:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=BLOCK) as archive:
            for head in archive:
                content = archive.extractfile(head)
                if content is None or not head.isfile():
                    raise ShopError(f"The archive holds {head.name!r}, which is no file. Nothing was taken for good.")
                written = bytearray() if head.name == SUMS else None
                found[head.name] = take_out(content, into / safe(head.name) if into else None, written)
                if written is not None:
                    sums = sums_of(bytes(written))
        while stream.read(BLOCK):
            pass  # to the last byte: what was encrypted is proven whole by its end alone
    except OSError as error:
        raise ShopError(
            f"What was fetched cannot be written ({error.strerror or error}). Nothing was taken for good."
        ) from error
    except tarfile.TarError as error:
        raise Damaged(f"The archive breaks off, or is none ({error}). Nothing was taken for good.") from error
    compare(found, sums)
    return len(found)


def safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ShopError(
            f"The archive holds the name {name!r}, which leads out of its folder. Nothing was taken for good."
        )
    return path


def take_out(content: IO[bytes], place: Path | None, kept: bytearray | None) -> str:
    """Read a file of the archive, write it if there is a place, and return its checksum."""
    digest = hashlib.sha256()
    if place:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sink: BufferedWriter | Nowhere = place.open("xb") if place else Nowhere()
    with sink as out:
        while block := content.read(BLOCK):
            digest.update(block)
            out.write(block)
            if kept is not None:
                kept += block
    if place:
        place.chmod(0o600)
        sync(place)
    return digest.hexdigest()


class Nowhere:
    """A file that keeps nothing, for whoever only looks whether all is there."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def write(self, data: bytes) -> int:
        return len(data)


def sums_of(written: bytes) -> dict[str, str]:
    try:
        return sums_in(written.decode())
    except ValueError as error:
        raise Damaged(NO_SUMS) from error


def compare(found: Mapping[str, str], sums: Mapping[str, str]) -> None:
    """Raise `Damaged` for the first file that is missing, too many, or not the one that was written."""
    if not sums:
        raise Damaged(NO_SUMS)
    for name in sorted(sums.keys() | found.keys() - {SUMS}):
        if name not in found:
            raise Damaged(f"The file {name} is missing from the archive.")
        if found[name] != sums.get(name):
            raise Damaged(f"The file {name} of the archive is not the one that was written: its checksum differs.")
