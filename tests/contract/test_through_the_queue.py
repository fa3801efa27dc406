"""A snapshot through the real queue: a worker of its own asks, gives the run back, takes it up again and loads it."""

import signal
import time
from pathlib import Path

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from redis import Redis

from shop.snapshots.jobs import enqueue
from tests.contract.connected import asked, check_figures, connected, row, simulated
from tests.warm import Warm

ROOT = Path(__file__).parents[2]


@pytest.mark.chaos
def test_a_worker_takes_a_snapshot_and_waits_for_nobody(
    app: Flask, db: SQLAlchemy, redis: Redis, environment: dict[str, str]
) -> None:
    with simulated(running=15) as simulator:
        shop = connected(simulator)
        worker = Warm(["worker.py", "imports"], environment)
        try:
            runs = [asked(shop, kind) for kind in ("orders", "customers", "products")]
            assert all(map(enqueue, runs))
            seen: set[tuple[str, str]] = set()
            deadline = time.monotonic() + 150
            while time.monotonic() < deadline and any(row(run).is_live for run in runs):
                seen |= {(row(run).state, row(run).phase) for run in runs}
                time.sleep(0.2)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(20)
        assert [row(run).state for run in runs] == ["done"] * 3, [row(run).error for run in runs]
        assert {row(run).attempts for run in runs} == {1}
        assert ("queued", "wait") in seen
        check_figures(db, simulator)
