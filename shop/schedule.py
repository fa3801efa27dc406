"""The schedule: everything that Pult does by itself, when, and what holds when nobody was there to do it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfo

from shop import chores, queues
from shop.backups.restorability import too_old
from shop.chores import Outcome
from shop.languages import N_, said
from shop.languages import gettext as _
from shop.platforms.records import Kind
from shop.shops.models import Shop
from shop.shops.queries import all_shops
from shop.task_runs import Due, Pair, TaskRun
from shop.timetable import Cron, Every, Timing, count

SHOPS_OWN = "shop"  # the zone of the shop that the work is for
DAY = timedelta(days=1)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


FIGURES = "figures.check"
STATUSES = "sales.statuses"
BACKUP = "backups.take"


class CatchUp(StrEnum):
    """What is done about moments that nobody was there for. It is never more than the latest of them."""

    NEVER = "never"
    WITHIN_A_DAY = "latest within 24 h"
    ALWAYS = "latest, however old"


class Overlap(StrEnum):
    """What is done about a moment whose run before is still going."""

    SKIP = "skip"
    QUEUE = "queue"


@dataclass(frozen=True)
class Entry:
    """One piece of periodic work. With `shops`, once for each shop that it says yes to."""

    key: str
    title: str
    timing: Timing
    job: Callable[..., Outcome]
    title_of: str = "%(shop)s"  # its title for one shop
    zone: str = "UTC"
    queue: str = queues.OPS
    timeout: int = 300  # seconds
    shops: Callable[[Shop], bool] | None = None
    wanted: Callable[[], bool] | None = None  # whether this installation has such work at all
    catch_up: CatchUp = CatchUp.WITHIN_A_DAY
    overlap: Overlap = Overlap.SKIP
    late_after: timedelta = timedelta(minutes=15)
    must_succeed_within: timedelta = timedelta(hours=50)
    patience: Callable[[], timedelta] | None = None  # instead of it, where a setting says how long
    last_success: Callable[[], Mapping[int, datetime]] | None = None  # by shop, where a run only asks for the work

    @property
    def longest_without(self) -> timedelta:
        """Return how long the work may go without a success, before somebody is told."""
        return self.patience() if self.patience else self.must_succeed_within

    def zone_for(self, shop: Shop | None) -> ZoneInfo:
        return ZoneInfo(shop.timezone if self.zone == SHOPS_OWN and shop else self.zone)


TITLES = {  # what changed, the same of a shop, everything, the same of a shop
    Kind.PRODUCTS: (N_("Changed products"), N_("Changed products of %(shop)s"), N_("All products"), N_("All products of %(shop)s")),
    Kind.CUSTOMERS: (N_("Changed customers"), N_("Changed customers of %(shop)s"), N_("All customers"), N_("All customers of %(shop)s")),
    Kind.ORDERS: (N_("Changed orders"), N_("Changed orders of %(shop)s"), N_("All orders"), N_("All orders of %(shop)s")),
}  # fmt: skip


def snapshots_of(kind: Kind, minute: int) -> tuple[Entry, Entry]:
    """What changed, every few minutes; everything, once in the shop's own night."""
    return (
        Entry(
            key=f"snapshots.{kind.value}.changes",
            title=TITLES[kind][0],
            title_of=TITLES[kind][1],
            timing=Every(timedelta(minutes=10)),
            job=partial(chores.ask_for_changes, kind),
            shops=chores.can_be_asked,
            late_after=timedelta(minutes=20),
            must_succeed_within=timedelta(hours=6),
            last_success=partial(chores.last_snapshots, kind, whole=False),
        ),
        Entry(
            key=f"snapshots.{kind.value}.all",
            title=TITLES[kind][2],
            title_of=TITLES[kind][3],
            timing=Cron(f"{minute} 2 * * *"),
            zone=SHOPS_OWN,
            job=partial(chores.ask_for_all, kind),
            shops=chores.can_be_asked,
            late_after=timedelta(hours=1),
            last_success=partial(chores.last_snapshots, kind, whole=True),
        ),
    )


