"""A year of ticks, with restarts, silence and clocks that jump: no moment is missed, none comes twice."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shop.chores import Outcome
from shop.schedule import ENTRIES, CatchUp, Entry, decision
from shop.task_runs import Due
from shop.timetable import Cron, Every, Timing, count, moments

PRAGUE = ZoneInfo("Europe/Prague")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
CHANGES = (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def an_entry(timing: Timing, **values: object) -> Entry:
    return Entry(
        **{"key": "x", "title": "x", "timing": timing, "job": lambda: Outcome(""), "zone": "Europe/Prague"} | values
    )


class Ledger:
    """What PostgreSQL keeps of one task: the unique moments, and the last of them."""

    def __init__(self, start: datetime) -> None:
        self.moments: Counter[datetime] = Counter({start: 1})
        self.last = start
        self.carried_out: list[Due] = []
        self.decided: list[Due] = []

    def tick(self, entry: Entry, now: datetime) -> Due | None:
        made = decision(entry, PRAGUE, ("x", None), self.last, now)
        if made is None or made.at in self.moments:
            return None
        self.moments[made.at] += 1
        self.last = max(self.last, made.at)
        self.decided.append(made)
        if not made.reason:
            self.carried_out.append(made)
        return made


def ticks(start: datetime, end: datetime, seed: int) -> Iterator[datetime]:
    """Yield a tick every ten minutes, every one around the clock changes, not to the second, with restarts that leave some out and storms that bring many."""
    dice = random.Random(seed)
    now = start
    while now < end:
        near = any(abs(now - change) < DAY for change in CHANGES)
        now += (MINUTE if near else 10 * MINUTE) + timedelta(seconds=dice.uniform(-20, 20))
        if dice.random() < 0.001:
            now += timedelta(seconds=dice.uniform(0, 600))  # a restart
        yield from [now] * (3 if dice.random() < 0.01 else 1)


@pytest.mark.parametrize(
    "timing",
    [Cron("30 2 * * *"), Cron("0 3 * * *"), Every(timedelta(hours=1)), Cron("15 */6 * * *")],
    ids=lambda timing: timing.words(),
)
def test_simulated_year_with_restarts_has_nothing_doubled_and_nothing_missed(timing: Timing) -> None:
    entry, ledger = an_entry(timing), Ledger(NEW_YEAR)
    end = NEW_YEAR + 365 * DAY
    for now in ticks(NEW_YEAR, end, seed=26):
        ledger.tick(entry, now)
    carried_out = [due.at for due in ledger.carried_out]
    assert carried_out == list(moments(timing, PRAGUE, NEW_YEAR, carried_out[-1]))
    assert end - carried_out[-1] <= DAY
    assert all(due.passed_over == 0 for due in ledger.carried_out)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_t1_t2_a_year_of_the_whole_schedule_has_nothing_doubled_and_nothing_missed(entry: Entry) -> None:
    """T1, T2. Each entry as it stands: three tickers at once, silences of up to an hour and a half, each minute of both clock changes.

    Carried out or counted as passed over: each moment is one of the two, and none is both.
    """
    ledger, dice, end = Ledger(NEW_YEAR), random.Random(2026), NEW_YEAR + 365 * DAY
    now = NEW_YEAR
    while now < end:
        now += MINUTE if around_a_change(now) else timedelta(seconds=dice.uniform(240, 720))
        if dice.random() < 0.002:
            now += timedelta(minutes=dice.uniform(0, 90))  # nobody was there
        for ticker_now in (
            now,
            now - timedelta(seconds=dice.uniform(0, 90)),
            now,
        ):  # three tickers, one a little behind
            ledger.tick(entry, ticker_now)
    known = list(moments(entry.timing, PRAGUE, NEW_YEAR, ledger.last))
    decided = [due.at for due in ledger.decided]
    assert max(ledger.moments.values()) == 1
    assert decided == sorted(set(decided) & set(known))
    assert len(decided) + sum(due.passed_over for due in ledger.decided) == len(known)
    daily = isinstance(entry.timing, Cron)
    assert not daily or [due.at for due in ledger.carried_out] == known, "a short silence costs a daily task nothing"
    assert entry.timing.latest(end, PRAGUE) - ledger.last <= timedelta(hours=2)


def around_a_change(now: datetime) -> bool:
    return any(abs(now - change) < timedelta(hours=6) for change in CHANGES)


def test_fault_p15_after_26_hours_of_silence_each_task_catches_up_once() -> None:
    """P15. One run of each, whatever it missed, and the others counted."""
    silent_from = datetime(2026, 6, 1, 1, 7, tzinfo=UTC)
    now = silent_from + timedelta(hours=26)
    for timing, missed in ((Cron("30 4 * * *"), 2), (Every(timedelta(minutes=10)), 156)):
        entry, ledger = an_entry(timing), Ledger(silent_from)
        for minute in range(5):
            ledger.tick(entry, now + minute * timedelta(seconds=10))
        assert len(ledger.carried_out) == 1
        assert ledger.carried_out[0].at == timing.latest(now, PRAGUE)
        assert ledger.carried_out[0].passed_over == missed - 1 == count(timing, PRAGUE, silent_from, now) - 1


def test_what_is_too_old_to_catch_up_is_kept_as_skipped_with_its_reason() -> None:
    weekly = Cron("0 5 * * 1")
    start = datetime(2026, 6, 1, tzinfo=UTC)
    now = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)  # the second Monday was two days ago
    for catch_up, carried_out in ((CatchUp.WITHIN_A_DAY, False), (CatchUp.ALWAYS, True), (CatchUp.NEVER, False)):
        made = Ledger(start).tick(an_entry(weekly, catch_up=catch_up), now)
        assert made
        assert (made.reason == "") is carried_out, catch_up
    never = an_entry(weekly, catch_up=CatchUp.NEVER, late_after=timedelta(minutes=15))
    on_time = Ledger(start).tick(never, datetime(2026, 6, 8, 3, 5, tzinfo=UTC))
    assert on_time
    assert on_time.reason == ""


def test_fault_t4_a_clock_that_goes_back_two_days_runs_nothing_again() -> None:
    """T4. What is decided stays decided, until the clock has caught up."""
    entry, ledger = an_entry(Every(timedelta(minutes=10))), Ledger(NEW_YEAR)
    noon = NEW_YEAR + timedelta(days=3)
    for minute in range(60):
        ledger.tick(entry, noon + minute * MINUTE)
    before = len(ledger.carried_out)
    for minute in range(0, 2 * 24 * 60, 7):
        assert ledger.tick(entry, noon - 2 * DAY + minute * MINUTE) is None
    assert len(ledger.carried_out) == before
    assert ledger.tick(entry, noon + 70 * MINUTE)


def test_something_new_is_due_from_now_on_and_not_from_long_ago() -> None:
    made = decision(an_entry(Cron("30 2 * * *")), PRAGUE, ("x", 1), None, NEW_YEAR)
    assert made == Due("x", 1, NEW_YEAR, 0, "Seen for the first time; it is due from here on.")
