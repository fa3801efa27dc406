"""Which days an address means, and which days they are compared with."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.analytics.periods import Known, Period, choice, moved, moved_end
from shop.errors import ShopError

TODAY = date(2026, 3, 19)
KNOWN = Known(oldest=date(2024, 5, 6), newest=TODAY, today=TODAY, as_of=TODAY)
STALE = Known(oldest=date(2010, 12, 1), newest=date(2011, 12, 9), today=TODAY, as_of=TODAY)
DAYS = st.dates(date(2001, 1, 1), date(2099, 12, 31))


def asked(known: Known = KNOWN, **arguments: str) -> tuple[str, str]:
    period = choice(arguments, known).period
    return str(period.start), str(period.end)


@pytest.mark.parametrize(
    ("word", "start"),
    [
        ("today", "2026-03-19"),
        ("7d", "2026-03-13"),
        ("28d", "2026-02-20"),
        ("quarter", "2026-01-01"),
        ("12m", "2025-04-01"),
        ("all", "2024-05-06"),
    ],
)
def test_a_preset_ends_today(word: str, start: str) -> None:
    assert asked(period=word) == (start, "2026-03-19")


def test_without_a_word_it_is_28_days() -> None:
    assert asked() == asked(period="28d")
    assert choice({}, KNOWN).word == "28d"


def test_a_shop_that_stopped_selling_ends_at_its_newest_day() -> None:
    assert asked(STALE) == ("2011-11-12", "2011-12-09")
    assert asked(STALE, period="all") == ("2010-12-01", "2011-12-09")


def test_four_weeks_without_an_order_are_not_yet_the_end() -> None:
    def known(ago: int) -> Known:
        return Known(KNOWN.oldest, TODAY - timedelta(days=ago), TODAY, TODAY)

    assert known(27).last == TODAY
    assert known(28).last == TODAY - timedelta(days=28)


def test_days_of_ones_own_are_read_as_people_write_them() -> None:
    assert asked(**{"from": "14. 3. 2026", "to": "2026-03-15"}) == ("2026-03-14", "2026-03-15")


def test_one_day_alone_reaches_to_the_end_of_what_is_known() -> None:
    assert asked(**{"from": "2026-03-01"}) == ("2026-03-01", "2026-03-19")
    assert asked(to="2025-01-31") == ("2024-05-06", "2025-01-31")
    assert asked(to="2023-01-31") == ("2023-01-31", "2023-01-31")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"from": "31. 2. 2026"}, "not a day"),
        ({"from": "2026-03-15", "to": "2026-03-14"}, "Turn the two days around"),
        ({"from": "0001-01-01"}, "out of reach"),
        ({"to": "9999-12-31"}, "out of reach"),
        ({"period": "fortnight"}, "not a period"),
        ({"compare": "sales"}, "nothing to compare with"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(arguments: dict[str, str], words: str) -> None:
    with pytest.raises(ShopError, match=words):
        choice(arguments, KNOWN)


@given(DAYS, st.integers(0, 800), st.sampled_from(["previous", "year"]))
def test_every_interval_has_at_most_one_partner_and_the_periods_do_not_overlap(
    start: date, length: int, compare: str
) -> None:
    period = Period(start, start + timedelta(days=length))
    then = period.compared(compare)
    assert then is not None
    ours, theirs = (list(each.starts(by_month=period.by_month)) for each in (period, then))
    assert len(ours) == len(theirs)
    if compare == "previous" or length < 360:
        assert then.end < period.start


@given(DAYS, st.integers(0, 119))
def test_days_are_compared_with_the_same_weekdays_a_year_before(start: date, length: int) -> None:
    period = Period(start, start + timedelta(days=length))
    then = period.compared("year")
    assert then is not None
    assert (then.start.weekday(), then.days) == (period.start.weekday(), period.days)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ((2024, 2, 29), -12, (2023, 2, 28)),
        ((2026, 3, 31), -1, (2026, 2, 28)),
        ((2026, 1, 15), -1, (2025, 12, 15)),
        ((2025, 12, 1), 1, (2026, 1, 1)),
    ],
)
def test_moving_by_months_never_skips_one(
    day: tuple[int, int, int], months: int, expected: tuple[int, int, int]
) -> None:
    assert moved(date(*day), months) == date(*expected)


def test_the_end_of_a_month_stays_the_end() -> None:
    assert moved_end(date(2026, 6, 30), -6) == date(2025, 12, 31)
    assert moved_end(date(2026, 6, 29), -6) == date(2025, 12, 29)


def test_a_whole_year_by_month_is_compared_with_the_months_before_it() -> None:
    assert Period(date(2025, 1, 1), date(2025, 12, 31)).compared("previous") == Period(
        date(2024, 1, 1), date(2024, 12, 31)
    )


def test_days_that_the_newest_snapshot_did_not_see_to_their_end_are_counted() -> None:
    week = Period(TODAY - timedelta(days=6), TODAY)
    assert KNOWN.unfinished(week) == 1
    assert Known(KNOWN.oldest, TODAY, TODAY, TODAY - timedelta(days=2)).unfinished(week) == 3
    assert STALE.unfinished(Period(STALE.oldest, STALE.newest)) == 0
    assert week.without_last(1) == Period(week.start, TODAY - timedelta(days=1))
    assert week.without_last(7) is None
