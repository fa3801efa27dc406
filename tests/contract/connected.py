"""Connects a simulated shop to Pult, takes snapshots of it, and compares the books of both."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.config import Config
from shop.db import db as handle
from shop.errors import ShopError
from shop.shops.models import Shop
from shop.shops.secrets import seal
from shop.shops.webhook_keys import keep_key
from shop.simulator.jobs import JobTimes
from shop.simulator.online import SimulatedShop
from shop.simulator.simulator import Simulator
from shop.snapshots import runs
from shop.snapshots.conducting import conduct
from shop.snapshots.models import Snapshot
from tests.builders import a_shop
from tests.servers import SECRET_KEY
from tests.simulator.asking import Client
from tests.snapshots.invariants import broken_invariants


@contextmanager
def simulated(*, hook: bool = True, orders: int = 200, running: float = 0.0) -> Iterator[Simulator]:
    """A Czech shop, whose exports run for so many seconds; without a hook it makes none."""
    shops = [SimulatedShop("cz", orders=orders, seed=1)]
    with Simulator(shops=shops, job_times=JobTimes(running=running)) as simulator:
        if hook:
            Client(simulator).hook("job:finished")
        yield simulator


def connected(simulator: Simulator, place: int = 0, *, addon: bool = False, slug: str = "dilna") -> Shop:
    """Add the simulated shop at that place, with its private token or as an addon."""
    told = simulator.shops[place]
    profile = told.living.made.profile
    shop = a_shop(slug, base_url=simulator.base_url, currency=profile.currency, timezone=profile.timezone)
    given = (
        {"oauth_token": told.oauth_token, "token_url": simulator.token_url} if addon else {"token": told.private_token}
    )
    shop.credentials = seal(shop.id, given, SECRET_KEY)
    handle.session.commit()
    return shop


def give_keys(shop: Shop, *keys: str) -> None:
    """Store keys of signatures as the shop's page does."""
    for key in keys:
        keep_key(shop, key, SECRET_KEY)
    handle.session.commit()


def asked(shop: Shop, kind: str = "orders", since: datetime | None = None) -> int:
    """Add a run that asks the platform; returns its number."""
    its = handle.session.get_one(Shop, shop.id, populate_existing=True)
    run = runs.request_fetch(its, kind, "a test", since)
    handle.session.commit()
    return run.id


def taken(app: Flask, shop: Shop, kind: str = "orders", since: datetime | None = None) -> Snapshot:
    """Take a snapshot here and now. What ends it is raised."""
    return carried_on(app, asked(shop, kind, since))


def carried_on(app: Flask, run: int, *, in_place: bool = True) -> Snapshot:
    config: Config = app.extensions["pult"]
    conduct(run, config, in_place=in_place)
    return row(run)


def refused(app: Flask, shop: Shop, kind: str = "orders", since: datetime | None = None) -> Snapshot:
    """Take a snapshot that ends in a refusal; returns the failed run, with nothing loaded by it."""
    run = asked(shop, kind, since)
    with pytest.raises(ShopError):
        carried_on(app, run)
    failed = row(run)
    assert failed.state == "failed"
    assert failed.error
    assert handle.session.scalar(text("SELECT count(*) FROM orders")) == 0
    return failed


def due_now(run: int) -> None:
    """Let the time come for which the run was given back."""
    handle.session.execute(text("UPDATE snapshots SET look_at = now() WHERE id = :run"), {"run": run})
    handle.session.commit()


def given_back(app: Flask, run: int) -> Snapshot:
    """Carry the run on as a worker does, to where it waits for the platform."""
    found = carried_on(app, run, in_place=False)
    assert (found.state, found.look_at is not None) == ("queued", True)
    return found


def row(run: int) -> Snapshot:
    handle.session.rollback()
    return handle.session.get_one(Snapshot, run, populate_existing=True)


def check_figures(db: SQLAlchemy, simulator: Simulator, place: int = 0) -> None:
    """The loaded shop's figures are those that its simulator expects."""
    expected = simulator.shops[place].expected
    db.session.rollback()
    orders = """SELECT count(*), count(*) FILTER (WHERE counted), coalesce(sum(total_shop) FILTER (WHERE counted), 0)
                FROM orders WHERE deleted_at IS NULL"""
    assert tuple(db.session.execute(text(orders)).one()) == (
        expected.orders, expected.counted_orders, expected.counted_total,
    )  # fmt: skip
    assert db.session.scalar(text("SELECT sum(total_sales) FROM daily_sales")) == expected.counted_total
    assert broken_invariants(db) == []
    assert simulator.counts.bucket_overflows == simulator.counts.connection_overflows == 0
    assert simulator.counts.downloads_with_token == 0
