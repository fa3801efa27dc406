"""What the schedule has done: snapshots asked for, figures checked, what is no longer needed cleared away."""

import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import delete, func, or_, select

from shop import heartbeats, task_runs
from shop.analytics.invariants import differences
from shop.config import Config
from shop.db import db
from shop.errors import ShopError
from shop.formatting import plural
from shop.platforms.failures import PlatformFailure, WebhookMissing
from shop.platforms.records import Kind
from shop.platforms.registry import platform
from shop.shops import problems, webhook_registration
from shop.shops.models import Shop
from shop.snapshots import overwriting, runs
from shop.snapshots.coverage import changes_from, last_done, rests
from shop.snapshots.jobs import enqueue
from shop.snapshots.models import LIVE, ReportedDeletion, Snapshot, WebhookNotice
from shop.snapshots.rawstore import raw_folder
from shop.snapshots.reopening import reopen_due
from shop.staff.models import SignIn
from shop.staff.sessions import KEPT as SESSIONS_KEPT

BY = "schedule"
MOST_KEPT = 50  # differences that a check writes down
RUNS_KEPT = NOTICES_KEPT = timedelta(days=30)
HEARTBEATS_KEPT = timedelta(days=1)
PARTS_KEPT = 24 * 3600  # seconds since a file that was never finished was last written to
OF_A_RUN = re.compile(r"run-(\d+)\.")
log = structlog.get_logger()


@dataclass(frozen=True)
class Outcome:
    """What a chore has done, in a sentence; `then` is called once it is committed."""

    words: str
    state: str = "done"
    details: dict[str, Any] | None = None
    then: Callable[[], object] | None = None


class Later(ShopError):
    """The chore cannot be done at this moment, and shall be begun again a little later."""

    def __init__(self, wait: timedelta, why: str) -> None:
        super().__init__(why)
        self.wait = wait


def can_be_asked(shop: Shop) -> bool:
    """Whether a shop's platform can be asked by itself: connected, not paused, no problem that waits for a person."""
    reachable = shop.credentials is not None and platform(shop.platform).remote is not None
    return reachable and not problems.keeps_from_asking(shop)


def last_snapshots(kind: Kind, *, whole: bool) -> dict[int, datetime]:
    return last_done(kind.value, only_whole=whole)


def ask_for_changes(kind: Kind, shop: Shop) -> Outcome:
    """Ask for what changed since the last good snapshot; for everything where there is nothing to build on.

    Idempotent: the request is committed together with the end of this run, and a second live one is refused.
    """
    now = task_runs.now()
    if rests(shop.id, kind.value, now):
        return Outcome("The last one failed; the platform is asked again an hour after that.", "skipped")
    since = changes_from(shop.id, kind.value, now)
    return asked(kind, shop, since, lambda live: Outcome(f"Snapshot {live} is still going.", "skipped"))


def ask_for_all(kind: Kind, shop: Shop) -> Outcome:
    """Ask for everything; after a run of changes that is just going on. Idempotent like `ask_for_changes`."""

    def meanwhile(live_id: int | None) -> Outcome:
        live = db.session.get(Snapshot, live_id) if live_id else None
        if live is None or live.mode == "partial":
            raise Later(timedelta(minutes=1), f"Waits until snapshot {live_id or ''} is over.")
        return Outcome(f"Snapshot {live.id} of everything is still going.", "skipped")

    return asked(kind, shop, None, meanwhile)


def asked(kind: Kind, shop: Shop, since: datetime | None, meanwhile: Callable[[int | None], Outcome]) -> Outcome:
    try:
        snapshot = runs.request_fetch(shop, kind.value, BY, since)
    except runs.AlreadyRunning as error:
        return meanwhile(error.snapshot_id)
    except runs.Resting as error:
        return Outcome(error.message, "skipped")
    what = f"changes since {since:%Y-%m-%d %H:%M} UTC" if since else "everything"
    return Outcome(f"Snapshot {snapshot.id} asked for: {what}.", then=partial(enqueue, snapshot.id))


