"""What is late or silent: tasks past their moment, work without a success, processes that were not heard of."""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from shop import heartbeats, queues, schedule, task_runs
from shop.backups.queries import newest_restorable
from shop.backups.restorability import too_old, worry
from shop.backups.target_lines import current_lines
from shop.backups.wal_archiving import archiving
from shop.boundaries import lifted
from shop.db import db, session_connection
from shop.formatting import duration
from shop.languages import N_, retold, said
from shop.languages import gettext as _
from shop.partitions import soundness
from shop.schedule import Entry, titled
from shop.settings import values
from shop.shops.models import Shop
from shop.task_runs import Pair, TaskRun

SCHEDULER_SILENT = timedelta(minutes=2)
TICK_SILENT = timedelta(minutes=5)
WORKER_SILENT = timedelta(seconds=90)
AHEAD = timedelta(minutes=5)  # that a decided moment may lie in the future; more, and the clock has gone back
SILENT = {
    heartbeats.SCHEDULER: N_("The scheduler has not been heard of for %(spent)s."),
    heartbeats.TICKED: N_("The tick has not been heard of for %(spent)s."),
}


@dataclass(frozen=True)
class Trouble:
    """Something that should have happened and did not, in a sentence.

    `part` is schedule, workers, tasks (late ones), work (that has not succeeded for too long), partitions, backups, or targets.
    """

    part: str
    sentence: str
    shop_id: int | None = None  # whose, where it is one shop's; only who may see that shop is told


def troubles() -> list[Trouble]:
    """Return everything that is late or silent now, by the database's clock; what is silent first.

    There is none before the first word of anybody: nothing was started yet.
    """
    first = heartbeats.first_heard()
    if first is None:
        return []
    now = the_moment()
    return [*silent(first, now), *copies(first, now), *quarters(now), *late(now)]


def copies(first: datetime, now: datetime) -> Iterator[Trouble]:
    """Tell what a disaster would take: what came since the newest proven copy, the last one on a target, the last WAL archived.

    A new installation has a night to make its first copy.
    """
    newest, limit = newest_restorable(), too_old()
    words = worry(newest, now, limit)
    if words and (newest or now - first > limit):
        yield Trouble("backups", words)
    for sentence in current_lines(now).worries:
        yield Trouble("targets", sentence)  # named, unlike in /health/ready, which anybody may read
    wal = archiving(session_connection())
    if wal and wal.worry:
        yield Trouble("backups", wal.worry)


def the_moment() -> datetime:
    """Return the database's time. The version of the settings comes along, as they say how late is too late."""
    now, version = db.session.execute(select(func.clock_timestamp(), values.version())).one()
    values.note_version(version)
    moment: datetime = now
    return moment


def quarters(now: datetime) -> Iterator[Trouble]:
    """Tell of quarters whose lines have no place, or are not seen."""
    for sentence in soundness.critical(session_connection(), now):
        yield Trouble("partitions", sentence)


def silent(first: datetime, now: datetime) -> Iterator[Trouble]:
    """Tell of parts that were not heard of, counted from the first word of anybody."""
    heard = {part.part: part.heard_at for part in heartbeats.last_heard()}
    for part, patience in ((heartbeats.SCHEDULER, SCHEDULER_SILENT), (heartbeats.TICKED, TICK_SILENT)):
        if now - heard.get(part, first) > patience:
            yield Trouble("schedule", said(SILENT[part]) % {"spent": long(now - heard.get(part, first))})
    for name in queues.ALL:
        if now - heard.get(name, first) > WORKER_SILENT:
            spent = long(now - heard.get(name, first))
            yield Trouble("workers", _("Nobody has served the queue %(queue)s for %(spent)s.", queue=name, spent=spent))


def late(now: datetime) -> Iterator[Trouble]:
    """Tell of tasks whose moment has passed undecided or undone, and of work that has not succeeded for too long."""
    for found in by_pair(list(schedule.pairs()), now).values():
        yield from found


