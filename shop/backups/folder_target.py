"""A target that is a folder: another disk, a mount. Written aside, synced, read back from the disk, renamed last."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from shop.backups import files
from shop.backups.places import MANIFEST, Differs, Fill, TargetFailed
from shop.backups.streams import BLOCK
from shop.formatting import size as in_words

FULL = (errno.ENOSPC, errno.EDQUOT)


class FolderTarget:
    """A folder that a person has made: where it is missing, its disk is not mounted."""

    def __init__(self, name: str, root: Path) -> None:
        self.name, self.root = name, root

    def partial(self, name: str) -> Path:
        return self.root / f"{files.PARTIAL}{name}"

    def begin(self, name: str, size: int) -> None:
        self.remove(name)
        with self.told():
            free = files.free_bytes(self.root)
            if free < size:
                raise TargetFailed(
                    f"The target {self.name} is full: the copy needs {in_words(size)}, and {in_words(free)} are free in {self.root}. "
                    "Nothing was written there."
                )
            self.partial(name).mkdir(mode=0o700)

    def write(self, name: str, file: str, fill: Fill) -> None:
        with self.told():
            handle = os.open(self.partial(name) / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb", BLOCK) as out:
                fill(out)
                out.flush()
                os.fsync(out.fileno())

    @contextmanager
    def read(self, name: str, file: str) -> Iterator[Iterator[bytes]]:
        folder = self.partial(name) if self.partial(name).is_dir() else self.root / name
        with self.told():
            if self.root.is_dir() and not (folder / file).exists():
                raise Differs(f"The target {self.name} has lost {file} of {name}.")
            source = (folder / file).open("rb", buffering=0)
        with source:
            os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # the disk is asked, not the memory
            yield self.blocks(source)

    def blocks(self, source: IO[bytes]) -> Iterator[bytes]:
        """Yield what is read; what the reader does with it is not this target's failure."""
        while True:
            with self.told():
                block = source.read(BLOCK)
            if not block:
                return
            yield block

    def publish(self, name: str) -> None:
        with self.told():
            sync_folder(self.partial(name))
            self.partial(name).rename(self.root / name)
            sync_folder(self.root)

    def remove(self, name: str) -> None:
        with self.told():
            if not self.root.is_dir():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            if self.partial(name).exists():
                shutil.rmtree(self.partial(name))
            if (self.root / name).exists():
                (self.root / name).rename(self.partial(name))
                shutil.rmtree(self.partial(name))

    def names(self) -> list[str]:
        with self.told():
            found = [path for path in self.root.iterdir() if not path.name.startswith(".")]
            return sorted(path.name for path in found if (path / MANIFEST).is_file())

    @contextmanager
    def told(self) -> Iterator[None]:
        """Say in words what the disk has refused."""
        try:
            yield
        except OSError as error:
            raise TargetFailed(self.words(error)) from error

    def words(self, error: OSError) -> str:
        if error.errno in FULL:
            return (
                f"The target {self.name} is full: there is no room in {self.root}. Nothing of this copy was kept there."
            )
        if not self.root.is_dir():
            return (
                f"The target {self.name} is not there: {self.root} is no folder. See that its disk is mounted; "
                "the folder itself is made once, by hand, so that no copy lands on the disk below a mount."
            )
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return f"The target {self.name} lets nobody write: {self.root} refuses this user ({error.strerror})."
        return f"The target {self.name} failed: {error.strerror or error} in {self.root}."


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last; some mounts know no such thing, and do so by themselves."""
    try:
        files.sync(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
