"""What a target is to be sent, what is removed from it, and when it is too old: plans, from what is known alone."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from shop.backup_settings import Target
from shop.backups.models import Backup, BackupDuplicate
from shop.backups.retention import FEWEST
from shop.backups.standing import AT_ONCE, TRIES, due, plan_at, rest, standing

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
NAS = Target("nas", "/mnt/nas")
numbers = count(1)


def a_copy(days: float, state: str = "restorable", **more: object) -> Backup:
    number = next(numbers)
    values = {"id": number, "state": state, "started_at": NOW - timedelta(days=days), "folder": f"copy-{number}"}
    return Backup(**values | more)


def there(copy: Backup, state: str = "verified", hours: float = 1, **more: object) -> BackupDuplicate:
    """What is known of a copy on the target, last tried so many hours before NOW."""
    at = NOW - timedelta(hours=hours)
    values = {
        "backup_id": copy.id, "target": "nas", "place": "/mnt/nas", "state": state, "tries": 1, "tried_at": at, "first_tried_at": at,
    }  # fmt: skip
    return BackupDuplicate(**values | more)


def test_the_newest_proven_copies_that_a_tier_needs_go_first() -> None:
    copies = [a_copy(day + 0.3) for day in range(40)]
    unproven, gone = a_copy(0.1, "written"), a_copy(0.2, pruned_at=NOW)
    found = due(NAS, [unproven, gone, *copies], [there(copies[0])], NOW)
    assert found == copies[1 : 1 + AT_ONCE]
    everything = [there(one) for one in copies]
    assert due(NAS, copies, everything, NOW) == []
    elsewhere = [there(one, place="/mnt/old") for one in copies]
    assert due(NAS, copies, elsewhere, NOW)[0] == copies[0], "another place under the same name has none of them"


def test_what_was_removed_there_or_has_failed_too_often_is_not_sent_again() -> None:
    copy = a_copy(0.3)
    assert due(NAS, [copy], [there(copy, "removed")], NOW) == []
    assert due(NAS, [copy], [there(copy, "failed", hours=0.5)], NOW) == [], "it rests for an hour"
    assert due(NAS, [copy], [there(copy, "failed", hours=1.1)], NOW) == [copy]
    assert due(NAS, [copy], [there(copy, "failed", hours=9000, tries=TRIES)], NOW) == []
    assert [rest(tries) for tries in (1, 2, 4, 8)] == [timedelta(hours=hours) for hours in (1, 2, 8, 24)]
    assert sum((rest(tries) for tries in range(1, TRIES)), timedelta()) > timedelta(days=3), (
        "three days of silence are bridged"
    )


def test_a_target_is_worth_a_word_once_its_newest_copy_is_too_old() -> None:
    fresh, old = a_copy(0.5), a_copy(3)
    assert standing(NAS, [fresh, old], [], NOW).worry == "", "nothing was tried yet"
    assert standing(NAS, [fresh, old], [there(fresh), there(old)], NOW).worry == ""
    late = standing(NAS, [fresh, old], [there(fresh, "failed", error="It is full."), there(old, hours=70)], NOW)
    assert late.worry.replace("\u00a0", " ").startswith("The newest copy on the target nas is 3 d old")
    assert late.error == "It is full."
    never = standing(NAS, [fresh], [there(fresh, "failed", hours=60)], NOW)
    assert never.worry.startswith("No copy has reached the target nas")
    assert standing(NAS, [fresh], [there(fresh, "failed", hours=40)], NOW).worry == ""


def test_a_target_is_pruned_by_the_same_plan_and_never_below_three() -> None:
    nights = [a_copy(day + 0.3) for day in range(60)]
    found = plan_at(NAS, nights, [there(one) for one in nights], NOW)
    assert found.refused is None
    assert 0 < len(found.removed) < 60
    assert set(found.removed).isdisjoint(one.id for one in nights[:7])
    same_night = [a_copy(0.3 + minute / 1440) for minute in range(6)]
    assert len(plan_at(NAS, same_night, [there(one) for one in same_night], NOW).removed) == 6 - FEWEST


@pytest.mark.parametrize("state", ["failed", "running", "removed"])
def test_only_what_was_read_back_is_counted_there(state: str) -> None:
    nights = [a_copy(day + 0.3) for day in range(6)]
    found = plan_at(NAS, nights, [there(one, state) for one in nights], NOW)
    assert found.removed == {}
    assert found.refused == "No copy is proven, so nothing is removed."


def test_a_copy_that_is_gone_here_still_counts_there() -> None:
    """Whatever has become of the files on this machine: what was sent was proven, and is what was sent."""
    nights = [a_copy(day + 0.3, "failed", pruned_at=NOW) for day in range(5)]
    found = plan_at(NAS, nights, [there(one) for one in nights], NOW)
    assert set(found.tiers) == {one.id for one in nights}


def test_b11_nothing_is_removed_there_while_the_newest_is_old() -> None:
    nights = [a_copy(day) for day in range(3, 60)]
    assert "3 days old" in str(plan_at(NAS, nights, [there(one) for one in nights], NOW).refused)