def by_pair(asked: Sequence[tuple[Entry, Shop | None]], now: datetime) -> dict[Pair, list[Trouble]]:
    """Return what is late of each entry and shop; one that was never decided is not."""
    keys = [schedule.key_of(entry, shop) for entry, shop in asked]
    known, done = task_runs.newest(keys), task_runs.newest(keys, ("done",))
    firsts = task_runs.first_moments(key for key in keys if key in known)
    elsewhere = {entry.key: entry.last_success() for entry in schedule.ENTRIES if entry.last_success}
    found: dict[Pair, list[Trouble]] = {}
    for (entry, shop), key in zip(asked, keys, strict=True):
        success = done[key].finished_at if key in done else None
        if entry.last_success and shop:
            success = elsewhere[entry.key].get(shop.id)
        since = success or firsts.get(key)
        found[key] = list(of_pair(entry, shop, known[key], since, now)) if key in known else []
    return found


def of_pair(entry: Entry, shop: Shop | None, last: TaskRun, since: datetime | None, now: datetime) -> Iterator[Trouble]:
    """Tell what is late of one entry and shop. `since` is its last success, else since when it is known."""
    what, shop_id = titled(entry, shop), shop.id if shop else None
    if last.scheduled_for - now > AHEAD:
        ahead = _("%(task)s was decided for a moment in the future: the database’s clock has gone back.", task=what)
        yield Trouble("tasks", ahead, shop_id)
        return
    moment = entry.timing.latest(now - entry.late_after, entry.zone_for(shop))
    undone = last.state == "queued" and last.not_before is None and last.scheduled_for + entry.late_after < now
    if moment > last.scheduled_for or undone:
        due = last.scheduled_for if undone else moment
        words = _("%(task)s is late: it was due %(spent)s ago.", task=what, spent=long(now - due))
        yield Trouble("tasks", words, shop_id)
    reference = since or last.scheduled_for
    if now - reference > entry.longest_without:
        words = _("%(task)s has not succeeded for %(spent)s.", task=what, spent=long(now - reference))
        reason = f" {retold(last.outcome)}" if last.outcome and last.state in ("failed", "skipped") else ""
        yield Trouble("work", f"{words}{reason}", shop_id)


def most_late(now: datetime) -> dict[str, timedelta]:
    """Return by how much each task of the schedule is behind at most, of all its shops; nothing where it is in time."""
    asked = list(schedule.pairs())
    known = task_runs.newest(schedule.key_of(entry, shop) for entry, shop in asked)
    found = {entry.key: timedelta(0) for entry, _ in asked}
    for entry, shop in asked:
        last = known.get(schedule.key_of(entry, shop))
        if last is None:
            continue
        moment = entry.timing.latest(now, entry.zone_for(shop))
        undone = last.state == "queued" and last.not_before is None
        due = last.scheduled_for if undone else moment if moment > last.scheduled_for else now
        found[entry.key] = max(found[entry.key], now - due)
    return found


def differing_figures() -> dict[Pair, TaskRun]:
    """Return the checks of figures that have found a difference when they were last carried out."""
    keys = [schedule.key_of(entry, shop) for entry, shop in schedule.pairs() if entry.key == schedule.FIGURES]
    found = task_runs.newest(keys, ("done", "failed"))
    return {key: run for key, run in found.items() if run.state == "failed"}


class Remembered:
    """The troubles for the head of every page, looked up by a process once in a while."""

    def __init__(self, lasts: float) -> None:
        self.lasts, self.until = lasts, float("-inf")
        self.found: list[Trouble] = []

    def told(self, shop_ids: Collection[int]) -> str:
        """Return the first trouble of these shops or of none, and how many more; nothing when all is well."""
        if time.monotonic() >= self.until:
            with lifted():  # what is found is shown to others as well, and filtered for each
                self.found = troubles()
            self.until = time.monotonic() + self.lasts
        own = [one.sentence for one in self.found if one.shop_id is None or one.shop_id in shop_ids]
        more = _("%(num)s more: `flask doctor` names all.", num=len(own) - 1)
        return f"{own[0]} {more}" if len(own) > 1 else "".join(own)


def long(spent: timedelta) -> str:
    """Return a length in whole minutes and larger: 4 min, 3 h 12 min, 2 d 4 h."""
    whole = spent if spent < timedelta(minutes=1) else timedelta(minutes=spent // timedelta(minutes=1))
    return duration(whole)
