"""Reading settings: how long a read takes, how many need the database, and how many queries that spares, in traffic like the demo's."""

import contextvars
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from flask import Flask
from flask_migrate import upgrade
from redis import Redis
from sqlalchemy import event

from bench.meter import Meter, spread
from bench.seeding import fill
from bench.table import Row
from shop import chores, lateness
from shop.config import Config
from shop.db import db
from shop.factory import create_app
from shop.orders.counting import counted
from shop.settings import metering, values
from shop.settings.changing import change
from shop.settings.copies import OWN, Stored
from shop.settings.metering import Source
from shop.settings.options import MAX_RETRIES
from shop.settings.values import value
from shop.shops.queries import all_shops

ORDERS = int(os.environ.get("BENCH_SETTINGS_ORDERS", "6000"))
HOURS = int(os.environ.get("BENCH_SETTINGS_HOURS", "12"))  # of traffic
PAGES = (  # of an hour: somebody works through lists, somebody else looks after the data
    ("/", 12), ("/orders/", 30), ("/orders.json", 20), ("/customers/", 14), ("/products/", 10), ("/snapshots/", 14),
    ("/recovery/", 8), ("/partitions/", 5), ("/backups/", 6), ("/jobs/", 8), ("/settings/", 2),
)  # fmt: skip
READY, STATUSES, PUBLISHES = (
    60,
    6,
    12,
)  # an hour: looks at whether all is ready, checks of the statuses, loads of orders, one of them with a new status
PROCESSES_EACH = 4  # an hour begins with so many processes that know nothing yet
READS = 20_000
P95_LIMIT, HIT_LIMIT, SPARED_LIMIT = 0.2, 0.99, 50  # ms, share, times
OF_SETTINGS = re.compile(r"\b(settings|shop_settings|settings_version)\b")


def run(config: Config) -> list[Row]:
    """Carry the same hours out with copies and without, count what the database is asked, and time single reads."""
    app = create_app(config)
    with app.app_context():
        upgrade()
        with psycopg.connect(config.database_url) as connection:
            slugs = fill(connection, ORDERS)
        meter = Meter(app, ",".join(slugs))
        with_copies, reads = traffic(app, config, meter)
        with without_copies():
            without, _ = traffic(app, config, meter)
        times = [timed_reads(), timed_reads()]
        redis = spread(from_redis(app))
        db.engine.dispose()
    hits = 1 - reads.counts.get(Source.DATABASE.value, 0) / reads.reads
    warm = max(one.p95 for one in map(spread, times))
    return [
        Row("a read in a transaction that knows the version, p95", f"{warm:.4f} ms", f"at most {P95_LIMIT} ms", warm <= P95_LIMIT),
        Row("… the first read of a process, its copy in Redis", str(redis)),
        Row(f"{HOURS} hours like the demo's: reads", str(reads.reads)),
        Row("… that needed no values from the database", f"{hits:.2%}", f"at least {HIT_LIMIT:.0%}", hits >= HIT_LIMIT),
        Row("… queries for settings alone, without copies and with", f"{without} and {with_copies}"),
        Row("… times as many without", f"{without / max(with_copies, 1):.0f}x", f"at least {SPARED_LIMIT}x", without >= SPARED_LIMIT * with_copies),
    ]  # fmt: skip


def traffic(app: Flask, config: Config, meter: Meter) -> tuple[int, metering.Reads]:
    """Carry the hours out; return the queries for settings alone, and what the processes counted."""
    metering.METER.due = 0.0
    with Redis.from_url(config.redis_url) as redis:
        redis.delete(metering.TOTALS)
    shops = [shop.id for shop in all_shops()]
    change(MAX_RETRIES, 4 if value(MAX_RETRIES) == 3 else 3)  # a version that nobody has a copy of
    db.session.commit()
    with asked() as queries:
        for _ in range(HOURS):
            for path, times in PAGES:
                for visit in range(times):
                    if visit % (times // PROCESSES_EACH + 1) == 0:
                        OWN.clear()
                    meter.visit(meter.address(path))
            beside(app, shops)
    metering.METER.due = 0.0
    value(MAX_RETRIES)
    found = metering.totals()
    assert found is not None
    return len(queries), found


def beside(app: Flask, shops: list[int]) -> None:
    """What goes on beside the pages: a balancer that looks, checks of the schedule, loads that read what counts."""
    for _ in range(READY):
        apart(app, lateness.troubles)
    for shop in all_shops():
        for _ in range(STATUSES):
            apart(app, lambda shop=shop: chores.bring_statuses_up(db.session.merge(shop)))
    for number in range(PUBLISHES):
        new = ["-3"] if number == 0 else []  # a status that the shop did not have: only that asks what counts
        apart(app, lambda number=number, new=new: counted(shops[number % len(shops)], "shoptet", new))


def apart(app: Flask, work: Callable[[], object]) -> None:
    """Do it in a context of its own, as another process would."""

    def within() -> None:
        with app.app_context():
            work()

    contextvars.Context().run(within)


@contextmanager
def asked() -> Iterator[list[str]]:
    """Collect the statements that ask for settings and for nothing else."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        words = statement.upper()
        is_alone = not re.search(r"STAFF|ORDER_STATUSES|CLOCK_TIMESTAMP", words)
        if is_alone and words.startswith("SELECT") and OF_SETTINGS.search(statement) and "changed_by" not in statement:
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@contextmanager
def without_copies() -> Iterator[None]:
    """Read each value from the database, as if there were neither versions nor copies."""
    kept = values.stored_of

    def stored_of(scope: int) -> tuple[Stored, Source]:
        return values.read(db.session().connection(), scope), Source.DATABASE

    values.stored_of = stored_of
    try:
        yield
    finally:
        values.stored_of = kept


def timed_reads() -> list[float]:
    """Return the milliseconds of each read inside a transaction."""
    db.session.rollback()
    db.session.execute(db.text("SELECT 1"))
    value(MAX_RETRIES)
    spent = []
    for _ in range(READS):
        began = time.perf_counter()
        value(MAX_RETRIES)
        spent.append((time.perf_counter() - began) * 1000)
    return spent


def from_redis(app: Flask) -> list[float]:
    """Return the milliseconds of a first read: the version from PostgreSQL, the values from Redis."""
    spent: list[float] = []

    def first() -> None:
        OWN.clear()
        began = time.perf_counter()
        value(MAX_RETRIES)
        spent.append((time.perf_counter() - began) * 1000)

    for _ in range(500):
        apart(app, first)
    return spent
