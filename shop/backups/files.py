"""A copy as files: written aside, summed, synced, renamed last, and checked byte by byte before it is believed."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shop.errors import ShopError
from shop.languages import gettext as _

FORMAT = 1  # of the manifest
MANIFEST, SUMS, DATABASE, RAW = "manifest.json", "files.sha256", "database", "files"
PARTIAL, SCRATCH = ".partial-", ".scratch-"
BLOCK = 1 << 20


class Damaged(ShopError):
    """The files of a copy are not the ones that were written."""


@dataclass(frozen=True)
class Piece:
    """One file of a copy."""

    bytes: int
    sha256: str


def backups_folder(data_dir: Path) -> Path:
    folder = data_dir / "backups"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def seal(folder: Path, manifest: Mapping[str, Any]) -> int:
    """Write manifest and checksums, make every file the owner's alone, and sync it all; returns the bytes of the copy.

    The checksums are in the form that `sha256sum -c files.sha256` reads, so that a machine without Pult can check them.
    """
    write(folder / MANIFEST, json.dumps({"format": FORMAT, **manifest}, indent=1, sort_keys=True))
    pieces = {path.relative_to(folder).as_posix(): piece(path) for path in files_of(folder)}
    write(folder / SUMS, "".join(f"{found.sha256}  {name}\n" for name, found in sorted(pieces.items())))
    for place in (*files_of(folder), *folders_of(folder)):
        if not is_linked(folder, place):
            place.chmod(0o700 if place.is_dir() else 0o600)
        sync(place)
    return sum(found.bytes for found in pieces.values())


def is_linked(folder: Path, path: Path) -> bool:
    """Whether a file is the raw store's own, under a second name: its permissions are the store's business."""
    return path.is_file() and path.is_relative_to(folder / RAW)


def check(folder: Path) -> dict[str, Any]:
    """Compare every byte with the checksums and return the manifest. Raises `Damaged` naming the first file that differs."""
    sums = read_sums(folder)
    found = {path.relative_to(folder).as_posix() for path in files_of(folder)} - {SUMS}
    for name in sorted(sums.keys() | {MANIFEST} - found):
        if name not in found:
            raise Damaged(_("The file %(name)s of %(folder)s is missing.", name=name, folder=folder.name))
    for name in sorted(found):
        if name not in sums:
            raise Damaged(
                _(
                    "The file %(name)s of %(folder)s was not there when the copy was written.",
                    name=name,
                    folder=folder.name,
                )
            )
        if piece(folder / name).sha256 != sums[name]:
            raise Damaged(
                _(
                    "The file %(name)s of %(folder)s is not the one that was written: its checksum differs.",
                    name=name,
                    folder=folder.name,
                )
            )
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if manifest.get("format") != FORMAT:
        raise Damaged(
            _(
                "The copy %(folder)s was written by another version of Pult (format %(format)s).",
                folder=folder.name,
                format=manifest.get("format"),
            )
        )
    if not isinstance(manifest, dict):
        raise Damaged(_("The manifest of %(folder)s is no object.", folder=folder.name))
    return manifest


def read_sums(folder: Path) -> dict[str, str]:
    """Return the checksum of every file of a copy by its name. Raises `Damaged` where they cannot be read."""
    try:
        return sums_in((folder / SUMS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Damaged(
            _(
                "The checksums of %(folder)s cannot be read: %(sums)s is missing or damaged.",
                folder=folder.name,
                sums=SUMS,
            )
        ) from error


def sums_in(written: str) -> dict[str, str]:
    return {name: sha256 for sha256, name in (line.split("  ", 1) for line in written.splitlines())}


def piece(path: Path) -> Piece:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            size += len(block)
            digest.update(block)
    return Piece(size, digest.hexdigest())


def add(source: Path, folder: Path, name: str) -> None:
    """Take a file that never changes into the copy: by a second name on the same disk, else by its bytes."""
    place = folder / RAW / name
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(source, place)
    except OSError:  # another disk, or one that knows no second names
        shutil.copyfile(source, place)


def write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


def sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def files_of(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def folders_of(folder: Path) -> list[Path]:
    """Return the folder and those in it, the deepest first: a name is safe once its folder is synced."""
    return [*sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True), folder]


def publish(partial: Path, name: str) -> Path:
    """Give a sealed copy its name. From here on it exists, whole."""
    place = partial.with_name(name)
    partial.rename(place)
    sync(place.parent)
    return place


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free
