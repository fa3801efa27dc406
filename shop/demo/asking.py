"""Asks the demo's shops for snapshots, through the same queue as everybody, and tells what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from shop.audit.recording import Action, record
from shop.db import db
from shop.demo.cast import KINDS
from shop.shops.models import Shop
from shop.snapshots import jobs, runs
from shop.snapshots.models import Snapshot, SnapshotAttempt
from shop.snapshots.progress import Progress, progress
from shop.snapshots.queries import freshness

OVERLAP = timedelta(minutes=2)  # asked for once more: clocks differ, and loading a line twice changes nothing


@dataclass(frozen=True)
class Seen:
    """A run at one moment, free of the session."""

    id: int
    shop: str
    kind: str
    state: str
    progress: Progress
    lines: int
    seconds: float
    error: str | None

    @property
    def name(self) -> str:
        return f"{self.shop} {self.kind}"


def first_runs(shops: Sequence[Shop]) -> list[int]:
    """Ask for everything that was never loaded, or go on with what is on its way; return the runs. Commits."""
    found = []
    for kind in KINDS:
        for shop in shops:
            if newest_done(shop, kind) is None:
                live = runs.live_run(shop.id, kind)
                found.append(woken(live) if live else request(shop, kind))
    return found


def changed(shop: Shop, kind: str) -> int:
    """Ask for what changed since the newest run that is done, or for everything before there is one. Commits."""
    since = newest_done(shop, kind)
    return request(shop, kind, since - OVERLAP if since else None)


def newest_done(shop: Shop, kind: str) -> datetime | None:
    return freshness([shop.id], [kind])[0].as_of


def request(shop: Shop, kind: str, since: datetime | None = None) -> int:
    run = runs.request_fetch(shop, kind, "demo", since)
    record(Action.SNAPSHOT_REQUESTED, f"snapshot {run.id}", shop=shop, kind=run.kind, mode=run.mode)
    db.session.commit()
    return woken(run)


def woken(run: Snapshot) -> int:
    jobs.enqueue(run.id)
    return run.id


def seen(ids: Sequence[int]) -> list[Seen]:
    """Look at runs, in the order of their numbers, and leave no transaction open."""
    latest = (SnapshotAttempt.snapshot_id == Snapshot.id) & (SnapshotAttempt.number == Snapshot.attempts)
    query = (
        select(Snapshot, SnapshotAttempt, Shop.slug)
        .join(Shop, Shop.id == Snapshot.shop_id)
        .outerjoin(SnapshotAttempt, latest)
        .where(Snapshot.id.in_(ids))
        .order_by(Snapshot.id)
    )
    now = datetime.now(UTC)
    found = [seen_now(run, attempt, slug, now) for run, attempt, slug in db.session.execute(query)]
    db.session.rollback()
    return found


def seen_now(run: Snapshot, attempt: SnapshotAttempt | None, slug: str, now: datetime) -> Seen:
    began = run.started_at or run.requested_at
    spent = ((run.finished_at or now) - began).total_seconds()
    return Seen(run.id, slug, run.kind, run.state, progress(run, attempt, now), run.lines, spent, run.error)
