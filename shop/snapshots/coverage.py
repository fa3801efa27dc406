"""How far a shop's records are known: up to which moment nothing can be missing, whatever has run in between."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select

from shop.db import db
from shop.shops.models import Shop
from shop.snapshots.models import FailedSnapshot, Snapshot

AGAIN = timedelta(minutes=10)  # that a request for changes reaches back: clocks differ, and changes are seen late
LONGEST_GAP = timedelta(days=7)  # bridged by changes; after a longer one everything is asked for
REST = timedelta(hours=1)  # between a failure and the next request for changes


def whole() -> ColumnElement[bool]:
    """What makes a run one that brought everything: a full file, or all that the platform's lists had."""
    fetched = and_(Snapshot.way.is_not(None), Snapshot.changed_since.is_(None))
    return or_(Snapshot.mode == "full", fetched)


def covered_until(shop_id: int, kind: str) -> datetime | None:
    """Return the moment up to which every change is loaded; None before the first whole snapshot.

    A run of changes moves it on only if it began at or before it: one that a person asked for in between, from a later
    moment on, leaves a hole.
    """
    of_kind = (Snapshot.shop_id == shop_id, Snapshot.kind == kind, Snapshot.state == "done")
    until = db.session.scalar(select(func.max(Snapshot.as_of)).where(*of_kind, whole()))
    if until is None:
        return None
    since = Snapshot.changed_since
    changes = select(since, Snapshot.as_of).where(*of_kind, since.is_not(None), Snapshot.as_of > until)
    for began, as_of in db.session.execute(changes.order_by(since, Snapshot.as_of)):
        if began is None or as_of is None or began > until:
            break
        until = max(until, as_of)
    return until


def changes_from(shop_id: int, kind: str, now: datetime) -> datetime | None:
    """Return from when on changes are to be asked for; None where only everything will do."""
    until = covered_until(shop_id, kind)
    if until is None or now - until >= LONGEST_GAP or misses_deletions(shop_id, kind):
        return None
    return until - AGAIN


def misses_deletions(shop_id: int, kind: str) -> bool:
    """Whether a run could not hear of all deletions, and no complete file has shown since what is gone."""
    of_kind = (Snapshot.shop_id == shop_id, Snapshot.kind == kind, Snapshot.state == "done")
    complete = select(func.coalesce(func.max(Snapshot.id), 0)).where(*of_kind, whole()).scalar_subquery()
    missed = select(Snapshot.id).where(*of_kind, Snapshot.feed == "too_old", Snapshot.id > complete)
    return db.session.scalar(missed.limit(1)) is not None


def last_done(kind: str, *, only_whole: bool) -> dict[int, datetime]:
    """Return when the last snapshot of the kind was finished, by shop; a shop that never had one is left out."""
    done = select(Snapshot.finished_at).where(
        Snapshot.shop_id == Shop.id, Snapshot.kind == kind, Snapshot.state == "done", Snapshot.purpose == "load"
    )
    done = done.where(whole()) if only_whole else done
    latest = done.order_by(Snapshot.id.desc()).limit(1).scalar_subquery()
    return {shop_id: at for shop_id, at in db.session.execute(select(Shop.id, latest)) if at}


def rests(shop_id: int, kind: str, now: datetime) -> bool:
    """Whether the last run of the kind failed so lately that its changes are not asked for again yet."""
    failed = open_failure(shop_id, kind)
    return failed is not None and now - failed < REST


def open_failure(shop_id: int, kind: str) -> datetime | None:
    """Return when the newest run of the kind failed that neither a success nor a person has settled since."""
    return db.session.scalar(
        select(func.max(FailedSnapshot.failed_at)).where(
            FailedSnapshot.shop_id == shop_id, FailedSnapshot.kind == kind, FailedSnapshot.resolved_at.is_(None)
        )
    )
