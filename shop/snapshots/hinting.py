"""Asks for what changed as soon as a platform hints at it: at most once a minute, and never beside a live run."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from shop import task_runs
from shop.db import db
from shop.platforms.records import Kind
from shop.shops import problems
from shop.shops.models import Shop
from shop.snapshots import runs
from shop.snapshots.coverage import changes_from, rests
from shop.snapshots.models import Snapshot, WebhookNotice

BY = "webhook"
APART = timedelta(minutes=1)  # between two runs of one shop and kind, when hints ask for the second
FRESH = timedelta(hours=1)  # the schedule has long overtaken a hint that nobody took up for so long


def take_up(shop: Shop, kind: Kind) -> int | None:
    """Ask for the changes of a kind, if a hint came since they were last asked for; return the run. The caller commits.

    A hint that comes while a run is live, or too soon after one, stays and is taken up by whoever looks next.
    """
    now = task_runs.now()
    asked_at = last_asked_at(shop.id, kind, now)
    if now - asked_at < APART or not was_hinted(shop.id, kind, asked_at):
        return None
    if problems.keeps_from_asking(shop) or rests(shop.id, kind, now):
        return None
    since = changes_from(shop.id, kind, now)
    if since is None:
        return None  # there is nothing to build on: the schedule asks for everything
    try:
        return runs.request_fetch(shop, kind, BY, since).id
    except (runs.AlreadyRunning, runs.Resting):
        return None


def take_up_all() -> list[int]:
    """Take up what was left for later, of every shop; return the runs asked for. The caller commits."""
    fresh = select(WebhookNotice.shop_id, WebhookNotice.kind).where(
        WebhookNotice.kind.is_not(None), WebhookNotice.received_at > func.now() - FRESH
    )
    found = db.session.execute(fresh.distinct()).all()
    taken = [take_up(db.session.get_one(Shop, shop_id), Kind(kind)) for shop_id, kind in found if kind]
    return [run for run in taken if run is not None]


def last_asked_at(shop_id: int, kind: Kind, now: datetime) -> datetime:
    """Return when the platform was last asked for the kind; no earlier than an hour ago."""
    latest = select(func.max(Snapshot.requested_at)).where(
        Snapshot.shop_id == shop_id, Snapshot.kind == kind, Snapshot.way.is_not(None)
    )
    earliest = now - FRESH
    return max(db.session.scalar(latest) or earliest, earliest)


def was_hinted(shop_id: int, kind: Kind, since: datetime) -> bool:
    hint = select(WebhookNotice.key).where(
        WebhookNotice.shop_id == shop_id, WebhookNotice.kind == kind, WebhookNotice.received_at > since
    )
    return db.session.scalar(hint.limit(1)) is not None
