"""When orders come: growth over the years, Black Friday and Christmas, quiet summers, weekdays and hours."""

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from shop.simulator.dice import share, throw

WEEKDAYS = (1.15, 1.10, 1.05, 1.0, 0.9, 0.75, 1.05)  # Monday to Sunday
MONTHS = (0.9, 0.9, 1.0, 1.0, 0.95, 0.95, 0.8, 0.82, 1.0, 1.05, 1.3, 1.35)
HOURS = (3, 2, 1, 1, 1, 2, 5, 12, 24, 34, 40, 40, 36, 38, 40, 38, 36, 36, 40, 48, 54, 48, 28, 10)


class Calendar:
    """Spreads `orders` orders over the shop's days from `start` to `end`, both included, in the order they come."""

    def __init__(self, orders: int, start: date, end: date, zone: str, growth: float, seed: int) -> None:
        self.orders = max(orders, 1)
        self.start = start
        self.zone = ZoneInfo(zone)
        self.seed = seed
        days = (end - start).days + 1
        self.until_day = list(accumulate(weight(start + timedelta(days=day), day, growth) for day in range(days)))
        self.until_hour = list(accumulate(HOURS))
        self.until_day_total, self.until_hour_total = self.until_day[-1], self.until_hour[-1]

    def placed_at(self, index: int) -> datetime:
        """Return when the order was placed, to the second, in the shop's zone; never earlier than the one before."""
        offset = share(throw(self.seed, index))
        at = (index + offset) / self.orders * self.until_day_total
        day = min(bisect_right(self.until_day, at), len(self.until_day) - 1)
        before = self.until_day[day - 1] if day else 0.0
        of_day = min(max((at - before) / (self.until_day[day] - before), 0.0), 0.999999) * self.until_hour_total
        hour = bisect_right(self.until_hour, of_day)
        early = self.until_hour[hour - 1] if hour else 0
        second = int((of_day - early) / (self.until_hour[hour] - early) * 3600)
        return self.real(datetime.combine(self.start + timedelta(days=day), time(hour, second // 60, second % 60)))

    def real(self, local: datetime) -> datetime:
        """Give a local time its offset; one in the hour that spring leaves out moves on by that hour."""
        return local.replace(tzinfo=self.zone).astimezone(UTC).astimezone(self.zone)


def weight(day: date, since_start: int, growth: float) -> float:
    """Return how busy a day is, 1 being an ordinary one at the start."""
    busy: float = WEEKDAYS[day.weekday()] * MONTHS[day.month - 1] * (1 + growth) ** (since_start / 365.25)
    friday = black_friday(day.year)
    if friday - timedelta(days=4) <= day <= friday + timedelta(days=3):
        busy *= 3.2 if day == friday else 1.7
    if day.month == 12:
        busy *= 1.4 if day.day <= 17 else 0.9 if day.day <= 22 else 0.35
    return busy


def black_friday(year: int) -> date:
    """Return the day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    thursday = first + timedelta(days=(3 - first.weekday()) % 7)
    return thursday + timedelta(days=22)
