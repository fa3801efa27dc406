"""Fills an empty, migrated database at full size: sets of rows, several connections, no index in the way."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from bench.scale import statements
from bench.scale.shops import EARLIEST, Days, ScaleShop, days_of, shops_of
from bench.scale.sources import TO_DRAW_FROM, write_catalogue, write_names
from shop.partitions.creating import ensure
from shop.partitions.quarters import AHEAD, Quarter, through
from shop.platforms.shoptet.platform import SHOPTET
from shop.simulator.seasons import HOURS

CONNECTIONS = 2
PIECE = 40_000  # orders that one transaction makes
SEED = 1_000
RETURNED = "40"
EARLIEST_LINES = datetime.combine(EARLIEST, datetime.min.time(), UTC) - timedelta(
    days=101
)  # of the orders whose date the shop moved by 100
KINDS = ("orders", "customers", "products")
REBUILT = ("orders", "customers", "customer_metrics", "customer_accounts", "products", "product_variants", "daily_product_sales", "product_metrics")  # fmt: skip
SETTINGS = """
SET timezone = 'UTC'; SET work_mem = '128MB'; SET maintenance_work_mem = '512MB'; SET synchronous_commit = off; SET jit = off;
SET session_replication_role = replica"""  # foreign keys hold by how the rows are made; looking each up would take longer than all else
ADD_SHOP = (
    "INSERT INTO shops (slug, name, platform, currency, timezone) VALUES (%s, %s, 'shoptet', %s, %s) RETURNING id"
)
ADD_STATUS = "INSERT INTO order_statuses (shop_id, code, name, category, counted) VALUES (%s, %s, %s, %s, %s)"
ADD_SNAPSHOT = """
INSERT INTO snapshots (shop_id, kind, mode, state, phase, requested_by, requested_at, started_at, finished_at, as_of)
VALUES (%(shop)s, %(kind)s, 'full', 'done', 'done', 'benchmark', %(at)s, %(at)s, %(at)s, %(at)s) RETURNING id"""
INDEXES = """
SELECT c.relname, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY(%s::regclass[]) AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)
ORDER BY pg_relation_size(i.indrelid) DESC, c.relname"""

STANDING = """
SELECT EXISTS (SELECT 1 FROM shops), EXISTS (SELECT 1 FROM orders), to_regclass('scale_people') IS NOT NULL"""

Work = Callable[[psycopg.Connection[Any]], None]


@dataclass(frozen=True)
class Filled:
    """What was made: the slugs, how many rows, and how long it took."""

    slugs: list[str]
    orders: int
    lines: int
    customers: int
    seconds: float


@dataclass(frozen=True)
class Stored:
    """A shop that is about to be filled, with the values that its statements ask for."""

    shop: ScaleShop
    shop_id: int
    values: dict[str, Any]


def fill(database_url: str, scale: float, end: date, *, report: Callable[[str], None] = lambda _words: None) -> Filled:
    """Add five shops with orders up to `end`. The same scale and day give the same rows. Raises where there are shops already.

    Lines go into one plain table, or into quarters, as the database was migrated. To be called in an application's context.
    """
    began = time.monotonic()
    ensure(through(Quarter.of(EARLIEST_LINES), Quarter.of(datetime.now(UTC)).plus(AHEAD)), "benchmark")
    with connected(database_url) as connection:
        if connection.execute("SELECT EXISTS (SELECT 1 FROM shops)").fetchone() != (False,):
            raise RuntimeError("This database has shops already; the benchmark fills only an empty one.")
        stored = [described(connection, shop, end) for shop in shops_of(scale)]
        for statement in TO_DRAW_FROM:
            connection.execute(statement)
        indexes = connection.execute(INDEXES, (list(REBUILT),)).fetchall()
        for name, _ in indexes:
            connection.execute(f'DROP INDEX "{name}"')
    together(database_url, [sources(each) for each in stored])
    report(f"catalogues and people after {time.monotonic() - began:.0f} s")
    with connected(database_url) as connection:
        connection.execute("ANALYZE scale_people, scale_goods")
    together(database_url, [piece(each, days) for each in stored for days in days_of(each.shop, end, PIECE)])
    report(f"orders and lines after {time.monotonic() - began:.0f} s")
    together(database_url, [afterwards(each) for each in stored])
    together(database_url, [made(definition) for _, definition in indexes])
    report(f"metrics and indexes after {time.monotonic() - began:.0f} s")
    with connected(database_url) as connection:
        finish(connection)
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            for table in ("orders", "order_items", "customers")
        ]
    found = [count[0] for count in counts if count]
    return Filled([each.shop.slug for each in stored], found[0], found[1], found[2], time.monotonic() - began)


def is_filled(database_url: str) -> bool:
    """Whether a database that was kept has been filled before. Raises where the filling broke off: half a shop is no measure."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute(STANDING).fetchone()
    assert row is not None
    found, sold, at_work = row
    if at_work or found != sold:
        raise RuntimeError(
            "The filling of this folder broke off. Nothing was measured; empty the folder, and begin again."
        )
    return bool(found)


