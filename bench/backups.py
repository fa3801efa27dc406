"""A copy of a large installation while its site is used: how long dump, restore and comparison take, and whom they hold up."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import psycopg
from flask_migrate import upgrade

from bench.lines import LINES_AN_ORDER, fill
from bench.meter import Meter, spread
from bench.table import Row
from shop.backups import taking
from shop.backups.models import Backup
from shop.config import Config
from shop.db import db
from shop.factory import create_app

LINES = int(os.environ.get("BENCH_BACKUP_LINES", "1000000"))
LIMIT = 120.0  # seconds for 8.2 million lines on two cores, from the first byte to the last row compared
FULL = 8_200_000
QUIET = 20.0  # seconds in which the page is opened while nothing else goes on
PAUSE = 0.1  # seconds between two visits
SLOWER = 2.0  # times its quiet 95th percentile that the page may take
PAGE = "/orders/?shop=lines"
Visits = list[tuple[float, float]]  # when a page was asked for, on the monotonic clock, and for how long; seconds
PHASES = {"dump": "dump", "read": "read the rows of the moment", "check": "check the files", "restore": "restore", "compare": "compare"}  # fmt: skip


def run(config: Config) -> list[Row]:
    """Fill, look at the page alone, then take a copy and prove it while the page is looked at."""
    app = create_app(config)
    with app.app_context():
        upgrade()
        with psycopg.connect(config.database_url, autocommit=True) as connection:
            fill(connection, LINES // LINES_AN_ORDER)
        with visiting(config) as end:
            time.sleep(QUIET)
            began = time.monotonic()
            steps: list[tuple[str, float]] = []

            def heard(phase: str, _at: int, _of: int) -> None:
                if not steps or steps[-1][0] != phase:
                    steps.append((phase, time.monotonic()))

            backup_id, found = taking.take("bench", heard)
            ended = time.monotonic()
            visits = end()
        copy = db.session.get_one(Backup, backup_id)
        rows = reported(copy, found, [*steps, ("", ended)], began, visits)
        db.session.remove()
        db.engine.dispose()
    return rows


def reported(copy: Backup, found: list[str], steps: list[tuple[str, float]], began: float, visits: Visits) -> list[Row]:
    total, limit = steps[-1][1] - began, LIMIT * max(LINES, 1) / FULL
    parts = [f"{PHASES[name]} {until - at:.1f}" for (name, at), (_, until) in pairwise(steps)]
    quiet = spread(took * 1000 for at, took in visits if at + took < began)
    busy = spread(took * 1000 for at, took in visits if began <= at <= steps[-1][1])
    ratio = busy.p95 / quiet.p95
    return [
        Row(f"a copy of {LINES:,} lines, proven", f"{total:.1f} s ({', '.join(parts)})", f"{limit:.0f} s: {LIMIT:.0f} s for {FULL:,}", total <= limit),
        Row("… rows compared, size", f"{copy.table_rows or 0:,} rows, {(copy.bytes or 0) / 1e6:,.0f} MB"),
        Row("… differences", f"{len(found)}", "0", not found),
        Row("the list of orders meanwhile, 50th and 95th percentile", f"{busy} against {quiet} alone"),
        Row("… slower by", f"{ratio:.2f}x", f"at most {SLOWER:.0f}x", ratio <= SLOWER),
    ]  # fmt: skip


@contextmanager
def visiting(config: Config) -> Iterator[Callable[[], Visits]]:
    """Let a process of its own open the page until the answer is asked for."""
    context = multiprocessing.get_context("spawn")
    stop, answers = context.Event(), context.Queue()
    values = (config.database_url, config.redis_url, config.secret_key, str(config.data_dir))
    process = context.Process(target=visit, args=(values, stop, answers), daemon=True)
    process.start()
    answers.get(timeout=60)

    def end() -> Visits:
        stop.set()
        found: Visits = answers.get(timeout=60)
        return found

    try:
        yield end
    finally:
        stop.set()
        process.join(10)


def visit(values: tuple[str, str, str, str], stop: Event, answers: Any) -> None:
    url, redis_url, secret, folder = values
    app = create_app(Config(url, redis_url, secret, Path(folder)))
    visits: Visits = []
    with app.app_context():
        meter = Meter(app, "")
        meter.visits(PAGE, 3)
        answers.put(None)
        while not stop.wait(PAUSE):
            began = time.monotonic()
            meter.visit(PAGE)
            visits.append((began, time.monotonic() - began))
    answers.put(visits)
