"""What the demo keeps for its next start, in a folder and a file that only their owner reads."""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path

from shop.errors import ShopError
from shop.local.launching import open_private, private_folder

FEWEST, MOST, USUAL = 5_000, 1_000_000, 6_000  # orders of both shops together


class Memory:
    """The number of orders, the passwords, and a lock against a second demo on the same folder."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = private_folder(data_dir / "demo")
        self.file = self.folder / "demo.json"
        self.journal = self.folder / "shops.jsonl"
        self.lock = open_private(self.folder / "lock", os.O_RDWR | os.O_CREAT)
        self.take_lock()
        self.kept = self.read()

    def take_lock(self) -> None:
        """Hold the lock until this process ends."""
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ShopError(
                f"Another demo runs on {self.folder.parent} already. Nothing was started; stop that one, "
                "or name another folder in PULT_DATA_DIR."
            ) from None

    def read(self) -> dict[str, object]:
        try:
            kept = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ShopError(
                f"{self.file} cannot be read ({error}). Nothing was started; delete that file, and new passwords are made."
            ) from error
        return kept if isinstance(kept, dict) else {}

    def write(self) -> None:
        """Replace the file as a whole."""
        aside = self.file.with_suffix(".part")
        descriptor = open_private(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(self.kept, stream, indent=2)
            stream.flush()
            os.fsync(descriptor)
        aside.replace(self.file)

    @property
    def passwords(self) -> dict[str, str]:
        kept = self.kept.setdefault("passwords", {})
        assert isinstance(kept, dict)
        return kept

    def orders(self, environ: Mapping[str, str]) -> int:
        """Return how many orders the shops begin with. Raises ShopError where that is no number, or another than before."""
        asked, known = wished(environ), self.kept.get("orders")
        if isinstance(known, int) and self.journal.exists():
            if asked not in (None, known):
                raise ShopError(
                    f"The demo in {self.folder.parent} began with {known} orders, and DEMO_ORDERS is {asked}. Nothing was "
                    f"started; unset it to go on, or begin a second demo: PULT_DATA_DIR=var-{asked} DEMO_ORDERS={asked} make demo"
                )
            return known
        self.kept["orders"] = asked or USUAL
        self.write()
        return asked or USUAL


def wished(environ: Mapping[str, str]) -> int | None:
    given = environ.get("DEMO_ORDERS")
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or not FEWEST <= int(given) <= MOST:
        raise ShopError(
            f"DEMO_ORDERS is {given!r}; it must be a whole number from {FEWEST} to {MOST}. Nothing was started."
        )
    return int(given)
