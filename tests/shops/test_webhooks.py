"""Registering a shop's webhook: at our own address with a new key, at another one without, never over somebody else's."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy

from shop.config import Config
from shop.platforms.registry import platform
from shop.platforms.shoptet.webhooks import HINTS
from shop.shops import webhook_keys
from shop.shops.models import Shop
from shop.shops.problems import note
from shop.shops.webhook_keys import GRACE, keep_key, keys_of
from shop.simulator.simulator import Simulator
from tests.builders import a_connected_shop, a_shop, another_app
from tests.servers import SECRET_KEY
from tests.simulator.asking import receiving

OURS = "https://pult.example/webhooks/shoptet/praha"


@pytest.fixture
def public(config: Config, db: SQLAlchemy) -> Iterator[Flask]:
    """The installation with a public address."""
    with another_app(replace(config, base_url="https://pult.example")) as made:
        yield made


def webhook(app: Flask | FlaskCliRunner, *words: str) -> Result:
    runner = app.test_cli_runner() if isinstance(app, Flask) else app
    return runner.invoke(args=["shops", "webhook", "praha", *words])


def test_our_own_address_is_registered_and_its_key_kept_sealed(
    public: Flask, db: SQLAlchemy, simulator: Simulator
) -> None:
    shop = a_connected_shop(simulator, "praha")
    note(shop, "webhook_missing", "No export without one.")
    db.session.commit()
    told = webhook(public)
    assert told.exit_code == 0, told.output
    assert "tells Pult of finished exports from now on" in told.output
    hooks = simulator.shops[0].webhooks
    assert {hook.url for hook in hooks.registered.values()} == {OURS}
    assert {hook.event for hook in hooks.registered.values()} == {"job:finished", *HINTS}
    db.session.refresh(shop)
    assert keys_of(shop, SECRET_KEY) == [hooks.key]
    assert shop.webhook_keys is not None
    assert (hooks.key or "").encode() not in bytes(shop.webhook_keys)
    assert shop.problem is None, "what was missing is there"
    assert public.test_cli_runner().invoke(args=["shops", "check", "praha"]).exit_code == 0


def test_the_key_opens_what_the_platform_signs(db: SQLAlchemy, public: Flask, simulator: Simulator) -> None:
    shop = a_connected_shop(simulator, "praha")
    webhook(public)
    db.session.refresh(shop)
    registered = simulator.shops[0].webhooks.registered.values()
    number = next(hook.id for hook in registered if hook.event == "job:finished")
    with receiving() as receiver:
        simulator.shops[0].webhooks.change(number, receiver.url.replace("?shop=1", ""), None)
        simulator.shops[0].notify("job:finished", "abc")
        simulator.settle()
        body, headers = receiver.came[0]
    notice = platform("shoptet").notice(headers, body, keys_of(shop, SECRET_KEY))
    assert (notice.event, notice.keys) == ("job:finished", ("abc",))


def test_without_a_public_address_another_one_can_be_named(runner: FlaskCliRunner, simulator: Simulator) -> None:
    shop = a_connected_shop(simulator, "praha")
    refused = webhook(runner)
    assert refused.exit_code == 1
    assert "PULT_BASE_URL is not set" in refused.stderr
    assert "Nothing was registered." in refused.stderr
    assert "will not do" in webhook(runner, "--url", "pult.example").stderr
    told = webhook(runner, "--url", "https://nobody.example/hook")
    assert told.exit_code == 0, told.output
    assert "registered at nobody.example" in told.output
    assert keys_of(shop, SECRET_KEY) == []


def test_somebody_elses_address_stays_until_it_is_replaced(public: Flask, db: SQLAlchemy, simulator: Simulator) -> None:
    shop = a_connected_shop(simulator, "praha")
    hooks = simulator.shops[0].webhooks
    hooks.register("job:finished", "https://theirs.example/a-secret-path", None)
    told = webhook(public)
    assert "leads to theirs.example already, and was left there" in told.output
    assert "a-secret-path" not in told.output
    assert hooks.key is None, "their key was not renewed under their feet"
    assert webhook(public, "--replace").exit_code == 0
    assert {hook.url for hook in hooks.registered.values()} == {OURS}
    db.session.refresh(shop)
    assert keys_of(shop, SECRET_KEY) == [hooks.key]


def test_a_platform_that_refuses_is_a_sentence(public: Flask, db: SQLAlchemy, simulator: Simulator) -> None:
    shop = a_connected_shop(simulator, "praha")
    simulator.faults.switch_on("token-revoked")
    refused = webhook(public)
    assert refused.exit_code == 1
    assert "Make a new token" in refused.stderr
    assert shop.webhook_keys is None


def test_the_key_before_is_good_for_an_hour(db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = a_shop()
    assert keys_of(shop, SECRET_KEY) == []
    keep_key(shop, "first", SECRET_KEY)
    assert keys_of(shop, SECRET_KEY) == ["first"]
    keep_key(shop, "second", SECRET_KEY)
    assert keys_of(shop, SECRET_KEY) == ["second", "first"]
    keep_key(shop, "third", SECRET_KEY)
    assert keys_of(shop, SECRET_KEY) == ["third", "second"]

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Later":
            return cls.fromtimestamp((datetime.now(UTC) + GRACE + timedelta(seconds=1)).timestamp(), tz)

    monkeypatch.setattr(webhook_keys, "datetime", Later)
    assert keys_of(shop, SECRET_KEY) == ["third"]


def test_a_key_that_cannot_be_opened_gives_way_to_a_new_one(db: SQLAlchemy) -> None:
    shop: Shop = a_shop()
    keep_key(shop, "first", "a key that is gone by now")
    with pytest.raises(Exception, match=r"signature key of .* was sealed under another SECRET_KEY"):
        keys_of(shop, SECRET_KEY)
    keep_key(shop, "second", SECRET_KEY)
    assert keys_of(shop, SECRET_KEY) == ["second"]
