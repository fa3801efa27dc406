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
from shop.languages import gettext as _

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
                    _(
                        "The target %(target)s is full: the copy needs %(size)s, and %(free)s are free in %(root)s. Nothing was "
                        "written there.",
                        target=self.name,
                        size=in_words(size),
                        free=in_words(free),
                        root=self.root,
                    )
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
                raise Differs(
                    _("The target %(target)s has lost %(file)s of %(name)s.", target=self.name, file=file, name=name)
                )
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
            return _(
                "The target %(target)s is full: there is no room in %(root)s. Nothing of this copy was kept there.",
                target=self.name,
                root=self.root,
            )
        if not self.root.is_dir():
            return _(
                "The target %(target)s is not there: %(root)s is no folder. See that its disk is mounted; the folder itself is "
                "made once, by hand, so that no copy lands on the disk below a mount.",
                target=self.name,
                root=self.root,
            )
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return _(
                "The target %(target)s lets nobody write: %(root)s refuses this user (%(error)s).",
                target=self.name,
                root=self.root,
                error=error.strerror,
            )
        return _(
            "The target %(target)s failed: %(why)s in %(root)s.",
            target=self.name,
            why=error.strerror or error,
            root=self.root,
        )


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last; some mounts know no such thing, and do so by themselves."""
    try:
        files.sync(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
