"""`python -m tests.chaos.driver`: real workers over real servers, struck at random, compared with a model at the end.

Prints one JSON object: the seed, the faults by kind, the times, and what was lost, doubled or partly visible (nothing).
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from shop.config import Config
from shop.db import db
from shop.factory import create_app
from shop.local.servers import LocalServers
from shop.shops.models import Shop
from shop.snapshots import runs
from shop.snapshots.jobs import enqueue
from shop.snapshots.models import Snapshot
from shop.snapshots.rawstore import store_file
from shop.snapshots.reopening import reopen
from tests.chaos.crew import Crew
from tests.chaos.faults import Faults
from tests.chaos.story import Step, Story, a_story
from tests.snapshots.invariants import broken_invariants

SHOPS, WORKERS = 4, 3
PACE = 0.2  # seconds between two faults, at least
AWAY = (OperationalError, psycopg.OperationalError)
FIGURES = text("""
    SELECT s.slug, count(o.id) FILTER (WHERE o.deleted_at IS NULL), coalesce(sum(o.total_shop) FILTER (WHERE o.deleted_at IS NULL), 0),
           (SELECT count(*) FROM order_items i WHERE i.shop_id = s.id)
    FROM shops s LEFT JOIN orders o ON o.shop_id = s.id GROUP BY s.id""")
ROWS = text("""
    SELECT o.code, o.status_code, o.total_shop, array_agg(i.sku ORDER BY i.line), o.deleted_at IS NOT NULL
    FROM orders o JOIN order_items i ON i.shop_id = o.shop_id AND i.order_id = o.id AND i.created_at = o.items_at
    WHERE o.shop_id = :shop GROUP BY o.id, o.shop_id, o.code""")
GAPS = text("""
    SELECT extract(epoch FROM next.started_at - coalesce(a.ended_at, next.started_at))::float8
    FROM snapshot_attempts a JOIN snapshot_attempts next ON next.snapshot_id = a.snapshot_id AND next.number = a.number + 1
    WHERE a.outcome IN ('killed', 'lost', 'stopped')""")


CORNERED = text("SELECT EXISTS (SELECT FROM snapshots WHERE state IN ('queued', 'running') AND narrowed_to = 1)")
SET_ASIDE = text("SELECT s.slug || ' line ' || q.line FROM quarantined_records q JOIN shops s ON s.id = q.shop_id")


class Drama:
    """One run of the chaos: asks for the files of every shop in turn, strikes, looks on, and checks at the end."""

    def __init__(self, faults: int, seed: int, folder: Path, config: Config, servers: LocalServers) -> None:
        self.wanted, self.seed, self.config = faults, seed, config
        self.dice = random.Random(seed)
        self.stories = self.told(folder)
        armed = folder / "armed"
        armed.mkdir()
        environment = os.environ | {
            "DATABASE_URL": config.database_url, "REDIS_URL": config.redis_url, "SECRET_KEY": config.secret_key,
            "PULT_DATA_DIR": str(config.data_dir), "TZ": "UTC", "PULT_FAULTS": str(armed),
        }  # fmt: skip
        self.crew = Crew(environment, WORKERS, folder / "workers.log")
        self.faults = Faults(self.dice, self.crew, servers, config.redis_url, armed)
        self.struck: Counter[str] = Counter()
        self.partial: list[str] = []
        self.seen = self.by_hand = self.replaced = 0

    def told(self, folder: Path) -> dict[str, Story]:
        """Make enough files for the faults to find work, and the shops that they belong to."""
        files = max(8, self.wanted // 10)
        stories = {}
        for number in range(SHOPS):
            slug = f"chaos-{number}"
            stories[slug] = a_story(slug, files, self.dice, folder)
            db.session.add(Shop(slug=slug, name=slug, platform="shoptet", currency="CZK", timezone="Europe/Prague"))
        db.session.commit()
        return stories

    def play(self) -> dict[str, Any]:
        began, last = time.monotonic(), 0.0
        try:
            while not self.is_over():
                self.faults.thaw()
                self.replaced += self.crew.replace_the_dead()
                self.struck.update(self.faults.sprung())
                if sum(self.struck.values()) < self.wanted and time.monotonic() - last > PACE * self.dice.uniform(
                    0.5, 1.5
                ):
                    last = time.monotonic()
                    self.strike()
                self.look()
                time.sleep(0.05)
        finally:
            self.faults.thaw(everybody=True)
            self.crew.dismiss()
        return self.verdict(time.monotonic() - began)

    def strike(self) -> None:
        """Let a fault strike, unless chance has cornered a run: one that dies again over a single line sets that line aside.

        Where the machine is slow, the pace of the faults is faster than any progress, and an innocent line would be blamed.
        """
        try:
            db.session.rollback()
            cornered = db.session.execute(CORNERED).scalar_one()
        except AWAY:
            db.session.rollback()
            return
        if cornered:
            self.faults.disarm()
        else:
            self.struck.update(filter(None, [self.faults.strike()]))

    def is_over(self) -> bool:
        """Ask for what comes next, as far as the database answers; true once everything is published."""
        try:
            left = [self.advance(story) for story in self.stories.values()]
            return not any(left)
        except AWAY:
            db.session.rollback()
            return False

    def advance(self, story: Story) -> bool:
        """Ask for the shop's next file when the one before is over; return whether any is left."""
        db.session.rollback()
        shop = db.session.scalars(select(Shop).where(Shop.slug == story.slug)).one()
        found = db.session.scalars(select(Snapshot).where(Snapshot.shop_id == shop.id).order_by(Snapshot.id)).all()
        last = found[-1] if found else None
        if last is not None and last.state == "failed":
            self.take_up(last)
        if last is not None and last.state != "done":
            return True
        if len(found) == len(story.steps):
            return False
        self.ask(shop, story.steps[len(found)], f"{story.slug} {len(found)}")
        return True

    def take_up(self, run: Snapshot) -> None:
        """Do what an operator would: try again what is parked."""
        self.by_hand += 1
        run_id = run.id
        reopen(run)
        db.session.commit()
        enqueue(run_id)

    def ask(self, shop: Shop, step: Step, name: str) -> None:
        with step.path.open("rb") as stream:
            file = store_file(stream, name, self.config.data_dir)
        run = runs.request_run(shop.id, "orders", step.mode, "chaos", file, as_of=datetime.now(UTC))
        db.session.commit()
        enqueue(run.id)

    def look(self) -> None:
        """Read what a page would show; it must be what some whole file has led to."""
        try:
            db.session.rollback()
            found = db.session.execute(FIGURES).all()
            db.session.rollback()
        except AWAY:
            db.session.rollback()
            return
        for slug, *figures in found:
            self.seen += 1
            allowed = {(0, Decimal(0), 0), *(step.figures for step in self.stories[slug].steps)}
            if tuple(figures) not in allowed:
                self.partial.append(f"{slug}: {figures}")

    def verdict(self, seconds: float) -> dict[str, Any]:
        db.session.rollback()
        lost, doubled, differing = [], [], []
        for slug, story in self.stories.items():
            shop = db.session.scalars(select(Shop).where(Shop.slug == slug)).one()
            rows = [
                (code, (int(status), total, tuple(skus), gone))
                for code, status, total, skus, gone in db.session.execute(ROWS, {"shop": shop.id})
            ]
            kept, expected = dict(rows), story.rows()
            lost += [f"{slug} {code}" for code in expected if code not in kept]
            doubled += [f"{slug} {code}" for code, count in Counter(code for code, _row in rows).items() if count > 1]
            differing += [
                f"{slug} {code}: {kept[code]} for {expected.get(code)}"
                for code in kept
                if kept[code] != expected.get(code)
            ]
            done = db.session.scalars(select(Snapshot).where(Snapshot.shop_id == shop.id).order_by(Snapshot.id)).all()
            differing += [
                f"{slug} run {run.id}: {run.lines} lines"
                for run, step in zip(done, story.steps, strict=True)
                if run.lines != step.lines
            ]
        gaps = sorted(gap for (gap,) in db.session.execute(GAPS) if gap is not None)
        return {
            "seed": self.seed, "faults": sum(self.struck.values()), "by_kind": dict(self.struck.most_common()), "seconds": round(seconds),
            "runs": sum(len(story.steps) for story in self.stories.values()),
            "attempts": db.session.execute(text("SELECT count(*) FROM snapshot_attempts")).scalar_one(),
            "taken_up_by_hand": self.by_hand, "workers_replaced": self.replaced, "looks": self.seen,
            "set_aside": list(db.session.scalars(SET_ASIDE)), "lost": lost, "doubled": doubled, "differing": differing, "partial": self.partial[:20],
            "invariants": broken_invariants(db),
            "slowest_takeover": round(gaps[-1], 1) if gaps else 0.0, "median_takeover": round(gaps[len(gaps) // 2], 1) if gaps else 0.0,
        }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261126)
    asked = parser.parse_args()
    os.environ["TZ"] = "UTC"
    with tempfile.TemporaryDirectory(prefix="pult-chaos-") as folder, LocalServers(Path(folder)) as servers:
        addresses = servers.start()
        config = Config(addresses.database_url, addresses.redis_url, "a key for chaos only", Path(folder))
        with migrated(config).app_context():
            found = Drama(asked.faults, asked.seed, Path(folder), config, servers).play()
            db.engine.dispose()
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return int(any(found[word] for word in ("set_aside", "lost", "doubled", "differing", "partial", "invariants")))


def migrated(config: Config) -> Flask:
    from flask_migrate import upgrade

    app = create_app(config)
    with app.app_context():
        upgrade()
    return app


if __name__ == "__main__":
    sys.exit(main())