ENTRIES: tuple[Entry, ...] = (
    *snapshots_of(Kind.PRODUCTS, 5),
    *snapshots_of(Kind.CUSTOMERS, 20),
    *snapshots_of(Kind.ORDERS, 35),
    Entry(
        key="snapshots.retry",
        title=N_("Another try of failed snapshots"),
        timing=Every(timedelta(hours=1)),
        job=chores.retry_failed,
        late_after=timedelta(minutes=30),
        must_succeed_within=timedelta(hours=6),
    ),
    Entry(
        key=FIGURES,
        title=N_("Check of the figures"),
        title_of=N_("Check of the figures of %(shop)s"),
        timing=Cron("40 4 * * *"),
        zone=SHOPS_OWN,
        job=chores.check_figures,
        timeout=3600,
        shops=lambda _shop: True,
        late_after=timedelta(hours=3),
    ),
    Entry(
        key=STATUSES,
        title=N_("Statuses that count as sales"),
        title_of=N_("Statuses that count as sales of %(shop)s"),
        timing=Every(timedelta(minutes=10)),
        job=chores.bring_statuses_up,
        timeout=3600,
        shops=lambda _shop: True,
        late_after=timedelta(minutes=30),
        must_succeed_within=timedelta(hours=6),
    ),
    Entry(
        key="webhooks.check",
        title=N_("Check of the webhook"),
        title_of=N_("Check of the webhook of %(shop)s"),
        timing=Cron("10 5 * * *"),
        zone=SHOPS_OWN,
        job=chores.check_webhook,
        shops=chores.can_be_asked,
        late_after=timedelta(hours=3),
        must_succeed_within=timedelta(days=4),
    ),
    Entry(
        key="partitions.check",
        title=N_("Check of the quarters"),
        timing=Cron("50 1 * * *"),
        job=chores.maintain_quarters,
        timeout=7200,
        catch_up=CatchUp.ALWAYS,
        late_after=timedelta(hours=3),
        must_succeed_within=timedelta(days=4),
    ),
    Entry(
        key="partitions.quarter",
        title=N_("The next quarter"),
        timing=Cron("30 0 26 3,6,9,12 *"),  # a few days before it begins
        job=chores.maintain_quarters,
        timeout=7200,
        catch_up=CatchUp.ALWAYS,
        late_after=timedelta(hours=6),
        must_succeed_within=timedelta(days=190),
    ),
    Entry(
        key=BACKUP,
        title=N_("Backup"),
        timing=Cron("20 1 * * *"),
        job=chores.take_backup,
        timeout=4 * 3600,
        late_after=timedelta(hours=1),
        patience=too_old,
    ),
    Entry(
        key="backups.prove",
        title=N_("Another restore of the backups"),
        timing=Cron("30 5 * * 0"),
        job=chores.prove_backups,
        timeout=8 * 3600,
        late_after=timedelta(hours=6),
        must_succeed_within=timedelta(days=15),
    ),
    Entry(
        key="backups.send",
        title=N_("Backups to their targets"),
        timing=Every(timedelta(hours=1)),
        job=chores.send_backups,
        timeout=8 * 3600,
        wanted=chores.has_targets,
        late_after=timedelta(hours=9),  # the first of them, or a large one, takes long, and the next waits for it
    ),
    Entry(
        key="privacy.keep",
        title=N_("Erased people in files and copies"),
        timing=Every(timedelta(hours=1)),
        job=chores.keep_erased,
        timeout=4 * 3600,
        wanted=chores.has_erased,
        late_after=timedelta(hours=5),
    ),
    Entry(
        key="housekeeping",
        title=N_("Housekeeping"),
        timing=Cron("20 3 * * *"),
        job=chores.keep_house,
        timeout=1800,
        late_after=timedelta(hours=3),
        must_succeed_within=timedelta(days=4),
    ),
)


def entry_of(key: str) -> Entry | None:
    return next((entry for entry in ENTRIES if entry.key == key), None)


def titled(entry: Entry, shop: Shop | None = None) -> str:
    """Return what an entry is called, for one shop where it is given."""
    words = said(entry.title_of) % {"shop": shop.name} if shop else said(entry.title)
    return words[:1].upper() + words[1:]


def within(title: str) -> str:
    """Return a title as it stands in a sentence."""
    return title[:1].lower() + title[1:]


def next_moment(key: str, now: datetime) -> datetime:
    """Return when an entry of the installation is due next."""
    entry = next(entry for entry in ENTRIES if entry.key == key)
    return entry.timing.after(now, entry.zone_for(None))


def pairs(entries: Sequence[Entry] = ENTRIES) -> Iterator[tuple[Entry, Shop | None]]:
    """Yield each entry with each shop that it is for, or with none where it is the installation's."""
    shops = all_shops()
    for entry in entries:
        if entry.wanted and not entry.wanted():
            continue
        if entry.shops is None:
            yield entry, None
        else:
            yield from ((entry, shop) for shop in shops if entry.shops(shop))


def key_of(entry: Entry, shop: Shop | None) -> Pair:
    return entry.key, shop.id if shop else None


def due(asked: Sequence[tuple[Entry, Shop | None]], known: Mapping[Pair, TaskRun], now: datetime) -> list[Due]:
    """Return what is to be written down at `now`, the database's time, for what has not been decided yet."""
    decided = (
        decision(entry, entry.zone_for(shop), key_of(entry, shop), last_moment(known.get(key_of(entry, shop))), now)
        for entry, shop in asked
    )
    return [made for made in decided if made]


def last_moment(run: TaskRun | None) -> datetime | None:
    return run.scheduled_for if run else None


def decision(entry: Entry, zone: ZoneInfo, key: Pair, last: datetime | None, now: datetime) -> Due | None:
    """Decide about the newest moment up to `now`. Nothing up to `last` is decided again, wherever the clock stands."""
    if last is None:
        return Due(*key, now, reason=_("Seen for the first time; it is due from here on."))
    newest = entry.timing.latest(now, zone)
    if newest <= last:
        return None
    passed_over = count(entry.timing, zone, last, newest) - 1
    reason = "" if caught_up(entry, now - newest) else _("Nobody was there for it, and now it is too late.")
    return Due(*key, newest, passed_over, reason, may_overlap=entry.overlap is Overlap.QUEUE)


def caught_up(entry: Entry, age: timedelta) -> bool:
    """Whether a moment of that age is still carried out. One that is not late yet always is."""
    if age <= entry.late_after or entry.catch_up is CatchUp.ALWAYS:
        return True
    return entry.catch_up is CatchUp.WITHIN_A_DAY and age <= DAY
