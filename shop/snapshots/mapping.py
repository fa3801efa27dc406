"""Maps raw lines to staged rows. Knows no database, so that it can run in processes of its own."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from shop.platforms.records import BadRecord, Kind
from shop.platforms.registry import platform
from shop.snapshots.reading import BOM
from shop.snapshots.shapes import SHAPES

BEYOND = "A number or a date of this record lies beyond what can be reckoned with."
CUT_SHORT = "cut_short"  # of a last line that breaks off: the whole file is refused for it


class Line(msgspec.Struct, array_like=True, gc=False):
    """One raw line to be mapped. `whole` is false for a last line without its line feed."""

    number: int
    offset: int
    raw: bytes
    source_hash: bytes
    whole: bool


class Bad(msgspec.Struct, array_like=True, gc=False):
    """Why a line could not become a record."""

    number: int
    code: str
    path: str
    reason: str


class Mapped(msgspec.Struct, array_like=True, gc=False):
    """The rows of some lines as COPY text, and the lines that gave none."""

    main: bytes
    parts: bytes
    bad: list[Bad]


class LineMapper:
    """Decodes and maps the lines of one run, in order; it learns from them, so use one for each run and process."""

    def __init__(self, platform_name: str, kind: Kind, timezone: str) -> None:
        known = platform(platform_name)
        self.decode = known.decode(kind)
        self.rows = SHAPES[kind].mapper(ZoneInfo(timezone), known)

    def map(self, lines: Sequence[Line]) -> Mapped:
        main: list[str] = []
        parts: list[str] = []
        bad: list[Bad] = []
        for line in lines:
            raw = line.raw.removeprefix(BOM) if line.number == 1 else line.raw
            try:
                record = self.decode(raw)
                row, items = self.rows(record, line.number, line.source_hash, plain=b"\\" not in raw)
            except BadRecord as error:
                code = CUT_SHORT if error.code == "not_json" and not line.whole else error.code
                bad.append(Bad(line.number, code, error.path, error.reason))
            except ArithmeticError:
                bad.append(Bad(line.number, "out_of_range", "$", BEYOND))
            else:
                main.append(row)
                parts.append(items)
        return Mapped("".join(main).encode(), "".join(parts).encode(), bad)
