"""The list of erasures beside the database: whatever copy is restored, who was erased before stays erased in it."""

import base64
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import psycopg
from sqlalchemy import text

from shop.db import db
from shop.errors import ShopError
from shop.languages import gettext as _
from shop.snapshots.rawstore import sync_folder

NAME = "erasures.jsonl"
STORED = text("""
    SELECT s.slug, t.guid, t.key_id, k.sealed, array_agg(t.mark ORDER BY t.mark) AS marks, min(t.erased_at) AS erased_at
    FROM tombstones t JOIN shops s ON s.id = t.shop_id JOIN erasure_keys k ON k.id = t.key_id
    GROUP BY s.slug, t.guid, t.key_id, k.sealed ORDER BY min(t.erased_at), t.guid""")


@dataclass(frozen=True)
class Entry:
    """One person of one shop, by marks that name nobody; `sealed` is their key under SECRET_KEY."""

    shop: str
    guid: str
    key_id: str
    sealed: str
    marks: tuple[str, ...]  # hexadecimal
    erased_at: str

    @classmethod
    def of(cls, row: Any) -> Self:
        marks = tuple(bytes(mark).hex() for mark in row.marks)
        sealed = base64.b64encode(bytes(row.sealed)).decode()
        return cls(row.slug, row.guid, row.key_id, sealed, marks, row.erased_at.isoformat())

    @classmethod
    def read(cls, line: str) -> Self:
        written = json.loads(line)
        return cls(**{**written, "marks": tuple(written["marks"])})

    @property
    def key(self) -> tuple[str, str, str]:
        return self.shop, self.guid, self.key_id

    @property
    def key_sealed(self) -> bytes:
        return base64.b64decode(self.sealed)

    @property
    def raw_marks(self) -> list[bytes]:
        return [bytes.fromhex(mark) for mark in self.marks]


def stored() -> list[Entry]:
    """Return the erasures that this database knows of."""
    return [Entry.of(row) for row in db.session.execute(STORED)]


def kept(data_dir: Path) -> list[Entry]:
    """Return the erasures in the file. Raises ShopError for a file that is damaged: nothing is guessed."""
    path = data_dir / NAME
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    try:
        return [Entry.read(line) for line in lines if line]
    except (ValueError, TypeError, KeyError) as error:
        raise ShopError(
            _(
                "The list of erasures %(path)s is damaged. Nothing was changed; bring it back from a copy of the data "
                "folder, or remove it to begin anew with the erasures that the database knows.",
                path=path,
            )
        ) from error


def keep(data_dir: Path) -> int:
    """Add to the file what it lacks: written aside, synced, renamed. Returns how many erasures it holds then."""
    before = {entry.key: entry for entry in kept(data_dir)}
    now = {entry.key: entry for entry in stored()}
    db.session.rollback()
    entries = list((before | now).values())
    if before != before | now:
        write(data_dir / NAME, entries)
    return len(entries)


def write(path: Path, entries: Sequence[Entry]) -> None:
    aside = path.with_name(f"{NAME}.{os.getpid()}.part")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        for entry in entries:
            out.write(json.dumps(asdict(entry)) + "\n")
        out.flush()
        os.fsync(out.fileno())
    aside.replace(path)
    sync_folder(path.parent)


def unknown(data_dir: Path) -> list[Entry]:
    """Return the erasures in the file that this database does not know of: it was restored from an older copy."""
    there = {entry.key for entry in stored()}
    return [entry for entry in kept(data_dir) if entry.key not in there]


def bury(connection: psycopg.Connection[Any], shop_id: int, entry: Entry) -> None:
    """Let the database know the marks of an entry again. Part of the caller's transaction."""
    connection.execute(
        "INSERT INTO erasure_keys (id, sealed) VALUES (%s, %s) ON CONFLICT (id) DO NOTHING",
        (entry.key_id, entry.key_sealed),
    )
    connection.execute(
        """INSERT INTO tombstones (shop_id, guid, mark, key_id, erased_at)
           SELECT %s, %s, m, %s, %s FROM unnest(%s::bytea[]) AS m ON CONFLICT DO NOTHING""",
        (shop_id, entry.guid, entry.key_id, entry.erased_at, entry.raw_marks),
    )


def bearers(connection: psycopg.Connection[Any], shop_id: int, names: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Yield every name of a shop's people that a mark may stand for, with its customer: (customer, kind, value)."""
    for kind in names:
        yield from ((id_, kind, value) for id_, value in connection.execute(BEARERS[kind], (shop_id,)))


BEARERS = {
    "email": "SELECT id, email FROM customers WHERE shop_id = %s AND email IS NOT NULL",
    "guid": "SELECT customer_id, guid FROM customer_accounts WHERE shop_id = %s",
    "code": "SELECT customer_id, code FROM orders WHERE shop_id = %s AND customer_id IS NOT NULL",
}
