"""What a target can do, whichever kind it is: take files aside, give them back, make them count, let go of them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from shop.backups.streams import Sink
from shop.errors import ShopError

ARCHIVE, ARCHIVE_SUM, MANIFEST = "copy.tar", "copy.sha256", "manifest.json"
Fill = Callable[[Sink], None]


class TargetFailed(ShopError):
    """A target did not do what it was asked; the sentence names it and says why."""


class Differs(TargetFailed):
    """What lies on a target is not what was sent there, or is gone: it counts no more."""


class Place(Protocol):
    """One target. What is written under a name counts only once its manifest is there, which is written last.

    Every method raises `TargetFailed` in words.
    """

    def begin(self, name: str, size: int) -> None:
        """Take away what a try before has left, and refuse at once where `size` bytes cannot find room."""

    def write(self, name: str, file: str, fill: Fill) -> None:
        """Store what `fill` writes, whole or not at all."""

    def read(self, name: str, file: str) -> AbstractContextManager[Iterator[bytes]]:
        """Yield what is stored there, from there: nothing that this machine remembers."""

    def publish(self, name: str) -> None:
        """Let it count. All its files are written."""

    def remove(self, name: str) -> None:
        """Let go of it, whole, half-written or gone already; it stops counting with the first step."""

    def names(self) -> list[str]:
        """Return what counts there, the oldest first."""
