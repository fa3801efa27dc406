"""Who is to be erased: every record that is theirs, and everything that names them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

import psycopg

from shop.customers.tombstones import ERASED, mark
from shop.search import fold

SHORTEST = 5  # letters of a name that is looked for in texts; a shorter one stands in too many words
FULL_NAME, STREET = "fullName", ("street", "houseNumber")  # of an address, as platforms' readers keep it

IDS = """
    WITH RECURSIVE one AS (
        SELECT id FROM customers WHERE shop_id = %(shop)s AND id = ANY (%(ids)s)
        UNION SELECT c.id FROM customers c JOIN one ON c.merged_into = one.id WHERE c.shop_id = %(shop)s)
    SELECT array_agg(id ORDER BY id) FROM one"""
PEOPLE = "SELECT email, name, company, phone, addresses FROM customers WHERE shop_id = %(shop)s AND id = ANY (%(ids)s)"
GUIDS = """
    SELECT guid FROM customer_accounts WHERE shop_id = %(shop)s AND customer_id = ANY (%(ids)s)
    UNION SELECT customer_guid FROM orders WHERE shop_id = %(shop)s AND customer_id = ANY (%(ids)s) AND customer_guid IS NOT NULL
    UNION SELECT jsonb_array_elements_text(guids) FROM customer_merges
    WHERE shop_id = %(shop)s AND into_customer_id = ANY (%(ids)s)"""
ORDERS = """
    SELECT id, code, lower(email), name, company, phone, particulars FROM orders
    WHERE shop_id = %(shop)s AND customer_id = ANY (%(ids)s)"""
OTHERS = "SELECT lower(email) FROM customers WHERE shop_id = %(shop)s AND lower(email) = ANY (%(emails)s) AND id <> ALL (%(ids)s)"
CARRYING = """
    SELECT id, code, lower(email), name, company, phone, particulars FROM orders
    WHERE shop_id = %(shop)s AND lower(email) = ANY (%(emails)s) AND customer_id IS NOT NULL AND customer_id <> ALL (%(ids)s)"""


@dataclass
class Subject:
    """One person of one shop. `texts` are what would tell of them in a sentence, in lower case."""

    shop_id: int
    slug: str
    ids: list[int]
    guids: set[str] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    codes: dict[int, str] = field(default_factory=dict)  # of their orders, by the order's number
    carrying: dict[int, str] = field(
        default_factory=dict
    )  # of other people's orders that only carry an e-mail of theirs
    texts: set[str] = field(default_factory=set)

    @property
    def orders(self) -> dict[int, str]:
        return self.codes | self.carrying

    def marks(self, key: bytes) -> list[bytes]:
        named = [("guid", one) for one in self.guids] + [("email", one) for one in self.emails]
        named += [("code", one) for one in self.codes.values()]
        return sorted({mark(key, self.slug, kind, value) for kind, value in named})


def subject_of(connection: psycopg.Connection[Any], shop_id: int, slug: str, ids: Sequence[int]) -> Subject:
    """Return the person behind these numbers, with those who were merged into them."""
    given: dict[str, Any] = {"shop": shop_id, "ids": list(ids)}
    row = connection.execute(IDS, given).fetchone()
    found = Subject(shop_id, slug, (row and row[0]) or [])
    given["ids"] = found.ids
    for email, name, company, phone, addresses in connection.execute(PEOPLE, given):
        emails = [email, *((addresses or {}).get("emails") or ())]
        found.emails.update(one.lower() for one in emails if one)
        found.texts.update(told(name, company, phone, *emails))
        found.texts.update(of_addresses(addresses or {}))
    found.guids = {guid for (guid,) in connection.execute(GUIDS, given) if not guid.startswith(ERASED)}
    add_orders(connection, found, given)
    found.texts -= staff_words(connection)
    return found


def add_orders(connection: psycopg.Connection[Any], found: Subject, given: dict[str, Any]) -> None:
    """Add their orders, and the e-mails of these that are nobody else's."""
    emails: set[str] = set()
    for id_, code, email, *words, particulars in connection.execute(ORDERS, given):
        found.codes[id_] = code
        found.texts.update(told(*words))
        found.texts.update(of_addresses(particulars))
        emails.update([email] if email else ())
    theirs = {email for (email,) in connection.execute(OTHERS, given | {"emails": list(emails)})}
    found.emails |= emails - theirs
    found.texts.update(told(*found.emails))
    for id_, code, *_ in connection.execute(CARRYING, given | {"emails": list(found.emails)}):
        found.carrying[id_] = code


def of_addresses(kept: Mapping[str, Any]) -> set[str]:
    """Return the names and streets of the addresses of a customer or of an order."""
    found: set[str] = set()
    for value in kept.values():
        for address in value if isinstance(value, list) else [value]:
            if isinstance(address, dict):
                street = " ".join(address[word] for word in STREET if address.get(word))
                found.update(told(address.get(FULL_NAME), address.get("company"), street))
    return found


def told(*words: str | None) -> Iterable[str]:
    """Yield the words as they may stand in a text or in an address, in lower case."""
    for word in words:
        if word and len(word) >= SHORTEST:
            plain = word.lower()
            yield from {
                plain,
                fold(plain),
                quote(plain).lower(),
                quote_plus(plain).lower(),
                quote_plus(fold(plain)).lower(),
            }


def staff_words(connection: psycopg.Connection[Any]) -> set[str]:
    """Return what names those who work here: of them the trail goes on telling."""
    return {word for row in connection.execute("SELECT lower(email), lower(name) FROM staff") for word in row}
