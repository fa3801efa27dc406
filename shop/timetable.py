"""When periodic work is due: by a wall clock with one rule for each clock change, or at intervals in UTC.

Where the clock jumps forward, a moment that does not exist becomes the first instant after the jump. Where it goes back,
a moment that comes twice counts the first time. Intervals know no clock changes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from croniter import croniter

from shop.languages import gettext as _

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WIDEST = timedelta(hours=3)  # that clocks go back anywhere, and a little more
MOST_COUNTED = 1_000
ENCLOSING: dict[tuple[str, str], tuple[datetime, datetime]] = {}  # by expression and zone: a moment and the next one


@dataclass(frozen=True)
class Every:
    """Moments at a fixed distance, counted from 1970 in UTC, so that every process finds the same ones."""

    interval: timedelta

    def latest(self, now: datetime, _zone: ZoneInfo) -> datetime:
        """Return the newest moment at or before `now`."""
        return EPOCH + (now - EPOCH) // self.interval * self.interval

    def after(self, moment: datetime, _zone: ZoneInfo) -> datetime:
        """Return the first moment after `moment`."""
        return self.latest(moment, _zone) + self.interval

    def words(self) -> str:
        return _("every %(num)s min", num=f"{self.interval.total_seconds() / 60:g}")


@dataclass(frozen=True)
class Cron:
    """Moments on a wall clock, in cron's five fields. The zone is the entry's own; croniter only sees plain local times."""

    expression: str

    def latest(self, now: datetime, zone: ZoneInfo) -> datetime:
        """Return the newest moment at or before `now`. The last answer is kept: most questions fall between the same two."""
        began, ends = ENCLOSING.get((self.expression, zone.key), (now, now))
        if not began <= now < ends:
            began = self.walked_back(now, zone)
            ENCLOSING[self.expression, zone.key] = (began, self.after(began, zone))
        return began

    def walked_back(self, now: datetime, zone: ZoneInfo) -> datetime:
        walk = croniter(self.expression, wall_clock(now, zone) + WIDEST)
        found = (instant(walk.get_prev(datetime), zone) for _ in iter(int, 1))
        return next(moment for moment in found if moment <= now)

    def after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """Return the first moment after `moment`."""
        walk = croniter(self.expression, wall_clock(moment, zone) - WIDEST)
        found = (instant(walk.get_next(datetime), zone) for _ in iter(int, 1))
        return next(later for later in found if later > moment)

    def words(self) -> str:
        return self.expression


Timing = Every | Cron


def wall_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return when a wall clock shows this time, the first time if twice; if never, the first instant after the jump."""
    early = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if wall_clock(early, zone) == local:
        return early
    return end_of_gap(local.replace(tzinfo=zone, fold=1).astimezone(UTC), early, zone)


def end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Find by halving the second at which the clock jumps; `before` and `after` stand on its two sides."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def moments(timing: Timing, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield every moment after `after`, up to and with `until`."""
    moment = timing.after(after, zone)
    while moment <= until:
        yield moment
        moment = timing.after(moment, zone)


def count(timing: Timing, zone: ZoneInfo, after: datetime, until: datetime) -> int:
    """Return how many moments lie between, no more than `MOST_COUNTED`."""
    return sum(1 for _ in islice(moments(timing, zone, after, until), MOST_COUNTED))
