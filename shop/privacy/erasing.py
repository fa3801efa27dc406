"""Erases a person: every attribute goes, the amounts stay under an anonymous identity, and nothing brings them back."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog
from psycopg import sql

from shop.audit.recording import Action, record
from shop.config import Config
from shop.customers.erasure_keys import current_key
from shop.customers.tombstones import ERASED
from shop.db import db, session_connection
from shop.errors import Conflict
from shop.languages import gettext as _
from shop.locks import held
from shop.privacy import journal, traces
from shop.privacy.subject import Subject, subject_of
from shop.search import fold
from shop.shops.models import Shop

log = structlog.get_logger()
LIVE_PREVIEWS = """
    SELECT id FROM snapshots WHERE shop_id = %s AND purpose = 'preview' AND state IN ('queued', 'running')"""
BURY = """
    INSERT INTO tombstones (shop_id, guid, mark, key_id, erased_at)
    SELECT %(shop)s, %(guid)s, m, %(key)s, clock_timestamp() FROM unnest(%(marks)s::bytea[]) AS m ON CONFLICT DO NOTHING"""
PEOPLE = """
    UPDATE customers SET email = NULL, name = NULL, company = NULL, phone = NULL, city = NULL, group_name = NULL, price_ratio = NULL,
           remark = NULL, addresses = NULL, created_at = NULL, registered = false, search = '', erased_at = clock_timestamp()
    WHERE shop_id = %(shop)s AND id = ANY (%(ids)s)"""
ACCOUNTS = "DELETE FROM customer_accounts WHERE shop_id = %(shop)s AND customer_id = ANY (%(ids)s)"
STAND_IN = """
    INSERT INTO customer_accounts (shop_id, guid, customer_id) VALUES (%(shop)s, %(guid)s, %(first)s)
    ON CONFLICT (shop_id, guid) DO NOTHING"""
MERGES = """
    UPDATE customer_merges SET guids = '[]', evidence = 'erased'
    WHERE shop_id = %(shop)s AND (into_customer_id = ANY (%(ids)s) OR from_customer_id = ANY (%(ids)s))"""
# The words of goods, country, currency and payment stay, and the order's code; what the buyer was found by goes.
ORDERS = """
    UPDATE orders o SET email = NULL, name = NULL, company = NULL, phone = NULL, source_hash = '',
           customer_guid = CASE WHEN o.customer_id = ANY (%(ids)s) THEN %(guid)s ELSE o.customer_guid END,
           particulars = o.particulars - '{billing_address,delivery_address,customer_note,shop_note,tracking_number,changes}'::text[],
           search = (SELECT coalesce(array_to_tsvector(array_agg(word)), '') FROM unnest(tsvector_to_array(o.search)) AS word
                     WHERE (word = w.code OR left(word, 1) IN ('#', '%%', '~', '$', '=')) AND word <> ALL (%(emails)s))
    FROM unnest(%(orders)s::bigint[], %(codes)s::text[]) AS w (id, code) WHERE o.shop_id = %(shop)s AND o.id = w.id"""
FILES = """
    INSERT INTO raw_rewrites (path, shop_id) SELECT DISTINCT file_path, shop_id FROM snapshots
    WHERE shop_id = %(shop)s AND kind IN ('orders', 'customers') AND file_path IS NOT NULL
    ON CONFLICT (path) DO UPDATE SET asked_at = clock_timestamp()"""


@dataclass(frozen=True)
class Touched:
    """What an erasure has changed: rows, and stored files that wait to be written anew."""

    customer_id: int
    guid: str
    orders: int
    quarantined: int
    files: int


@contextmanager
def alone(shop_id: int, config: Config) -> Iterator[None]:
    """Keep every run of the shop's orders and customers out: neither sees half of the other. Raises Conflict."""
    with db.engine.connect() as connection:
        previews = [id_ for (id_,) in connection.exec_driver_sql(LIVE_PREVIEWS, (shop_id,))]
    keys = [f"snapshot:{shop_id}:{kind}" for kind in ("orders", "customers")]
    with ExitStack() as leases:
        try:
            for key in [*keys, *(f"preview:{id_}" for id_ in previews)]:
                leases.enter_context(held(key, config.redis_url))
        except Conflict as error:
            raise Conflict(
                _("A snapshot of this shop is being loaded. Nothing was changed; erase the customer when it is done.")
            ) from error
        yield


def erase(shop: Shop, customer_id: int, config: Config) -> Touched:
    """Erase one customer of a shop, and commit. Raises Conflict while a run of the shop is going on; nothing is changed then."""
    return erased(shop, lambda _connection: [customer_id], f"{ERASED}{secrets.token_hex(8)}", config)


def erased(
    shop: Shop, chosen: Callable[[psycopg.Connection[Any]], Sequence[int]], guid: str, config: Config
) -> Touched:
    """Erase whom `chosen` finds, once no run can bring them in any more, under the guid that stands for them since."""
    shop_id, slug = shop.id, shop.slug
    db.session.rollback()  # leases are waited for with nothing open
    with alone(shop_id, config):
        try:
            connection = session_connection()
            key_id, key = current_key()
            person = subject_of(connection, shop_id, slug, chosen(connection))
            connection.execute(BURY, {"shop": shop_id, "guid": guid, "key": key_id, "marks": person.marks(key)})
            touched = scrub(connection, person, guid)
            record(
                Action.CUSTOMER_ERASED,
                f"customer {touched.customer_id}",
                db.session.get_one(Shop, shop_id),
                orders=touched.orders,
                quarantined=touched.quarantined,
                files=touched.files,
            )
            db.session.commit()
        finally:
            db.session.rollback()  # before the leases are given back
    log.info("customer_erased", shop=slug, customer=touched.customer_id, orders=touched.orders, files=touched.files)
    journal.keep(config.data_dir)
    return touched


def scrub(connection: psycopg.Connection[Any], person: Subject, guid: str) -> Touched:
    """Take the person out of every table. Amounts, days and counts stay as they are, and so does every sum of them."""
    orders = person.orders
    given = {
        "shop": person.shop_id,
        "guid": guid,
        "ids": person.ids,
        "first": person.ids[0] if person.ids else None,
        "orders": list(orders),
        "codes": [fold(code) for code in orders.values()],
        "emails": [fold(email) for email in person.emails],
    }
    connection.execute(PEOPLE, given)
    connection.execute(ACCOUNTS, given)
    if person.ids:
        connection.execute(STAND_IN, given)
    connection.execute(MERGES, given)
    connection.execute(ORDERS, given)
    drop_staged(connection, person.shop_id)
    quarantined = traces.remove(connection, person)
    connection.execute(traces.ONE_AFTER_ANOTHER)
    files = connection.execute(FILES, given).rowcount
    return Touched(person.ids[0] if person.ids else 0, guid, len(orders), quarantined, files)


def drop_staged(connection: psycopg.Connection[Any], shop_id: int) -> None:
    """Drop what runs have read and not published: they begin again from their files, without the person."""
    staged = connection.execute(
        """SELECT c.relname, s.id FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           JOIN snapshots s ON c.relname LIKE 's' || s.id || '\\_%%'
           WHERE n.nspname = 'staging' AND c.relkind = 'r' AND s.shop_id = %s""",
        (shop_id,),
    ).fetchall()
    for name, _id in staged:
        connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("staging", name)))
    connection.execute(
        "UPDATE snapshots SET cursor_line = 0 WHERE id = ANY (%s) AND state <> 'done'", ([id_ for _, id_ in staged],)
    )
