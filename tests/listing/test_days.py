"""Days of a list are days of the shop's own zone, on both sides of every clock change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.days import NotADay
from shop.listing.days import DayRange, day_range, midnight, typed_day

ZONES = [
    "Europe/Prague", "Pacific/Auckland", "Australia/Lord_Howe", "Atlantic/Azores", "Africa/Cairo", "America/Havana",
    "America/Santiago", "Asia/Beirut", "Asia/Kathmandu", "UTC",
]  # fmt: skip
days = st.dates(date(1990, 1, 1), date(2037, 12, 31))
instants = st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - naive bounds


@given(instants, days, days, st.sampled_from(ZONES))
def test_an_instant_is_in_a_range_exactly_when_its_local_day_is(
    at: datetime, one: date, other: date, name: str
) -> None:
    zone, found = ZoneInfo(name), DayRange(min(one, other), max(one, other))
    start, stop = found.instants(zone)
    assert start is not None
    assert stop is not None
    assert (start <= at < stop) == (min(one, other) <= at.astimezone(zone).date() <= max(one, other))


@given(days, st.sampled_from(ZONES))
def test_days_follow_each_other_without_a_gap(day: date, name: str) -> None:
    zone = ZoneInfo(name)
    _, stop = DayRange(day, day).instants(zone)
    start, _ = DayRange(day + timedelta(days=1), None).instants(zone)
    assert stop == start


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Prague", date(2026, 3, 29), 23),
        ("Europe/Prague", date(2026, 10, 25), 25),
        ("Pacific/Auckland", date(2026, 4, 5), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Atlantic/Azores", date(2026, 3, 29), 23),
    ],
)
def test_a_day_may_have_other_than_24_hours(zone: str, day: date, hours: float) -> None:
    start, stop = (midnight(each, ZoneInfo(zone)).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    assert (stop - start) / timedelta(hours=1) == hours


def test_ranges_are_read_with_either_end_open() -> None:
    assert day_range("2026-03-01..2026-03-07") == DayRange(date(2026, 3, 1), date(2026, 3, 7))
    assert day_range("2026-03-01..") == DayRange(date(2026, 3, 1), None)
    assert day_range("..2026-03-07") == DayRange(None, date(2026, 3, 7))
    assert day_range("2026-03-07") == DayRange(date(2026, 3, 7), date(2026, 3, 7))


@pytest.mark.parametrize(
    "text",
    ["", "..", "yesterday", "2026-02-30..", "2026-03-07..2026-03-01", "0001-01-01..", "9999-12-31", "2026-3-1.."],
)
def test_what_is_no_range_is_not_read(text: str) -> None:
    assert day_range(text) is None


@given(days, days)
def test_a_range_is_read_back_as_it_was_written(one: date, other: date) -> None:
    found = DayRange(min(one, other), max(one, other))
    assert day_range(str(found)) == found


def test_a_range_says_itself() -> None:
    said = {"2026-03-01..2026-03-07": "1. 3. – 7. 3. 2026", "2025-12-30..2026-01-02": "30. 12. 2025 – 2. 1. 2026"}
    said |= {"2026-03-01": "1. 3. 2026", "2026-03-01..": "since 1. 3. 2026", "..2026-03-07": "until 7. 3. 2026"}
    for text, words in said.items():
        found = day_range(text)
        assert found is not None
        assert found.words.replace("\u00a0", " ") == words


def test_days_typed_by_hand_are_read_within_reason() -> None:
    assert typed_day("14. 3. 2026") == date(2026, 3, 14)
    with pytest.raises(NotADay, match="too far away"):
        typed_day("1. 1. 1066")
    with pytest.raises(NotADay):
        typed_day("soon")
