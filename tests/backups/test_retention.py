"""Which copies stay: computed from proven ones alone, and never against a clock that cannot be right."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from shop.backups.models import FAILED, RESTORABLE, WRITTEN, Backup
from shop.backups.retention import FEWEST, plan

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
numbers = count(1)


def a_copy(days: float, state: str = RESTORABLE, **more: object) -> Backup:
    """A copy that was taken so many days before NOW."""
    number = next(numbers)
    values = {"id": number, "state": state, "started_at": NOW - timedelta(days=days), "folder": f"copy-{number}"} | more
    return Backup(**values)


def test_three_years_of_nights_leave_what_the_tiers_name() -> None:
    nights = [a_copy(day + 0.4) for day in range(3 * 365)]
    found = plan(nights, NOW)
    assert found.refused is None
    kept = [one for one in nights if one.id not in found.removed]
    by_tier = {
        tier: [one for one in kept if tier in found.tiers[one.id]] for tier in ("daily", "weekly", "monthly", "yearly")
    }
    assert {tier: len(copies) for tier, copies in by_tier.items()} == {
        "daily": 7,
        "weekly": 5,
        "monthly": 12,
        "yearly": 2,
    }
    assert len(kept) <= 7 + 5 + 12 + 2
    assert max(one.started_at for one in by_tier["yearly"][1:]).year == 2025
    again = plan(kept, NOW)
    assert again.removed == {}, "what was kept once is kept again"


def test_copies_that_were_never_proven_count_for_nothing() -> None:
    proven = a_copy(1.5)
    written = [a_copy(day / 10, WRITTEN) for day in range(10)]
    failed = [a_copy(day, FAILED) for day in (2, 40)]
    found = plan([proven, *written, *failed], NOW)
    assert found.tiers.keys() == {proven.id}
    assert found.removed == {failed[1].id: "it failed, and is older than 30 days"}


def test_never_fewer_than_three_stay() -> None:
    same_night = [a_copy(0.3 + minute / 1440) for minute in range(6)]
    found = plan(same_night, NOW)
    assert len(found.removed) == 6 - FEWEST
    assert not {one.id for one in same_night[:FEWEST]} & found.removed.keys()


@pytest.mark.parametrize(
    ("copies", "words"),
    [
        ([a_copy(2.1), a_copy(400), a_copy(401), a_copy(402), a_copy(403)], "2 days old"),
        ([a_copy(365 * 2 + 1), a_copy(365 * 3)], "the clock jumped"),
        ([a_copy(-3), a_copy(400), a_copy(401), a_copy(402), a_copy(403)], "from the future"),
        ([a_copy(day, WRITTEN) for day in (0, 31, 40)], "No copy is proven"),
        ([], "No copy is proven"),
    ],
)
def test_b11_nothing_is_removed_while_clock_or_copies_are_in_doubt(copies: list[Backup], words: str) -> None:
    found = plan(copies, NOW)
    assert words in str(found.refused)
    assert found.removed == {}
