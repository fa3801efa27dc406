"""What the schedule has done: snapshots asked for, figures checked, what is no longer needed cleared away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

import structlog
from flask import current_app

from shop import clearing, heartbeats, task_runs
from shop.analytics.invariants import differences
from shop.backups import duplicating, pruning, reproving, taking
from shop.config import Config
from shop.db import db
from shop.errors import Conflict, ShopError
from shop.formatting import plural
from shop.languages import N_, NN_
from shop.languages import gettext as _
from shop.partitions.maintenance import maintain
from shop.platforms.failures import PlatformFailure, WebhookMissing
from shop.platforms.records import Kind
from shop.platforms.registry import platform
from shop.privacy import keeping
from shop.settings.options import HISTORY_DAYS
from shop.settings.values import value
from shop.shops import problems, webhook_registration
from shop.shops.models import Shop
from shop.snapshots import overwriting, raw_files, restating, runs
from shop.snapshots.coverage import changes_from, last_done, rests
from shop.snapshots.jobs import enqueue
from shop.snapshots.models import Snapshot
from shop.snapshots.reopening import reopen_due

SCHEDULE = N_("schedule")
ASKED_BY = ContextVar("asked_by", default=SCHEDULE)
MOST_KEPT = 50  # differences that a check writes down
HEARTBEATS_KEPT = timedelta(days=1)
log = structlog.get_logger()


@contextmanager
def asked_for_by(who: str | None) -> Iterator[None]:
    """Let what a chore makes name the person who asked for it, by their e-mail; without one it was the schedule."""
    token = ASKED_BY.set(who or SCHEDULE)
    try:
        yield
    finally:
        ASKED_BY.reset(token)


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
        return Outcome(_("The last one failed; the platform is asked again an hour after that."), "skipped")
    since = changes_from(shop.id, kind.value, now)
    return asked(kind, shop, since, lambda live: Outcome(_("Snapshot %(num)s is still going.", num=live), "skipped"))


def ask_for_all(kind: Kind, shop: Shop) -> Outcome:
    """Ask for everything; after a run of changes that is just going on. Idempotent like `ask_for_changes`."""

    def meanwhile(live_id: int | None) -> Outcome:
        live = db.session.get(Snapshot, live_id) if live_id else None
        if live is None or live.mode == "partial":
            raise Later(timedelta(minutes=1), _("Waits until snapshot %(number)s is over.", number=live_id or ""))
        return Outcome(_("Snapshot %(num)s of everything is still going.", num=live.id), "skipped")

    return asked(kind, shop, None, meanwhile)


def asked(kind: Kind, shop: Shop, since: datetime | None, meanwhile: Callable[[int | None], Outcome]) -> Outcome:
    try:
        snapshot = runs.request_fetch(shop, kind.value, ASKED_BY.get(), since)
    except runs.AlreadyRunning as error:
        return meanwhile(error.snapshot_id)
    except runs.Resting as error:
        return Outcome(error.message, "skipped")
    words = (
        _("Snapshot %(num)s asked for: changes since %(since)s UTC.", num=snapshot.id, since=f"{since:%Y-%m-%d %H:%M}")
        if since
        else _("Snapshot %(num)s asked for: everything.", num=snapshot.id)
    )
    return Outcome(words, then=partial(enqueue, snapshot.id))


def retry_failed() -> Outcome:
    """Take failed runs up again whose hour has come. Idempotent: what was taken up is committed with the end of this run."""
    taken = reopen_due()
    if not taken:
        return Outcome(_("No failed snapshot was due."))

    def wake() -> None:
        for snapshot_id in taken:
            enqueue(snapshot_id)

    named = ", ".join(_("snapshot %(num)s", num=snapshot_id) for snapshot_id in taken)
    return Outcome(_("Tried again: %(snapshots)s.", snapshots=named), then=wake)


def check_figures(shop: Shop) -> Outcome:
    """Compare every stored figure of a shop with its orders. Changes nothing; a large shop takes minutes."""
    shop_id, slug = shop.id, shop.slug
    found = list(islice(differences(shop_id), MOST_KEPT))
    if not found:
        return Outcome(_("Every figure is what its orders add up to."))
    for one in found:
        log.error("figure_differs", shop=slug, **asdict(one))
    first = {"what": found[0].what, "kept": found[0].kept, "made": found[0].made}
    figures = plural(len(found), "figure", "figures")
    if len(found) == MOST_KEPT:
        figures = _("%(figures)s or more", figures=figures)
    words = _(
        "%(figures)s differ from the orders, first %(what)s: kept %(kept)s, orders make %(made)s.",
        figures=figures,
        **first,
    )
    return Outcome(words, "failed", {"differences": [asdict(one) for one in found]})


def bring_statuses_up(shop: Shop) -> Outcome:
    """Let a shop's figures follow its setting of what counts as a sale. Idempotent; committed under the lease of its orders.

    A snapshot of its orders keeps it out: neither sees half of the other.
    """
    config: Config = current_app.extensions["pult"]
    if not restating.behind(shop):
        return Outcome(_("Every status counts as it is set."))
    try:
        with restating.restated(shop.id, config) as found:
            db.session.commit()
    except Conflict as error:
        raise Later(timedelta(minutes=1), error.message) from error
    return Outcome(str(found))


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
        return Outcome(_("The webhook was gone or had no key; it is registered at %(host)s again.", host=where))
    if shop.problem_code == WebhookMissing.code:
        problems.clear(shop)
    return Outcome(_("The webhook is registered at %(host)s.", host=where))


def maintain_quarters() -> Outcome:
    """Make quarters ahead, retire what is past retention, finish what was interrupted. Idempotent; takes minutes at most."""
    config: Config = current_app.extensions["pult"]
    db.session.rollback()  # it works on a connection of its own
    try:
        report = maintain(config, ASKED_BY.get())
    except Conflict as error:
        raise Later(timedelta(minutes=5), error.message) from error
    return Outcome(report.words, "failed" if report.refused else "done", report.details())


def take_backup() -> Outcome:
    """Take a copy, prove it, and remove what no tier needs. Safe to be done twice; a killed one leaves nothing behind."""
    db.session.rollback()  # it takes minutes, and no transaction may stand open meanwhile
    try:
        backup_id, found = taking.take(ASKED_BY.get())
    except Conflict as error:
        raise Later(timedelta(minutes=5), error.message) from error
    if found:
        words = _("Copy %(num)s is not restorable: %(found)s", num=backup_id, found=found[0])
        return Outcome(words, "failed", {"differences": found[:MOST_KEPT]})
    plan = pruning.prune()
    if not plan.removed:
        return Outcome(_("Copy %(num)s was taken, restored and compared.", num=backup_id))
    removed = plural(len(plan.removed), "old one", "old ones")
    return Outcome(
        _("Copy %(num)s was taken, restored and compared; %(copies)s removed.", num=backup_id, copies=removed)
    )


def prove_backups() -> Outcome:
    """Restore the newest copy of each tier once more. Idempotent; changes nothing but what is known of the copies."""
    db.session.rollback()
    try:
        proved = reproving.reprove(ASKED_BY.get())
    except Conflict as error:
        raise Later(timedelta(minutes=10), error.message) from error
    bad = {backup_id: found for backup_id, found in proved.items() if found}
    if bad:
        each = (_("Copy %(num)s: %(found)s", num=backup_id, found=found[0]) for backup_id, found in bad.items())
        words = " ".join((_("Not restorable any more."), *each))
        return Outcome(words, "failed", {"differences": list(bad.values())})
    if not proved:
        return Outcome(_("There is no copy to prove."), "skipped")
    named = ", ".join(_("copy %(num)s", num=backup_id) for backup_id in proved)
    return Outcome(_("Restorable, as before: %(copies)s.", copies=named))


def has_targets() -> bool:
    config: Config = current_app.extensions["pult"]
    return bool(config.backup_targets)


def send_backups() -> Outcome:
    """Send proven copies to the targets that lack them, and remove there what no tier needs. Idempotent.

    A target that fails is tried again after an hour, then ever more rarely; what it has done to others is nothing.
    """
    db.session.rollback()
    try:
        report = duplicating.catch_up()
    except Conflict as error:
        raise Later(timedelta(minutes=10), error.message) from error
    sent = _("Sent and read back: %(copies)s.", copies=", ".join(report.sent)) if report.sent else ""
    copies = plural(report.removed, "copy", "copies")
    removed = _("Removed from targets: %(copies)s.", copies=copies) if report.removed else ""
    words = " ".join(filter(None, (*report.failed, sent, removed))) or _("Every target has what it needs.")
    return Outcome(words, "failed" if report.failed else "done")


def has_erased() -> bool:
    return keeping.is_needed(current_app.extensions["pult"])


def keep_erased() -> Outcome:
    """Keep erased people out of restored copies and stored files. Idempotent; a large file takes minutes."""
    db.session.rollback()
    try:
        return Outcome(keeping.keep(current_app.extensions["pult"]))
    except Conflict as error:
        raise Later(timedelta(minutes=5), error.message) from error


def keep_house() -> Outcome:
    """Clear away what nobody needs any more. Idempotent; each step is bounded by what a month leaves."""
    config: Config = current_app.extensions["pult"]
    kept, files = timedelta(days=value(HISTORY_DAYS)), clearing.old_files()
    gone = {
        NN_("session", "sessions"): clearing.old_sessions(),
        NN_("one-time link", "one-time links"): clearing.old_links(),
        NN_("notice", "notices"): clearing.old_notices(kept),
        NN_("overwritten order", "overwritten orders"): overwriting.forget(),
        NN_("reported deletion", "reported deletions"): clearing.old_deletions(kept),
        NN_("run", "runs"): task_runs.forget(kept),
        NN_("heartbeat", "heartbeats"): heartbeats.forget(HEARTBEATS_KEPT),
        NN_("unfinished file", "unfinished files"): raw_files.drop_unfinished(config.data_dir),
        NN_("snapshot file", "snapshot files"): len(files),
    }
    told = [plural(count, *nouns) for nouns, count in gone.items() if count]
    words = _("Cleared away: %(what)s.", what=", ".join(told)) if told else _("There was nothing to clear away.")
    return Outcome(words, then=partial(raw_files.remove, files, config.data_dir) if files else None)
