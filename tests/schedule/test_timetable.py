"""When something is due, over both clock changes: the gap's end once, the doubled hour once, intervals by UTC."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.schedule import ENTRIES, SHOPS_OWN
from shop.timetable import Cron, Every, count, moments

PRAGUE = ZoneInfo("Europe/Prague")
ZONES = ("Europe/Prague", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "UTC")
SPRING, AUTUMN = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_every_entry_can_be_read(entry: object) -> None:
    assert entry.zone == SHOPS_OWN or ZoneInfo(entry.zone)
    assert isinstance(entry.timing, Every) or croniter.is_valid(entry.timing.expression)
    assert entry.timing.after(SPRING, PRAGUE) > SPRING
    assert entry.shops or entry.zone != SHOPS_OWN, "only a shop has a zone of its own"
    assert entry.late_after < entry.must_succeed_within


def test_every_key_is_there_once() -> None:
    keys = [entry.key for entry in ENTRIES]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("30 2 * * *", ["2026-03-29T01:00"]),  # 02:30 does not exist: the first instant after the gap
        ("0 2 * * *", ["2026-03-29T01:00"]),
        ("0 3 * * *", ["2026-03-29T01:00"]),  # 03:00 is that very instant
        ("30 3 * * *", ["2026-03-29T01:30"]),
        ("30 1 * * *", ["2026-03-29T00:30"]),
    ],
)
def test_fault_t1_in_spring_each_daily_task_is_due_once(expression: str, expected: list[str]) -> None:
    """T1. On the day of 23 hours."""
    found = list(
        moments(Cron(expression), PRAGUE, SPRING - timedelta(hours=1), SPRING + timedelta(hours=22, minutes=59))
    )
    assert found == [at(moment) for moment in expected]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("30 2 * * *", ["2026-10-25T00:30"]),  # the first of the two
        ("0 2 * * *", ["2026-10-25T00:00"]),
        ("0 3 * * *", ["2026-10-25T02:00"]),
    ],
)
def test_fault_t2_in_autumn_each_daily_task_is_due_once(expression: str, expected: list[str]) -> None:
    """T2. On the day of 25 hours."""
    found = list(
        moments(Cron(expression), PRAGUE, AUTUMN - timedelta(hours=2), AUTUMN + timedelta(hours=22, minutes=59))
    )
    assert found == [at(moment) for moment in expected]


def test_hours_of_a_wall_clock_are_23_and_24_and_those_of_an_interval_always_24() -> None:
    spring_day = (SPRING - timedelta(hours=1, minutes=1), SPRING + timedelta(hours=21, minutes=59))
    autumn_day = (AUTUMN - timedelta(hours=2, minutes=1), AUTUMN + timedelta(hours=22, minutes=59))
    assert count(Cron("0 * * * *"), PRAGUE, *spring_day) == 23
    assert count(Cron("0 * * * *"), PRAGUE, *autumn_day) == 24
    hourly = Every(timedelta(hours=1))
    assert count(hourly, PRAGUE, spring_day[0], spring_day[0] + timedelta(days=1)) == 24
    assert count(hourly, PRAGUE, autumn_day[0], autumn_day[0] + timedelta(days=1)) == 24


def test_fault_t1_no_storm_every_minute_over_both_changes_has_at_most_one_moment() -> None:
    """T1, T2. Nothing is due again and again."""
    for start in (SPRING - timedelta(hours=2), AUTUMN - timedelta(hours=2)):
        for timing in (Cron("30 2 * * *"), Cron("0 * * * *"), Cron("*/15 * * * *"), Cron("59 1 * * *")):
            seen: list[datetime] = []
            for minute in range(0, 6 * 60, 2):
                newest = timing.latest(start + timedelta(minutes=minute), PRAGUE)
                if not seen or newest != seen[-1]:
                    seen.append(newest)
            assert seen == sorted(set(seen)), "never back, never twice"
            assert seen[1:] == list(moments(timing, PRAGUE, seen[0], start + timedelta(minutes=6 * 60 - 2)))


@pytest.mark.parametrize("moment", ["2028-02-29T12:00", "2027-12-31T23:59:59.999999", "2026-09-30T21:59:59.999999"])
def test_fault_t6_leap_days_and_the_last_microsecond_of_a_year(moment: str) -> None:
    """T6, for the schedule."""
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    daily = Cron("0 0 * * *")
    newest, following = daily.latest(now, ZoneInfo("UTC")), daily.after(now, ZoneInfo("UTC"))
    assert newest == now.replace(hour=0, minute=0, second=0, microsecond=0)
    assert following - newest == timedelta(days=1)
    assert daily.latest(following, ZoneInfo("UTC")) == following
    assert Cron("0 0 29 2 *").after(at("2026-03-01T00:00"), PRAGUE) == at("2028-02-28T23:00")


expressions = st.builds(
    "{} {} * * *".format,
    st.sampled_from(["0", "30", "*/15", "59", "1"]),
    st.sampled_from(["*", "1", "2", "3", "2-4", "*/6", "0"]),
)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@settings(max_examples=100, deadline=None)
@given(expressions, st.sampled_from(ZONES), instants)
def test_the_newest_moment_and_the_next_one_enclose_now(expression: str, name: str, now: datetime) -> None:
    timing, zone = Cron(expression), ZoneInfo(name)
    newest, following = timing.latest(now, zone), timing.after(now, zone)
    assert newest <= now < following
    assert timing.after(newest, zone) == following
    assert timing.latest(following, zone) == following
    assert timing.latest(following - timedelta(microseconds=1), zone) == newest


near_changes = st.one_of(
    st.builds(
        lambda start, seconds: start + timedelta(seconds=seconds),
        st.sampled_from([SPRING, AUTUMN]),
        st.integers(-7200, 14400),
    )
)


@settings(max_examples=100, deadline=None)
@given(expressions, near_changes)
def test_around_the_clock_changes_of_prague_the_same_holds(expression: str, now: datetime) -> None:
    timing = Cron(expression)
    newest, following = timing.latest(now, PRAGUE), timing.after(now, PRAGUE)
    assert newest <= now < following
    assert timing.after(newest, PRAGUE) == following
