"""What happened in a living shop, and the journal that brings it back after a restart."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any


class What(StrEnum):
    ORDER_PLACED = "order-placed"
    ORDER_MOVED = "order-moved"
    ORDER_DELETED = "order-deleted"
    CUSTOMER_EDITED = "customer-edited"
    PRODUCT_EDITED = "product-edited"


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened: to the order, customer or product of that number; the bits say how."""

    what: What
    index: int
    bits: int
    at: datetime
    step: int

    def entry(self) -> dict[str, Any]:
        return {"what": self.what, "index": self.index, "bits": self.bits, "at": self.at.isoformat(), "step": self.step}


def happening_of(entry: dict[str, Any]) -> Happening:
    return Happening(
        What(entry["what"]), entry["index"], entry["bits"], datetime.fromisoformat(entry["at"]), entry["step"]
    )


class Journal:
    """A file with a line for everything that must survive the process; without a file nothing survives."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.lock = Lock()

    def entries(self, shop: str) -> Iterator[dict[str, Any]]:
        """Yield what is known of a shop. A last line that was cut by a kill is left out, and cut off."""
        if self.path is None or not self.path.exists():
            return
        whole = self.path.read_bytes()
        kept = whole[: whole.rfind(b"\n") + 1]
        if kept != whole:
            self.path.write_bytes(kept)
        for number, line in enumerate(kept.splitlines(), 1):
            try:
                entry = json.loads(line)
            except ValueError:
                raise ValueError(f"Line {number} of {self.path} is no JSON; it was left as it is.") from None
            if entry["shop"] == shop:
                yield entry

    def write(self, shop: str, entry: dict[str, Any]) -> None:
        if self.path is None:
            return
        with self.lock, self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"shop": shop, **entry}) + "\n")
