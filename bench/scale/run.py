"""The whole measurement at full size: fill, then pages, lookups, peers, totals, and a day's changes, in one run."""

import gc
import os
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text

from bench import maintenance
from bench.meter import Meter
from bench.scale import cases, day, lines, pages, peers, taking
from bench.scale.filling import Filled, fill, is_filled
from bench.scale.shops import ScaleShop, shops_of
from bench.table import Row, printed
from shop.analytics.invariants import differences
from shop.config import Config
from shop.db import db
from shop.factory import create_app

SCALE = float(os.environ.get("SCALE", "1"))
SAMPLES = 20


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
    gc.collect()
    gc.freeze()  # as app.py does for the web
    with app.app_context():
        upgrade()
        rows = (
            [] if is_filled(config.database_url) else filled_rows(fill(config.database_url, scale, end, report=print))
        )
        rows += proven("of the smallest shop, filled", shops_of(scale)[-1].slug)
        rows += measured(config, app, shops_of(scale)[0], end, rounds)
        db.engine.dispose()
    print(f"Load of the machine when it ended: {' '.join(f'{load:.1f}' for load in os.getloadavg())}")
    kept = maintenance.run(config, app)
    with app.app_context():
        kept += proven("of the largest shop, after the maintenance", shops_of(scale)[0].slug)
        db.engine.dispose()
    return [*rows, *kept]


def measured(config: Config, app: Flask, largest: ScaleShop, end: date, rounds: Rounds) -> list[Row]:
    with closing(psycopg.connect(config.database_url, autocommit=True)) as connection:
        found = cases.samples(connection, largest.slug, SAMPLES)
        meter = Meter(app, "", rounds.warm)
        rows = told(pages.deepest(meter, rounds.headline))
        rows += told(pages.lists(meter, cases.examples(found[0]), rounds.each))
        rows += told(pages.others(meter, found, rounds.headline))
        peer, end_of_list = peers.peer_client(config.database_url), pages.cursor_of_the_end(meter)
        rows += told(peers.peers(meter, peer, connection, end_of_list, rounds.each))
        rows += told(lines.quarter_totals(connection, end))
        rows += told(taking.taken_away(meter))
        changes = day.written(connection, largest, end, config.data_dir)
    rows += told(day.imported(environment_of(config), largest, changes, end))
    return rows + proven("of the largest shop, after the changes", largest.slug)


def told(rows: list[Row]) -> list[Row]:
    """Print what is measured at once: what fails later takes nothing away."""
    print(printed(rows), flush=True)
    return rows


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
