"""The online partitioning of a filled table under four writers: how long it takes, whom it holds up, what it loses (nothing)."""

import multiprocessing
import os
import time
from bisect import bisect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from typing import Any

import psycopg
from flask_migrate import upgrade

from bench.lines import LINES_AN_ORDER, fill
from bench.locking import sampled
from bench.table import Row
from bench.writers import Key, Writer, differences
from shop.config import Config
from shop.db import db
from shop.factory import create_app
from shop.partitions import finishing, record
from shop.partitions.bars import Teller
from shop.partitions.conversion import Converter, become_plain
from shop.partitions.turns import turn

LINES = int(os.environ.get("BENCH_PARTITIONING_LINES", "8200000"))
WRITERS = 4
PAUSE = 0.004  # seconds between two operations of one writer: about 750 a second in all, where the machine can
ALONE = 20.0  # seconds of writers without a conversion: what the machine itself lets them wait
AROUND = 1.0  # seconds before and after the swap that its histogram covers
STEPS = (1, 2, 5, 10, 20, 50, 100)  # milliseconds


@dataclass
class Written:
    """What one writer has done: when each operation began and how long it took (seconds), and what must be there now."""

    waits: list[tuple[float, float]]
    model: dict[Key, tuple[str, int]]
    touched: set[int]
    failures: list[str]


