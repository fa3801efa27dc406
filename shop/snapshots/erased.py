"""The erased people of a run's shop: whose lines are kept without them, and whose files wait to be written anew."""

from dataclasses import dataclass
from typing import Any

import psycopg

from shop.customers.erasure_keys import known_erased
from shop.customers.tombstones import NOBODY, Known, without_person
from shop.platforms.people import People
from shop.platforms.platform import Platform
from shop.platforms.records import Kind
from shop.platforms.registry import platform
from shop.snapshots.models import Snapshot

REWRITE = """
    INSERT INTO raw_rewrites (path, shop_id) SELECT file_path, shop_id FROM snapshots
    WHERE id = %s AND file_path IS NOT NULL ON CONFLICT (path) DO NOTHING"""


@dataclass(frozen=True)
class Erased:
    """Who was erased, and how the lines of one kind name people."""

    known: Known = NOBODY
    people: People | None = None

    def left_of(self, raw: bytes) -> bytes:
        """Return what may be kept of a line: the line itself where nobody in it was erased."""
        if not self.known or self.people is None:
            return raw
        left = without_person(raw, self.people, self.known)
        return raw if left is None else left


NOBODY_ERASED = Erased()


def erased_from(connection: psycopg.Connection[Any], shop_id: int, its_platform: Platform, kind: Kind) -> Erased:
    return Erased(known_erased(connection, shop_id), its_platform.people.get(kind))


def erased_of(connection: psycopg.Connection[Any], snapshot: Snapshot) -> Erased:
    row = connection.execute("SELECT platform FROM shops WHERE id = %s", (snapshot.shop_id,)).fetchone()
    assert row is not None
    return erased_from(connection, snapshot.shop_id, platform(row[0]), Kind(snapshot.kind))


def ask_for_rewrite(connection: psycopg.Connection[Any], snapshot_id: int) -> None:
    """Note that the run's file names somebody who was erased. Part of the caller's transaction."""
    connection.execute(REWRITE, (snapshot_id,))
