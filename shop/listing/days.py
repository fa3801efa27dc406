"""Ranges of days: read from an address, said in words, turned into instants of a shop's own zone."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shop.days import NotADay, day_from
from shop.formatting import day, day_short
from shop.languages import gettext as _

WRITTEN = re.compile(r"(\d{4}-\d{2}-\d{2})?\.\.(\d{4}-\d{2}-\d{2})?|(\d{4}-\d{2}-\d{2})")
YEARS = range(1970, 2200)


@dataclass(frozen=True)
class DayRange:
    """Days from the first to the last, both included; None is an open end."""

    first: date | None
    last: date | None

    def __str__(self) -> str:
        return f"{self.first or ''}..{self.last or ''}"

    @property
    def words(self) -> str:
        """Say the range: 1. 3. – 7. 3. 2026, since 1. 3. 2026, until 7. 3. 2026."""
        if self.first and self.last:
            if self.first == self.last:
                return day(self.first)
            start = day_short(self.first) if self.first.year == self.last.year else day(self.first)
            return f"{start} – {day(self.last)}"
        return _("since %(day)s", day=day(self.first)) if self.first else _("until %(day)s", day=day(self.last))

    def instants(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """Return when the range starts and when it is over, in a zone; a day may have 23, 24 or 25 hours."""
        start = midnight(self.first, zone) if self.first else None
        stop = midnight(self.last + timedelta(days=1), zone) if self.last else None
        return start, stop


def midnight(first: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a day. Where clocks skip midnight, it is the instant of the change."""
    return datetime.combine(first, time.min, zone)


def day_range(text: str) -> DayRange | None:
    """Read 2026-03-01..2026-03-07, either end open, or one day; None where it is not one."""
    match = WRITTEN.fullmatch(text)
    if match is None or text == "..":
        return None
    try:
        first, last, only = (date.fromisoformat(part) if part else None for part in match.groups())
    except ValueError:
        return None
    found = DayRange(only or first, only or last)
    if any(end.year not in YEARS for end in (found.first, found.last) if end):
        return None
    return None if found.first and found.last and found.first > found.last else found


def typed_day(text: str) -> date:
    """Return the day that somebody typed into a field. Raises NotADay."""
    found = day_from(text, datetime.now(UTC).date())
    if found.year not in YEARS:
        raise NotADay(
            _(
                "%(day)s is too far away. Lists reach from %(first)s to %(last)s.",
                day=day(found), first=YEARS[0], last=YEARS[-1],
            )
        )  # fmt: skip
    return found
