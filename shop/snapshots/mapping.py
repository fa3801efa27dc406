"""Maps raw lines to staged rows. Knows no database, so that it can run in processes of its own."""

from collections.abc import Sequence
from hashlib import blake2b
from zoneinfo import ZoneInfo

import msgspec

from shop.customers.tombstones import NOBODY, Known, names_of, without_person
from shop.languages import N_
from shop.platforms.records import BadRecord, Kind
from shop.platforms.registry import platform
from shop.snapshots.reading import BOM
from shop.snapshots.shapes import SHAPES

BEYOND = N_("A number or a date of this record lies beyond what can be reckoned with.")
READ_ANEW = b"pult erased"  # so that the line of an erased person is never passed over as known, and its file is told
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
    erased: int = 0  # lines that were read without the person they name


class LineMapper:
    """Decodes and maps the lines of one run, in order; it learns from them, so use one for each run and process."""

    def __init__(self, platform_name: str, kind: Kind, timezone: str, erased: Known = NOBODY) -> None:
        known = platform(platform_name)
        self.decode = known.decode(kind)
        self.rows = SHAPES[kind].mapper(ZoneInfo(timezone), known)
        self.erased = erased
        self.people = known.people.get(kind)

    def map(self, lines: Sequence[Line]) -> Mapped:
        main: list[str] = []
        parts: list[str] = []
        bad: list[Bad] = []
        erased = 0
        for line in lines:
            raw = line.raw.removeprefix(BOM) if line.number == 1 else line.raw
            source_hash = line.source_hash
            try:
                record = self.decode(raw)
                if self.erased and (left := self.without_person(raw, record)) is not None:
                    raw, record, erased = left, self.decode(left), erased + 1
                    source_hash = blake2b(source_hash, digest_size=16, person=READ_ANEW).digest()
                row, items = self.rows(record, line.number, source_hash, plain=b"\\" not in raw)
            except BadRecord as error:
                code = CUT_SHORT if error.code == "not_json" and not line.whole else error.code
                bad.append(Bad(line.number, code, error.path, error.reason))
            except ArithmeticError:
                bad.append(Bad(line.number, "out_of_range", "$", BEYOND))
            else:
                main.append(row)
                parts.append(items)
        return Mapped("".join(main).encode(), "".join(parts).encode(), bad, erased)

    def without_person(self, raw: bytes, record: object) -> bytes | None:
        """Return the line without its person, None where it names nobody who was erased."""
        if self.people is None or self.erased.guid(names_of(record)) is None:
            return None
        return without_person(raw, self.people, self.erased)
