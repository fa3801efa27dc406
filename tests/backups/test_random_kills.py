"""Killed at random moments: no half-written copy ever counts, none stays, and what was proven is as it was."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import text

from shop.backups.files import check
from shop.backups.holding import alone
from shop.backups.leftovers import working_in
from tests.hatchery import Hatchery, hatchery

KILLS = int(os.environ.get("PULT_BACKUP_KILLS", "4"))
SEED = int(os.environ.get("PULT_BACKUP_SEED", "26"))


@pytest.fixture
def warm(environment: dict[str, str]) -> Iterator[Hatchery]:
    with hatchery(environment, "tests.backups.deeds") as found:
        yield found


@pytest.mark.chaos
@pytest.mark.usefixtures("shop")
@pytest.mark.timeout(1800)
def test_b1_killed_at_random_moments_nothing_half_written_counts_or_stays(
    app: Flask, db: SQLAlchemy, redis: Redis, copies: Path, warm: Hatchery
) -> None:
    dice = random.Random(SEED)
    began = time.monotonic()
    warm.begin("take")
    assert warm.heard() == 0
    whole = time.monotonic() - began
    (first,) = states(db).items()
    assert first[1] == "restorable"
    left_when_killed: set[str] = set()
    for _ in range(KILLS):
        child = warm.begin("take")
        time.sleep(dice.uniform(0.02, whole))
        with suppress(ProcessLookupError):  # it was faster
            os.kill(child, signal.SIGKILL)
        killed = warm.heard() == signal.SIGKILL
        left_when_killed |= {path.name.split("-")[0] for path in copies.iterdir() if path.name.startswith(".")}
        assert killed or states(db).popitem()[1] == "restorable"
        counts_only_what_is_whole(db, copies)
        forget_leases(db, redis)
        with alone():
            db.session.rollback()
        assert [path.name for path in copies.iterdir() if path.name.startswith(".")] == [], "nothing of it stays"
        assert working_in(copies) == [], "none of its programs goes on"
        assert "running" not in states(db).values()
        counts_only_what_is_whole(db, copies)
    assert KILLS < 8 or left_when_killed, "some were killed in the midst of writing"
    warm.begin("take")
    assert warm.heard() == 0
    assert states(db).popitem()[1] == "restorable"


def counts_only_what_is_whole(db: SQLAlchemy, copies: Path) -> None:
    """Every copy that has a name is whole, byte by byte, and each one that counts is among them."""
    whole = {path.name for path in copies.iterdir() if not path.name.startswith(".")}
    for name in whole:
        check(copies / name)
    counted = db.session.execute(
        text("SELECT folder FROM backups WHERE state IN ('written', 'verified', 'restorable')")
    )
    assert set(counted.scalars()) <= whole
    db.session.rollback()


def states(db: SQLAlchemy) -> dict[int, str]:
    found = {row.id: row.state for row in db.session.execute(text("SELECT id, state FROM backups ORDER BY id"))}
    db.session.rollback()
    return found


def forget_leases(db: SQLAlchemy, redis: Redis) -> None:
    """Let the lease of the killed process run out at once."""
    db.session.execute(text("UPDATE job_leases SET expires_at = now() - interval '1 second'"))
    db.session.commit()
    redis.delete("pult:lock:backups", "pult:lock:backups:beside")
