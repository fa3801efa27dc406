"""A copy of a large installation while its site is used: how long dump, restore and comparison take, and whom they hold up."""

import os
import time
from itertools import pairwise

import psycopg
from flask_migrate import upgrade

from bench.lines import LINES_AN_ORDER, fill
from bench.meter import spread
from bench.seeding import DAILY_SALES
from bench.table import Row
from bench.visiting import Visits, visiting
from shop.backups import taking
from shop.backups.models import Backup
from shop.config import Config
from shop.db import db
from shop.factory import create_app

LINES = int(os.environ.get("BENCH_BACKUP_LINES", "1000000"))
LIMIT = 120.0  # seconds for 8.2 million lines on two cores, from the first byte to the last row compared
FULL = 8_200_000
QUIET = 20.0  # seconds in which the page is opened while nothing else goes on
SLOWER = 2.0  # times its quiet 95th percentile that the page may take
PAGE = "/orders/?shop=lines"
PHASES = {"dump": "dump", "read": "read the rows of the moment", "check": "check the files", "restore": "restore", "compare": "compare"}  # fmt: skip


def run(config: Config) -> list[Row]:
    """Fill, look at the page alone, then take a copy and prove it while the page is looked at."""
    app = create_app(config)
    with app.app_context():
        upgrade()
        with psycopg.connect(config.database_url, autocommit=True) as connection:
            shop = fill(connection, LINES // LINES_AN_ORDER)
            connection.execute(DAILY_SALES, {"shop": shop})  # or the figures' own check would find a difference
        with visiting(config, PAGE) as end:
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
        Row("… differences", "; ".join([str(len(found)), *found[:3]]), "0", not found),
        Row("the list of orders meanwhile, 50th and 95th percentile", f"{busy} against {quiet} alone"),
        Row("… slower by", f"{ratio:.2f}x", f"at most {SLOWER:.0f}x", ratio <= SLOWER),
    ]  # fmt: skip