def run(config: Config) -> list[Row]:
    """Fill, convert under load, swap back and forth, compare."""
    app = create_app(config)
    with app.app_context():
        upgrade()
        become_plain()
        with psycopg.connect(config.database_url, autocommit=True) as connection:
            shop = fill(connection, LINES // LINES_AN_ORDER)
            plain = plain_copy(connection)
        rows = measured(config, shop, plain)
        db.engine.dispose()
    return rows


def plain_copy(connection: psycopg.Connection[Any]) -> float:
    """Return the seconds of INSERT … SELECT into a table with the same indexes, in one statement, while nobody writes."""
    connection.execute("CREATE TABLE plain_copy (LIKE order_items INCLUDING ALL)")
    began = time.monotonic()
    connection.execute("INSERT INTO plain_copy SELECT * FROM order_items")
    took = time.monotonic() - began
    connection.execute("DROP TABLE plain_copy")
    connection.execute("CHECKPOINT")
    return took


def measured(config: Config, shop: int, plain: float) -> list[Row]:
    seconds: dict[str, float] = {}
    spans: dict[str, tuple[float, float]] = {}  # when each step began and ended, on the writers' clock

    def step(name: str, **options: Any) -> None:
        with Teller() as teller, turn(config.redis_url, teller.say) as (connection, lease):
            began = time.monotonic()
            getattr(Converter(connection, lease, "bench", teller.tell), name)(**options)
            seconds[name] = time.monotonic() - began
            spans[name] = (began, began + seconds[name])

    with sampled(config.database_url) as quiet, writing(config.database_url, shop) as end:
        before = time.monotonic()
        time.sleep(ALONE)
        spans["alone, before"] = (before, time.monotonic())
        began = time.monotonic()
        for name in ("prepare", "backfill", "verify"):
            step(name)
        quiet.ended.set()
        swapped_at = time.monotonic()
        step("swap")
        total = time.monotonic() - began
        with psycopg.connect(config.database_url) as connection:
            figures = record.needed(connection).figures
        time.sleep(2 * AROUND)
        with old_table_back() as back_at:
            step("roll_back")
        seconds["back"] = back_at[0] - spans["roll_back"][0]
        written = end()
    with psycopg.connect(config.database_url) as connection:
        lost = differences(connection, shop, written)
    waits = [wait for one in written for wait in one.waits]
    during = [
        took for at, took in waits if at + took > swapped_at - AROUND and at < swapped_at + seconds["swap"] + AROUND
    ]
    worst = longest(waits, began, spans["roll_back"][1])
    converting = sorted(took for at, took in waits if began <= at < began + total)
    failures = sum(len(one.failures) for one in written)
    return [
        Row(f"partitioning of {LINES:,} lines", f"{total:.1f} s (prepare {seconds['prepare']:.1f}, copy {seconds['backfill']:.1f}, compare {seconds['verify']:.1f}, swap {seconds['swap']:.2f})", "5 min for 8.2 million", total <= 300 * max(LINES / 8_200_000, 0.1)),
        Row("… against a plain INSERT … SELECT of the same lines, nobody writing", f"{total / plain:.1f}x ({plain:.1f} s)"),
        Row("writers meanwhile", f"{len(converting) / total:,.0f} operations/s, {failures} failed", "0 failed", failures == 0),
        Row("… longest wait of any, to the end of the rollback", f"{worst * 1000:.0f} ms", "100 ms", worst <= 0.1),
        Row("… longest in each step", ", ".join(f"{name} {1000 * longest(waits, *span):.0f} ms" for name, span in spans.items())),
        Row("… 50th, 99th, 99.9th percentile", ", ".join(f"{1000 * converting[int(len(converting) * share)]:.1f} ms" for share in (0.5, 0.99, 0.999))),
        Row("… around the swap", histogram(during)),
        Row("the swap held the table for", f"{figures['held_ms']} ms, at try {figures['tries']}", "10 ms", figures["held_ms"] <= 10),
        Row("the table held exclusively before the swap", f"{quiet.longest * 1000:.0f} ms", "50 ms", quiet.longest <= 0.05),
        Row("rows lost, doubled or old, by the writers' own books", f"{len(lost)}", "0", not lost),
        Row("… and by hash of each quarter, on one snapshot", f"{figures['verified']['rows']:,} equal", "all", holds=True),
        Row("rollback after the swap: everybody on the old table again", f"{seconds['back']:.2f} s", "1 s", seconds["back"] <= 1),
        Row("… and the new table dropped", f"{seconds['roll_back']:.2f} s"),
    ]  # fmt: skip


@contextmanager
def old_table_back() -> Iterator[list[float]]:
    """Note when a rollback goes over to dropping the new table: from then on everybody works on the old one."""
    at: list[float] = []
    clear = finishing.clear

    def noted(*given: Any) -> None:
        at.append(time.monotonic())
        clear(*given)

    finishing.clear = noted
    try:
        yield at
    finally:
        finishing.clear = clear


def longest(waits: list[tuple[float, float]], since: float, until: float) -> float:
    """Return the longest operation, in seconds, that was under way in a span."""
    return max((took for at, took in waits if at + took > since and at < until), default=0.0)


def histogram(waits: list[float]) -> str:
    """Count the operations by how many milliseconds they took."""
    counts = [0] * (len(STEPS) + 1)
    for took in waits:
        counts[bisect(STEPS, took * 1000)] += 1
    names = [f"under {step}" for step in STEPS] + [f"{STEPS[-1]} and more"]
    return ", ".join(f"{name} ms: {count}" for name, count in zip(names, counts, strict=True) if count)


@contextmanager
def writing(url: str, shop: int) -> Iterator[Callable[[], list[Written]]]:
    """Let processes of their own write until the answer is asked for."""
    context = multiprocessing.get_context("spawn")
    stop, answers = context.Event(), context.Queue()
    orders = LINES // LINES_AN_ORDER
    processes = [
        context.Process(target=write, args=(url, shop, orders, number, stop, answers), daemon=True)
        for number in range(WRITERS)
    ]
    for process in processes:
        process.start()
    for _ in processes:
        answers.get()

    def end() -> list[Written]:
        stop.set()
        return [answers.get() for _ in processes]

    try:
        yield end
    finally:
        stop.set()
        for process in processes:
            process.join(10)


def write(url: str, shop: int, orders: int, number: int, stop: Event, answers: Any) -> None:
    def connect() -> psycopg.Connection[Any]:
        return psycopg.connect(url, autocommit=True, options="-c timezone=UTC")

    writer = Writer(connect, shop, range(1 + number, orders + 1, WRITERS), seed=number, pause=PAUSE)
    writer.start()
    answers.put(None)
    stop.wait()
    writer.stop()
    answers.put(Written(writer.waits, writer.model, writer.touched, writer.failures))
