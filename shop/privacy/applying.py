"""Applies erasures again to a database that was restored from an older copy and knows nothing of them."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import psycopg

from shop.config import Config
from shop.customers.erasure_keys import known_erased
from shop.customers.tombstones import Known
from shop.privacy import journal
from shop.privacy.erasing import Touched, erased
from shop.privacy.journal import Entry
from shop.shops.queries import all_shops


def apply(config: Config) -> list[Touched]:
    """Erase again whoever the file names and the database does not know as erased, and bring the file up to the database.

    One person after another, each committed. Raises Conflict while a run of the shop is going on; idempotent.
    """
    shops = {shop.slug: shop for shop in all_shops()}
    done = [
        erased(shops[entry.shop], partial(found, shops[entry.shop].id, entry), entry.guid, config)
        for entry in journal.unknown(config.data_dir)
        if entry.shop in shops  # a shop that this copy does not have yet
    ]
    journal.keep(config.data_dir)
    return done


def found(shop_id: int, entry: Entry, connection: psycopg.Connection[Any]) -> Sequence[int]:
    """Bury the person again, and return the customers whom the marks mean: by e-mail and account, else by their orders."""
    journal.bury(connection, shop_id, entry)
    known = known_erased(connection, shop_id)
    theirs = Known(
        known.slug,
        [(key, {one: guid for one, guid in guids.items() if guid == entry.guid}) for key, guids in known.marks],
    )
    for names in (("email", "guid"), ("code",)):
        people = {
            id_ for id_, kind, value in journal.bearers(connection, shop_id, names) if theirs.guid([(kind, value)])
        }
        if people:
            return sorted(people)
    return []
