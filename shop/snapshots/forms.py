"""What the pages of runs hand in: a snapshot file, and the word that accepts a doubtful one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from werkzeug.datastructures import FileStorage

from shop.snapshots.queries import KINDS

MODES = ("full", "partial")
ENDINGS = (".jsonl", ".json", ".gz")


@dataclass(frozen=True)
class UploadForm:
    """A file of one shop and kind. `mode` says whether it holds everything, so that what it lacks was deleted."""

    shop: str = ""
    kind: str = "orders"
    mode: str = "partial"
    file: FileStorage | None = field(default=None, repr=False)

    @classmethod
    def of(cls, values: Mapping[str, str], files: Mapping[str, FileStorage]) -> "UploadForm":
        given = files.get("file")
        return cls(
            values.get("shop", "").strip(),
            values.get("kind", "").strip(),
            values.get("mode", "").strip(),
            given if given is not None and given.filename else None,
        )

    @property
    def file_name(self) -> str:
        return (self.file.filename or "") if self.file else ""

    @property
    def stream(self) -> BinaryIO:
        assert self.file is not None, "only a form without errors is carried out"
        stream: BinaryIO = self.file.stream  # type: ignore[assignment]  # werkzeug names the wider type
        return stream

    def errors(self, slugs: list[str]) -> dict[str, str]:
        """Return a sentence for each field that cannot be used. `slugs` are the shops the person may load."""
        found = {}
        if self.shop not in slugs:
            found["shop"] = "Choose one of your shops."
        if self.kind not in KINDS:
            found["kind"] = "Choose orders, customers or products."
        if self.mode not in MODES:
            found["mode"] = "Say whether the file holds everything or a part."
        if self.file is None:
            found["file"] = "Choose a file."
        elif not self.file_name.lower().endswith(ENDINGS):
            found["file"] = "This is not a snapshot file. Choose JSON Lines, plain (.jsonl) or packed (.jsonl.gz)."
        return found