def retry_failed() -> Outcome:
    """Take failed runs up again whose hour has come. Idempotent: what was taken up is committed with the end of this run."""
    taken = reopen_due()
    if not taken:
        return Outcome("No failed snapshot was due.")

    def wake() -> None:
        for snapshot_id in taken:
            enqueue(snapshot_id)

    return Outcome(f"Tried again: {', '.join(f'snapshot {snapshot_id}' for snapshot_id in taken)}.", then=wake)


def check_figures(shop: Shop) -> Outcome:
    """Compare every stored figure of a shop with its orders. Changes nothing; a large shop takes minutes."""
    shop_id, slug = shop.id, shop.slug
    found = list(islice(differences(shop_id), MOST_KEPT))
    if not found:
        return Outcome("Every figure is what its orders add up to.")
    for one in found:
        log.error("figure_differs", shop=slug, **asdict(one))
    more = " or more" if len(found) == MOST_KEPT else ""
    first = found[0]
    words = (
        f"{plural(len(found), 'figure', 'figures')}{more} differ from the orders, "
        f"first {first.what}: kept {first.kept}, orders make {first.made}."
    )
    return Outcome(words, "failed", {"differences": [asdict(one) for one in found]})


def check_webhook(shop: Shop) -> Outcome:
    """Look whether the platform still tells of a shop's exports, and register again what it has dropped.

    A missing webhook marks the shop without keeping it from being asked. Idempotent; nothing is open meanwhile.
    """
    config: Config = current_app.extensions["pult"]
    try:
        found = webhook_registration.put_right(shop, config, db.session.commit)
    except WebhookMissing as failure:
        problems.note(shop, failure.code, f"{failure.happened} {failure.mend}")
        return Outcome(failure.message, "failed")
    except PlatformFailure as failure:
        return Outcome(failure.message, "failed")
    where = webhook_registration.host(found.hook)
    if found.is_new or found.key:
        webhook_registration.keep(shop, found, config.secret_key)
        return Outcome(f"The webhook was gone or had no key; it is registered at {where} again.")
    if shop.problem_code == WebhookMissing.code:
        problems.clear(shop)
    return Outcome(f"The webhook is registered at {where}.")


def keep_house() -> Outcome:
    """Clear away what nobody needs any more. Idempotent; each step is bounded by what a month leaves."""
    config: Config = current_app.extensions["pult"]
    gone = {
        ("session", "sessions"): old_sessions(),
        ("notice", "notices"): old_notices(),
        ("overwritten order", "overwritten orders"): overwriting.forget(),
        ("reported deletion", "reported deletions"): old_deletions(),
        ("run", "runs"): task_runs.forget(RUNS_KEPT),
        ("heartbeat", "heartbeats"): heartbeats.forget(HEARTBEATS_KEPT),
        ("unfinished file", "unfinished files"): unfinished_files(config.data_dir),
    }
    told = [plural(count, *nouns) for nouns, count in gone.items() if count]
    return Outcome(f"Cleared away: {', '.join(told)}." if told else "There was nothing to clear away.")


def old_sessions() -> int:
    old = func.now() - SESSIONS_KEPT
    gone = delete(SignIn).where(or_(SignIn.expires_at < old, SignIn.ended_at < old)).returning(SignIn.token_hash)
    return len(db.session.execute(gone).all())


def old_notices() -> int:
    gone = delete(WebhookNotice).where(WebhookNotice.received_at < func.now() - NOTICES_KEPT)
    return len(db.session.execute(gone.returning(WebhookNotice.key)).all())


def old_deletions() -> int:
    """Forget what runs were told that ended a month ago; what they marked as deleted stays marked."""
    old = select(Snapshot.id).where(Snapshot.finished_at < func.now() - RUNS_KEPT)
    gone = delete(ReportedDeletion).where(ReportedDeletion.snapshot_id.in_(old))
    return len(db.session.execute(gone.returning(ReportedDeletion.key)).all())


def unfinished_files(data_dir: Path) -> int:
    """Remove parts and peelings that nothing was written to for a day, and that belong to no live run."""
    live = set(db.session.scalars(select(Snapshot.id).where(Snapshot.state.in_(LIVE))))
    oldest = time.time() - PARTS_KEPT
    count = 0
    for path in raw_folder(data_dir).iterdir():
        named = OF_A_RUN.match(path.name)
        if path.suffix not in (".part", ".peeled") or (named and int(named[1]) in live):
            continue
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            count += 1
    return count
