"""Days as people type them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.days import NotADay, day_from
from shop.formatting import day, day_short

TODAY = date(2026, 3, 19)


@pytest.mark.parametrize(
    "typed",
    [
        "14. 3. 2026",
        "14.3.2026",
        "14.03.2026",
        " 14. 3. 2026 ",
        "14.\u00a03.\u00a02026",
        "14/3/2026",
        "14 3 2026",
        "14. 3.",
        "14.3.",
        "14.3",
        "2026-03-14",
        "2026-3-14",
        "14 Mar 2026",
        "14\u00a0march\u00a02026",
        "14. mar.",
    ],
)
def test_a_day_may_be_typed_in_many_ways(typed: str) -> None:
    assert day_from(typed, TODAY) == date(2026, 3, 14)


def test_today_and_yesterday_are_days() -> None:
    assert day_from("today", TODAY) == TODAY
    assert day_from("Yesterday", TODAY) == date(2026, 3, 18)
    assert (day_from("dnes", TODAY), day_from("Včera", TODAY)) == (TODAY, date(2026, 3, 18))


def test_without_a_year_it_is_the_latest_that_has_come() -> None:
    assert day_from("19. 3.", TODAY) == TODAY
    assert day_from("20. 3.", TODAY) == date(2025, 3, 20)
    assert day_from("29. 2.", TODAY) == date(2024, 2, 29)
    assert day_from("29. 2.", date(1904, 2, 28)) == date(1896, 2, 29)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "soon",
        "32. 1. 2026",
        "29. 2. 2026",
        "31. 4.",
        "14",
        "2026-13-01",
        "14. 3. 26",
        "14. 3. 2026 8:00",
        "0000-01-01",
    ],
)
def test_what_is_no_day_is_refused_with_the_way_to_write_one(typed: str) -> None:
    with pytest.raises(NotADay, match=r"is not a day\. Write it as 14\. 3\. 2026"):
        day_from(typed, TODAY)


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_what_is_written_reads_back(value: date) -> None:
    assert day_from(day(value), TODAY) == value
    assert day_from(value.isoformat(), TODAY) == value


@given(st.integers(0, 364))
def test_a_recent_day_reads_back_without_its_year(back: int) -> None:
    value = TODAY - timedelta(days=back)
    assert day_from(day_short(value), TODAY) == value
