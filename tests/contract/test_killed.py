"""A worker that is killed -9 while it asks, waits or downloads: the same run goes on, and nothing is asked for twice."""

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.db import db as handle
from shop.snapshots.models import Snapshot, SnapshotAttempt
from tests import warm
from tests.contract.connected import check_figures, connected, simulated
from tests.snapshots.test_killed import let_locks_run_out

ROOT = Path(__file__).parents[2]
SNAPSHOT = "/api/orders/snapshot"
POINTS = ("request.before", "request.asked", "request.kept", "wait", "download.middle", "download.done")


def flask(
    environment: dict[str, str], *words: str, fault: str = "", before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    handle.session.rollback()  # a transaction of ours would idle until the server ends it, where processes start slowly
    words = ("-m", "flask", "snapshots", *words)
    given = environment | {"PULT_FAULT_AT": fault}
    if before is None:
        return warm.run(words, given)
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=given, capture_output=True, text=True, check=False, preexec_fn=before
    )  # fmt: skip


def only_run(db: SQLAlchemy) -> Snapshot:
    db.session.rollback()
    return db.session.scalars(select(Snapshot)).one()


@pytest.mark.chaos
@pytest.mark.parametrize("point", POINTS)
def test_a_killed_worker_goes_on_with_the_same_export(
    app: Flask, db: SQLAlchemy, environment: dict[str, str], point: str
) -> None:
    with simulated(orders=3000) as simulator:
        connected(simulator)
        killed = flask(environment, "run", "dilna", "--kind", "orders", fault=point)
        assert killed.returncode == -9, killed.stderr
        run = only_run(db)
        assert (run.state, run.file_path) == ("running", None)
        received = run.received or {"bytes": 0}
        assert (0 < received["bytes"] < received["total"]) if point == "download.middle" else True
        let_locks_run_out(app, db)
        resumed = flask(environment, "retry", str(run.id))
        assert resumed.returncode == 0, resumed.stderr
        ended = only_run(db)
        assert (ended.state, ended.exports) == ("done", 1)
        assert simulator.counts.requests[SNAPSHOT] == len(simulator.shops[0].jobs.known) == 1
        attempts = select(SnapshotAttempt.outcome).order_by(SnapshotAttempt.number)
        assert db.session.scalars(attempts).all() == ["lost", "done"]
        check_figures(db, simulator)
    assert list(app.extensions["pult"].data_dir.glob("raw/*.part")) == []


@pytest.mark.chaos
def test_f35_a_full_disk_ends_the_run_and_leaves_no_part_behind(
    app: Flask, db: SQLAlchemy, environment: dict[str, str]
) -> None:
    """F35. The disk is full while a file arrives: a sentence, nothing left behind."""

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    with simulated() as simulator:
        connected(simulator)
        ended = flask(environment, "run", "dilna", "--kind", "orders", before=small_files)
        assert ended.returncode == 1
        assert "could not be stored: File too large. Nothing of the shop was changed" in ended.stderr
        run = only_run(db)
        assert (run.state, run.error_code) == ("failed", "no_room")
        assert list(app.extensions["pult"].data_dir.glob("raw/*.part")) == []
        again = flask(environment, "retry", str(run.id))
        assert again.returncode == 0, again.stderr
        check_figures(db, simulator)


@pytest.mark.parametrize(
    ("fault", "words"),
    [("token-revoked", "does not accept the token"), ("identity-of-another-shop", "another shop")],
)
def test_the_command_says_why_nothing_was_loaded(
    app: Flask, db: SQLAlchemy, environment: dict[str, str], fault: str, words: str
) -> None:
    with simulated(orders=20) as simulator:
        shop = connected(simulator)
        shop.platform_shop_id = str(simulator.shops[0].eshop_id)
        db.session.commit()
        simulator.faults.switch_on(fault)
        ended = flask(environment, "run", "dilna", "--kind", "orders")
        assert ended.returncode == 1
        assert "Traceback" not in ended.stderr
        assert simulator.shops[0].private_token not in ended.stderr + ended.stdout
        assert only_run(db).error
        assert simulator.counts.requests[SNAPSHOT] == 0