@contextmanager
def connected(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(SETTINGS)
        for function in statements.FUNCTIONS:
            connection.execute(function)
        yield connection


def together(database_url: str, works: Sequence[Work]) -> None:
    """Do the works on some connections at once, each in a transaction of its own, in their order."""
    rest = iter(works)

    def work_on() -> None:
        with connected(database_url) as connection:
            for work in rest:
                with connection.transaction():
                    work(connection)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for ended in [pool.submit(work_on) for _ in range(CONNECTIONS)]:
            ended.result()


def described(connection: psycopg.Connection[Any], shop: ScaleShop, end: date) -> Stored:
    """Add the shop, its statuses, and a done run of each kind; return it with the values of its statements."""
    profile, words = shop.profile, shop.profile.language
    until = datetime.combine(end + timedelta(days=1), datetime.min.time(), ZoneInfo(profile.timezone))
    shop_id = number(connection, ADD_SHOP, (shop.slug, shop.slug, profile.currency, profile.timezone))
    for code, name in {**words.statuses, int(RETURNED): "Returned"}.items():
        category = "returned" if str(code) == RETURNED else SHOPTET.status_category(str(code))
        connection.execute(ADD_STATUS, (shop_id, str(code), name, category, SHOPTET.counted_by_default(str(code))))
    runs = {kind: number(connection, ADD_SNAPSHOT, {"shop": shop_id, "kind": kind, "at": until}) for kind in KINDS}
    crowns = profile.currency == "CZK"
    values = {
        "shop": shop_id, "seed": SEED, "snapshot": runs["orders"], "customer_snapshot": runs["customers"], "end": end, "until": until,
        "first_order": shop.first_order, "first_customer": shop.first_customer, "customers": shop.customers, "buyers": shop.buyers,
        "new_people": shop.new_people, "registered": profile.registered, "country": profile.country, "currency": profile.currency,
        "foreign": profile.foreign if profile.foreign_currency else 0.0, "foreign_currency": profile.foreign_currency,
        "foreign_country": profile.foreign_country, "foreign_rate": profile.foreign_rate, "zone": profile.timezone,
        "cash_desk": profile.cash_desk * 2, "appetite": 2.77, "sets": profile.sets, "vat": int(profile.vat), "phone": profile.phone_prefix,
        "names": (len(words.men) + len(words.women)) * len(words.surnames), "cities": [city for city, _ in words.cities],
        "zips": [code for _, code in words.cities], "streets": list(words.streets), "firms": list(words.firms),
        "hours": [reached / sum(HOURS) for reached in accumulate(HOURS)][:-1],
        "shipping": [each.name for each in words.shipping], "shipping_prices": [each.price for each in words.shipping],
        "payment": [each.name for each in words.payment], "payment_prices": [each.price for each in words.payment],
        "free_from": 150_000 if crowns else 6_000, "coupon_word": words.coupon, "volume_word": words.volume_discount,
        "piece": words.piece, "web": words.web, "counter": words.counter, "cash": words.cash, "language": words.code,
        "remark": words.remarks[0],
    }  # fmt: skip
    return Stored(shop, shop_id, values)


def number(connection: psycopg.Connection[Any], statement: str, values: Any) -> int:
    row = connection.execute(statement, values).fetchone()
    assert row is not None
    return int(row[0])


def sources(stored: Stored) -> Work:
    def work(connection: psycopg.Connection[Any]) -> None:
        write_names(connection, stored.shop_id, stored.shop)
        connection.execute(statements.PEOPLE, stored.values)
        write_catalogue(connection, stored.shop_id, stored.shop, SEED)

    return work


def piece(stored: Stored, days: Days) -> Work:
    def work(connection: psycopg.Connection[Any]) -> None:
        goods = "SELECT count(*) FROM scale_goods WHERE shop_id = %s AND rank > 0 AND part_of IS NULL"
        lowest, highest = days.firsts[0] + 1, days.firsts[-1] + days.counts[-1]
        values = stored.values | {
            "days": days.days, "firsts": days.firsts, "counts": days.counts, "lowest": stored.shop.first_order + lowest,
            "highest": stored.shop.first_order + highest, "variants": number(connection, goods, (stored.shop_id,)),
        }  # fmt: skip
        for statement in statements.PIECE:
            connection.execute(statement, values)

    return work


def afterwards(stored: Stored) -> Work:
    def work(connection: psycopg.Connection[Any]) -> None:
        for statement in statements.AFTERWARDS:
            connection.execute(statement, stored.values)

    return work


def made(definition: str) -> Work:
    return lambda connection: connection.execute(definition) and None


def finish(connection: psycopg.Connection[Any]) -> None:
    """Let new rows be numbered behind these, and leave the tables as autovacuum would after a while."""
    connection.execute("DROP TABLE scale_people, scale_names, scale_goods")
    for table in ("orders", "customers", "products", "product_variants"):
        connection.execute(f"SELECT setval('{table}_id_seq', max(id)) FROM {table}")
    connection.execute("VACUUM (ANALYZE)")
