"""The quarterly maintenance on a full table while its site is used: what retiring old quarters takes, and whom it holds up."""

import time

import psycopg
from flask import Flask

from bench.locking import sampled
from bench.meter import spread
from bench.table import Row
from bench.visiting import Visits, visiting
from shop.config import Config
from shop.partitions.maintenance import Report, maintain

QUIET = 20.0  # seconds in which the page is opened while nothing else goes on
PAGE = "/orders/"


def run(config: Config, app: Flask) -> list[Row]:
    """Let everything that is past retention be retired: written to files, restored, compared, detached."""
    before = lines(config)
    with app.app_context(), visiting(config, PAGE) as end, sampled(config.database_url) as sampler:
        time.sleep(QUIET)
        began = time.monotonic()
        report = maintain(config, "bench", clock_is_right=True)
        ended = time.monotonic()
        visits = end()
    return reported(report, before - lines(config), (began, ended), visits, sampler.longest)


def lines(config: Config) -> int:
    with psycopg.connect(config.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM order_items").fetchone()
    return int(row[0]) if row else 0


def reported(report: Report, retired: int, span: tuple[float, float], visits: Visits, held: float) -> list[Row]:
    began, ended = span
    quarters = sum(step.kind == "retire" for step, _ in report.done)
    if not quarters:  # of a database that was measured before: there is nothing left to retire
        return [
            Row(
                "maintenance of a table that needs none",
                f"{ended - began:.1f} s",
                "nothing refused",
                not report.refused,
            )
        ]
    quiet = spread(took * 1000 for at, took in visits if at + took < began)
    busy = spread(took * 1000 for at, took in visits if began <= at <= ended)
    ratio = busy.p95 / quiet.p95
    return [
        Row(
            f"maintenance: {quarters} quarters of {retired:,} lines retired, each restored and compared",
            f"{ended - began:.1f} s",
            "nothing refused",
            not report.refused,
        ),
        Row("… the table held exclusively", f"{held * 1000:.0f} ms", "never", held == 0),
        Row("… the list of orders meanwhile, 50th and 95th percentile", f"{busy} against {quiet} alone"),
        Row("… slower by", f"{ratio:.2f}x"),
    ]
