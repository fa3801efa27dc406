"""The daily look at a shop's webhook: put back where Pult can be told, a mark that locks nothing where it cannot."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from shop import chores, schedule
from shop.config import Config
from shop.platforms.shoptet.webhooks import HINTS
from shop.shops import problems
from shop.shops.models import Shop
from shop.shops.webhook_keys import keys_of
from shop.simulator.simulator import Simulator
from tests.builders import another_app
from tests.contract.connected import asked, carried_on, connected, refused, simulated, taken
from tests.servers import SECRET_KEY

OURS = "https://pult.example/webhooks/shoptet/dilna"


@pytest.fixture
def public(app: Flask, db: SQLAlchemy, config: Config) -> Iterator[Flask]:
    """The installation with a public address."""
    with another_app(replace(config, base_url="https://pult.example")) as made, made.app_context():
        yield made


def look(db: SQLAlchemy, shop: Shop) -> chores.Outcome:
    """Check the webhook as a worker does: what it wrote is committed."""
    db.session.rollback()
    outcome = chores.check_webhook(db.session.get_one(Shop, shop.id, populate_existing=True))
    db.session.commit()
    return outcome


def test_a_webhook_that_is_gone_is_registered_again_with_a_new_key(public: Flask, db: SQLAlchemy) -> None:
    with simulated(hook=False, orders=20) as simulator:
        shop = connected(simulator)
        hooks = simulator.shops[0].webhooks
        assert look(db, shop).state == "done"
        assert {(hook.event, hook.url) for hook in hooks.registered.values()} == {
            (event, OURS) for event in ("job:finished", *HINTS)
        }
        key = hooks.key
        assert keys_of(db.session.get_one(Shop, shop.id), SECRET_KEY) == [key]
        for number in list(hooks.registered)[1:3]:
            hooks.delete(number)
        assert "is registered at pult.example" in look(db, shop).words
        assert len(hooks.registered) == 1 + len(HINTS)
        assert hooks.key == key, "a key in use is not renewed"


def test_where_pult_cannot_be_told_the_shop_is_marked_and_still_asked(app: Flask, db: SQLAlchemy) -> None:
    with simulated(hook=False, orders=20) as simulator:
        shop = connected(simulator)
        assert look(db, shop).state == "failed"
        marked = db.session.get_one(Shop, shop.id)
        assert marked.problem_code == "webhook_missing"
        assert not problems.locks_out(marked)
        assert chores.can_be_asked(marked)
        assert taken(app, shop).way == "lists"
        assert db.session.get_one(Shop, shop.id).problem_code == "webhook_missing"


def test_somebody_elses_webhook_is_left_alone_and_clears_the_mark(
    public: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    problems.note(shop, "webhook_missing", "No export without one.")
    db.session.commit()
    assert "client.example" in look(db, shop).words
    assert len(simulator.shops[0].webhooks.registered) == 1
    assert db.session.get_one(Shop, shop.id).problem is None


def test_an_export_that_was_made_disproves_a_missing_webhook(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    problems.note(shop, "webhook_missing", "No export without one.")
    db.session.commit()
    taken(app, shop)
    assert db.session.get_one(Shop, shop.id).problem is None


def test_a_right_is_there_again_when_every_kind_that_missed_it_was_read(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    simulator.faults.switch_on("missing-right", path="/api/*/snapshot")
    for kind in ("orders", "products"):
        refused(app, shop, kind)
    simulator.faults.switch_off()
    left = []
    for kind in ("customers", "orders", "products"):
        assert carried_on(app, asked(shop, kind)).state == "done"
        left.append(db.session.get_one(Shop, shop.id, populate_existing=True).problem_code)
    assert left == ["no_rights", "no_rights", None]


def test_every_connected_shop_is_looked_at_once_a_day() -> None:
    entry = schedule.entry_of("webhooks.check")
    assert entry is not None
    assert (entry.shops, entry.zone) == (chores.can_be_asked, "shop")
