"""Who was erased, as keyed marks that name nobody: by them a file that brings a person back is read without the person."""

import json
import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from msgspec import Struct

from shop.platforms.people import Named, People, Tree
from shop.platforms.records import CustomerRecord, OrderRecord

ERASED = "erased-"  # how the guid begins under which an erased person's records are kept together
PERSON = b"pult erased"
LONGEST_TOLD = 400  # characters of a value that can name somebody
EMAIL = re.compile(r"[\w.+%'-]+@[\w.-]+\.\w+")
GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Known(Struct):
    """The erased people of one shop: for each key, the anonymous guid behind each mark. Plain, to be sent to a process."""

    slug: str = ""
    marks: list[tuple[bytes, dict[bytes, str]]] = []

    def __bool__(self) -> bool:
        return bool(self.marks)

    def guid(self, names: Iterable[Named]) -> str | None:
        """Return the anonymous guid of the erased person whom one of the names means."""
        for kind, value in names:
            if kind == "guid" and value.startswith(ERASED):
                return value
            for key, guids in self.marks:
                if found := guids.get(mark(key, self.slug, kind, value)):
                    return found
        return None

    def stand_in(self, names: Iterable[Named]) -> str | None:
        """Return the guid that a line keeps without its person, None where nobody in it was erased.

        An order of somebody else that only carries an erased person's e-mail stays theirs.
        """
        told = [name for name in names if name[1]]
        found = self.guid(told)
        if found is None:
            return None
        theirs = [value for kind, value in told if kind == "guid"]
        by_email_alone = self.guid(name for name in told if name[0] != "email") is None
        return theirs[0] if theirs and by_email_alone and any(kind == "code" for kind, _ in told) else found


NOBODY = Known()


def mark(key: bytes, slug: str, kind: str, value: str) -> bytes:
    """Return what stands for a code, a guid or an e-mail of one shop. Without the key nobody finds the value by trying."""
    told = value[:LONGEST_TOLD]
    normal = told.strip().lower() if kind == "email" else told.strip()
    return blake2b(f"{slug}\0{kind}\0{normal}".encode(), digest_size=16, key=key, person=PERSON).digest()


def names_of(record: Any) -> list[Named]:
    """Return by what a record that was read names somebody."""
    if isinstance(record, OrderRecord):
        named = [("code", record.code), ("guid", record.customer_guid), ("email", record.email)]
    elif isinstance(record, CustomerRecord):
        accounts = [("guid", one.guid) for one in record.emails] + [("email", one.email) for one in record.emails]
        named = [("guid", record.guid), *accounts]
    else:
        return []
    return [(kind, value) for kind, value in named if value]


def without_person(raw: bytes, people: People, known: Known) -> bytes | None:
    """Return the line without its person, no shorter than before, or None where it names nobody who was erased.

    Of a line that is no JSON nothing is left where an e-mail or a guid in it means somebody.
    """
    tree = entity(raw, people.wrapper)
    if tree is None:
        text = raw.decode(errors="replace")
        loose = [("email", one) for one in EMAIL.findall(text)] + [("guid", one) for one in GUID.findall(text)]
        found = known.guid(loose)
        return None if found is None else json.dumps({"erased": found}).encode().ljust(len(raw))
    guid = known.stand_in(people.names(tree))
    if guid is None:
        return None
    left = json.dumps(people.without(tree, guid), ensure_ascii=False, separators=(",", ":"))
    return left.encode(errors="replace").ljust(len(raw))


def entity(raw: bytes, wrapper: str) -> Tree | None:
    """Return the entity of a line out of what stands around it, None where there is no such thing."""
    try:
        tree = json.loads(raw.decode("utf-8-sig"), parse_float=str)  # an amount must not change with its line
    except (ValueError, RecursionError):
        return None
    for around in ("data", wrapper):
        if isinstance(tree, dict) and isinstance(tree.get(around), dict):
            tree = tree[around]
    return tree if isinstance(tree, dict) else None
