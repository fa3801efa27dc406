"""When made-up orders come: in order, in season, and at times that exist."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from shop.simulator.seasons import Calendar, black_friday, weight


def calendar(orders: int, start: date, end: date) -> Calendar:
    return Calendar(orders, start, end, "Europe/Prague", 0.2, 1)


@pytest.mark.parametrize(("year", "day"), [(2023, 24), (2024, 29), (2025, 28), (2026, 27)])
def test_black_friday_is_the_day_after_the_fourth_thursday(year: int, day: int) -> None:
    assert black_friday(year) == date(year, 11, day)


def test_peaks_quiet_days_and_growth() -> None:
    assert weight(date(2025, 11, 28), 0, 0.2) > 2.5 * weight(date(2025, 11, 14), 0, 0.2), "Black Friday"
    assert weight(date(2025, 12, 10), 0, 0.2) > weight(date(2025, 10, 8), 0, 0.2), "before Christmas"
    assert weight(date(2025, 12, 25), 0, 0.2) < 0.6 * weight(date(2025, 12, 11), 0, 0.2), "Christmas Day"
    assert weight(date(2025, 6, 2), 0, 0.2) > weight(date(2025, 6, 7), 0, 0.2), "Monday and Saturday"
    assert weight(date(2025, 6, 2), 730, 0.2) > 1.4 * weight(date(2025, 6, 2), 0, 0.2), "two years later"


def test_orders_come_one_after_the_other_within_the_span() -> None:
    spread = calendar(5_000, date(2025, 1, 1), date(2025, 12, 31))
    times = [spread.placed_at(index) for index in range(5_000)]
    assert times == sorted(times)
    assert {moment.year for moment in times} == {2025}
    assert Counter(moment.hour for moment in times)[20] > Counter(moment.hour for moment in times)[4]


@pytest.mark.parametrize("day", [date(2025, 3, 30), date(2025, 10, 26)])
def test_on_days_of_the_clock_change_every_time_exists(day: date) -> None:
    spread = calendar(20_000, day, day)
    for index in range(0, 20_000, 7):
        moment = spread.placed_at(index)
        assert moment.astimezone(UTC).astimezone(spread.zone) == moment
        assert moment.strftime("%z") in ("+0100", "+0200")
        assert not (day.month == 3 and moment.hour == 2), "that hour is left out"


def test_a_shop_of_one_order_and_one_day_works() -> None:
    assert calendar(1, date(2025, 5, 5), date(2025, 5, 5)).placed_at(0).date() == date(2025, 5, 5)
    assert calendar(0, date(2025, 5, 5), date(2025, 5, 5)).real(datetime(2025, 5, 5, 12)).hour == 12  # noqa: DTZ001 - local
