"""The simulator's time and its agenda."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from shop.simulator.clock import Agenda, Clock

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_a_clock_stands_still_or_runs_and_can_be_moved() -> None:
    still = Clock(NOON, running=False)
    assert still.now() == NOON
    still.advance(hours=1, minutes=2, seconds=3)
    assert still.now() == NOON + timedelta(hours=1, minutes=2, seconds=3)
    running = Clock(NOON)
    time.sleep(0.02)
    assert NOON < running.now() < NOON + timedelta(seconds=10)


def test_things_happen_in_their_time() -> None:
    clock = Clock(NOON, running=False)
    agenda = Agenda(clock)
    agenda.start()
    done: list[str] = []
    try:
        agenda.at(NOON + timedelta(minutes=2), lambda: done.append("later"))
        agenda.at(NOON + timedelta(minutes=1), lambda: done.append("sooner"))
        agenda.settle()
        assert done == []
        for wanted in (["sooner"], ["sooner", "later"]):
            clock.advance(minutes=1)
            agenda.settle()
            assert done == wanted
    finally:
        agenda.stop()


def test_with_a_running_clock_nobody_needs_to_wake_it() -> None:
    clock = Clock()
    agenda = Agenda(clock)
    agenda.start()
    done = threading.Event()
    try:
        agenda.at(clock.now() + timedelta(seconds=0.05), done.set)
        assert done.wait(5)
    finally:
        agenda.stop()


def test_what_takes_too_long_is_told() -> None:
    clock = Clock(running=False)
    agenda = Agenda(clock)
    agenda.start()
    go_on = threading.Event()
    try:
        agenda.at(clock.now(), lambda: go_on.wait(5) and None)
        with pytest.raises(TimeoutError, match="still at work"):
            agenda.settle(timeout=0.1)
    finally:
        go_on.set()
        agenda.stop()
