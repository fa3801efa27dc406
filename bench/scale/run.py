"""The whole measurement at full size: fill, then pages, lookups, peers, totals, and a day's changes, in one run."""

import importlib
import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text

from bench.meter import Meter
from bench.scale import cases, day, lines, pages, peers
from bench.scale.filling import Filled, fill, is_filled
from bench.scale.shops import ScaleShop, shops_of
from bench.table import Row
from shop.analytics.invariants import differences
from shop.config import Config
from shop.db import db
from shop.factory import create_app

SCALE = float(os.environ.get("SCALE", "1"))
SAMPLES = 20
BESIDE = (
    "bench.partitioning",
    "bench.maintenance",
)  # measured by modules of their own, where there are such: run(config) gives rows


@dataclass(frozen=True)
class Rounds:
    """How often a page is opened: each of the many filtered lists, each of the few headlines, and before either is counted."""

    each: int = 40
    headline: int = 200
    warm: int = 3


ONCE = Rounds(each=2, headline=2, warm=0)


def run(config: Config, scale: float = SCALE, rounds: Rounds = Rounds()) -> list[Row]:
    """Fill an empty database and take every measurement on it."""
    end = datetime.now(UTC).date() - timedelta(days=1)
    app = create_app(config)
    with app.app_context():
        upgrade()
        rows = (
            [] if is_filled(config.database_url) else filled_rows(fill(config.database_url, scale, end, report=print))
        )
        rows += proven("of the smallest shop, filled", shops_of(scale)[-1].slug)
        rows += measured(config, app, shops_of(scale)[0], end, rounds)
        db.engine.dispose()
    print(f"Load of the machine when it ended: {' '.join(f'{load:.1f}' for load in os.getloadavg())}")
    return [*rows, *(row for module in beside() for row in module(config))]


def measured(config: Config, app: Flask, largest: ScaleShop, end: date, rounds: Rounds) -> list[Row]:
    with closing(psycopg.connect(config.database_url, autocommit=True)) as connection:
        found = cases.samples(connection, largest.slug, SAMPLES)
        meter = Meter(app, "", rounds.warm)
        rows = pages.deepest(meter, rounds.headline)
        rows += pages.lists(meter, cases.examples(found[0]), rounds.each)
        rows += pages.others(meter, found, rounds.headline)
        rows += peers.peers(
            meter, peers.peer_client(config.database_url), connection, pages.cursor_of_the_end(meter), rounds.each
        )
        rows += lines.quarter_totals(connection, end)
        changes = day.written(connection, largest, end, config.data_dir)
    rows += day.imported(environment_of(config), largest, changes, end)
    return rows + proven("of the largest shop, after the changes", largest.slug)


def filled_rows(filled: Filled) -> list[Row]:
    counts = (
        f"{filled.orders:,} orders, {filled.lines:,} lines, {filled.customers:,} customers in {len(filled.slugs)} shops"
    )
    return [Row("made: rows", counts), Row("… in", f"{filled.seconds:,.0f} s")]


def proven(whose: str, slug: str) -> list[Row]:
    """Compare every figure of a shop with the orders it folds."""
    db.session.rollback()
    shop_id = db.session.execute(text("SELECT id FROM shops WHERE slug = :slug"), {"slug": slug}).scalar_one()
    found = sum(1 for _ in differences(shop_id))
    db.session.rollback()
    return [Row(f"figures {whose}, that differ from their orders", f"{found}", "none", found == 0)]


def environment_of(config: Config) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": config.database_url, "REDIS_URL": config.redis_url, "SECRET_KEY": config.secret_key,
        "PULT_DATA_DIR": str(config.data_dir), "TZ": "UTC",
    }  # fmt: skip


def beside() -> Iterator[Callable[[Config], list[Row]]]:
    for name in BESIDE:
        if importlib.util.find_spec(name) is not None:
            yield importlib.import_module(name).run
