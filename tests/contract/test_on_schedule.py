"""Snapshots that nobody presses a button for: due, asked for, taken, and then only what changed."""

from datetime import timedelta

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import select

from shop import task_runs, ticking
from shop.chores import check_figures
from shop.shops.models import Shop
from shop.simulator.simulator import Simulator
from shop.snapshots.models import Snapshot
from shop.task_runs import TaskRun
from tests.contract.connected import carried_on
from tests.contract.connected import check_figures as equal_to_the_platform
from tests.snapshots.invariants import broken_invariants


def carried_out(app: Flask, db: SQLAlchemy) -> list[Snapshot]:
    """Do what a worker of tasks and one of imports do, until nothing is left."""
    db.session.rollback()
    for run_id in db.session.scalars(select(TaskRun.id).where(TaskRun.state == "queued").order_by(TaskRun.id)).all():
        ticking.run_task(run_id)
    db.session.rollback()
    live = db.session.scalars(select(Snapshot.id).where(Snapshot.state == "queued").order_by(Snapshot.id)).all()
    return [carried_on(app, run) for run in live]


def test_a_connected_shop_is_loaded_and_kept_up_to_date_by_itself(
    app: Flask, db: SQLAlchemy, redis: Redis, simulator: Simulator, shop: Shop
) -> None:
    ticking.decide()
    start = task_runs.now()
    ticking.decide(start + timedelta(minutes=10))
    whole = [run for run in carried_out(app, db) if run.mode == "full"]
    assert {run.kind for run in whole} == {"products", "customers", "orders"}
    assert {(run.state, run.requested_by) for run in whole} == {("done", "schedule")}
    equal_to_the_platform(db, simulator)
    assert check_figures(db.session.get_one(Shop, shop.id)).state == "done"
    simulator.shops[0].place_order()
    ticking.decide(start + timedelta(minutes=20))
    parts = carried_out(app, db)
    assert {(run.kind, run.mode, run.state) for run in parts} == {
        ("products", "partial", "done"),
        ("customers", "partial", "done"),
        ("orders", "partial", "done"),
    }
    assert sum(run.inserted for run in parts if run.kind == "orders") == 1
    assert broken_invariants(db) == []
    assert check_figures(db.session.get_one(Shop, shop.id)).state == "done"
