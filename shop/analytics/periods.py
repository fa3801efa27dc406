"""The days an overview is about: words and dates as they stand in an address, and what they are compared with."""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from shop.days import day_from
from shop.errors import ShopError
from shop.languages import N_
from shop.languages import gettext as _

MOST_BY_DAY = 120  # days; a longer period is drawn by month
STALE = 28  # days without an order after which the page ends at the newest day instead of today
FIRST_YEAR, LAST_YEAR = 2000, 2100
PRESETS = {  # word in the address: words on the page
    "today": N_("Today"),
    "7d": N_("7 days"),
    "28d": N_("28 days"),
    "quarter": N_("Quarter"),
    "12m": N_("12 months"),
    "all": N_("All"),
}
COMPARISONS = {
    "previous": N_("The period before"),
    "year": N_("A year before"),
    "none": N_("Nothing"),
}


@dataclass(frozen=True)
class Period:
    """Days from `start` to `end`, both included; each shop in its own day."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def by_month(self) -> bool:
        return self.days > MOST_BY_DAY

    @property
    def words(self) -> str:
        """Return the period as addresses write it: 2026-02-20..2026-03-19."""
        return f"{self.start}..{self.end}"

    def starts(self, *, by_month: bool) -> Iterator[date]:
        """Yield the first day of every interval: each day, or the first of each month."""
        if not by_month:
            yield from (self.start + timedelta(days=i) for i in range(self.days))
            return
        month = self.start.replace(day=1)
        while month <= self.end:
            yield month
            month = moved(month, 1)

    def compared(self, with_what: str) -> "Period | None":
        """Return the days it is compared with; None for nothing.

        By day, weekdays stay together where they can: a year before is 52 weeks before. By month, months stay together.
        """
        if with_what == "none":
            return None
        if self.by_month:
            months = 12 if with_what == "year" else sum(1 for _ in self.starts(by_month=True))
            return Period(moved(self.start, -months), moved_end(self.end, -months))
        shift = timedelta(days=364 if with_what == "year" else self.days)
        return Period(self.start - shift, self.end - shift)

    def without_last(self, days: int) -> "Period | None":
        """Return the period without its last days; None where nothing is left."""
        return Period(self.start, self.end - timedelta(days=days)) if days < self.days else None


@dataclass(frozen=True)
class Known:
    """What is known of the chosen shops: the oldest and newest day with an order, their today, the day of the newest snapshot."""

    oldest: date
    newest: date
    today: date
    as_of: date

    @property
    def is_stale(self) -> bool:
        return (self.today - self.newest).days >= STALE

    @property
    def last(self) -> date:
        """Return the day at which periods end when the address names no other."""
        return self.newest if self.is_stale else self.today

    @property
    def covered(self) -> date:
        """Return the last day of which anything can be known."""
        return max(self.newest, self.as_of)

    def unfinished(self, period: Period) -> int:
        """Count the last days of the period that the newest snapshot could not see to their end."""
        complete = min(self.today, self.as_of) - timedelta(days=1)
        return max(0, (period.end - complete).days)


@dataclass(frozen=True)
class Choice:
    """What an address asked for. `word` is its preset, empty for dates of one's own."""

    period: Period
    word: str
    compare: str


def choice(arguments: Mapping[str, str], known: Known) -> Choice:
    """Read `period`, `from`, `to` and `compare`. Raises ShopError with a sentence for what it cannot read."""
    compare = arguments.get("compare") or "previous"
    if compare not in COMPARISONS:
        raise ShopError(
            _(
                "“%(asked)s” is nothing to compare with. Choose one of %(words)s.",
                asked=compare, words=", ".join(COMPARISONS),
            )
        )  # fmt: skip
    if arguments.get("from") or arguments.get("to"):
        return Choice(dates(arguments, known), "", compare)
    word = arguments.get("period") or "28d"
    if word not in PRESETS:
        raise ShopError(
            _(
                "“%(asked)s” is not a period. Choose one of %(words)s, or name the days with from and to.",
                asked=word,
                words=", ".join(PRESETS),
            )
        )
    return Choice(preset(word, known), word, compare)


def dates(arguments: Mapping[str, str], known: Known) -> Period:
    """Return the days named by `from` and `to`; one that is missing is the oldest or the last day known."""
    last = max(known.last, known.newest)
    start = day_from(arguments["from"], known.today) if arguments.get("from") else known.oldest
    end = day_from(arguments["to"], known.today) if arguments.get("to") else max(last, start)
    if not arguments.get("from"):
        start = min(start, end)
    if start > end:
        raise ShopError(
            _(
                "The period starts on %(start)s and ends before that, on %(end)s. Turn the two days around.",
                start=start, end=end,
            )
        )  # fmt: skip
    if not FIRST_YEAR <= start.year <= end.year <= LAST_YEAR:
        raise ShopError(
            _(
                "The period %(start)s to %(end)s is out of reach. Name days from %(first)s to %(last)s.",
                start=start, end=end, first=FIRST_YEAR, last=LAST_YEAR,
            )
        )  # fmt: skip
    return Period(start, end)


def preset(word: str, known: Known) -> Period:
    last = known.last
    starts = {
        "today": last,
        "7d": last - timedelta(days=6),
        "28d": last - timedelta(days=27),
        "quarter": date(last.year, (last.month - 1) // 3 * 3 + 1, 1),
        "12m": moved(last.replace(day=1), -11),
        "all": min(known.oldest, last),
    }
    return Period(starts[word], max(last, known.newest) if word == "all" else last)


def moved(day: date, months: int) -> date:
    """Return the same day so many months later; the last of the month where it has fewer days."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def moved_end(day: date, months: int) -> date:
    """Return the same day so many months later; the last of a month stays the last."""
    to = moved(day, months)
    is_last = day.day == monthrange(day.year, day.month)[1]
    return to.replace(day=monthrange(to.year, to.month)[1]) if is_last else to
