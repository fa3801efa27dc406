"""Connecting a shop in the browser, its page, its check, its token and its webhook; who may and who may not."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select

from shop.audit.models import AuditEntry
from shop.config import Config
from shop.shops import connecting
from shop.shops.models import Shop
from shop.shops.queries import shop_by_slug
from shop.shops.secrets import unseal
from shop.shops.webhook_keys import keys_of
from shop.simulator.simulator import Simulator
from tests.builders import (
    a_connected_shop,
    a_manager,
    a_shop,
    a_snapshot,
    an_operator,
    an_owner,
    another_app,
    posted,
    signed_in,
)
from tests.page import Page
from tests.servers import SECRET_KEY

TYPED = {"platform": "shoptet", "slug": "praha", "currency": "CZK", "timezone": "Europe/Prague"}
CANARY = "canary-77ab-token"


@pytest.fixture
def public(config: Config, db: SQLAlchemy) -> Iterator[Flask]:
    with another_app(replace(config, base_url="http://pult.example")) as made:
        yield made


def shown(client: FlaskClient, slug: str = "praha") -> Page:
    answer = client.get(f"/shops/{slug}")
    assert answer.status_code == 200
    return Page(answer.text)


def test_an_owner_connects_a_shop_and_checks_it(client: FlaskClient, db: SQLAlchemy, simulator: Simulator) -> None:
    signed_in(client, an_owner())
    form = Page(client.get("/shops/new").text).form("/shops/")
    assert (form["currency"], form["timezone"]) == ("CZK", "Europe/Prague")
    filled = form | TYPED | {"base_url": simulator.base_url, "token": simulator.shops[0].private_token}
    del filled["csrf_token"]
    assert posted(client, "/shops/", **filled).location == "/shops/praha"
    page = shown(client)
    assert page.has("The platform was not asked yet.")
    assert simulator.counts.requests == {}
    assert posted(client, "/shops/praha/webhook", url="https://nobody.example/hook").location == "/shops/praha"
    assert posted(client, "/shops/praha/check").location == "/shops/praha"
    page = shown(client)
    assert page.has("The connection of Praha is good.")
    steps = page.rows("Steps of the last check")
    assert [row[0] for row in steps] == [
        "Reachable", "Token", "Rights", "Identity", "Currency", "Time zone", "Webhook",
    ]  # fmt: skip
    assert steps[1][1] == "The token is accepted."
    assert page.has(f"number {simulator.shops[0].eshop_id}")
    assert page.has("CZK (default), EUR")
    assert page.has("eshop, orders, order, customers")
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["shop_added", "shop_webhook_set", "shop_checked"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"slug": "Pra ha"}, "The slug 'Pra ha' cannot stand in an address."),
        ({"slug": "there"}, "There is a shop there already."),
        ({"slug": "pra\x00ha"}, "cannot stand in an address."),
        ({"base_url": "https://x.example/\x00"}, "will not do."),
        ({"currency": "ABC"}, "'ABC' is not the code of a currency."),
        ({"timezone": "Prague"}, "There is no time zone 'Prague'."),
        ({"base_url": "ftp://x"}, "The base URL 'ftp://x' will not do."),
        ({"oauth_token": "a-token"}, "belong together"),
        ({"platform": "magento"}, "There is no platform 'magento'."),
    ],
)
def test_a_wrong_value_is_told_at_its_field_and_nothing_is_lost_but_the_token(
    client: FlaskClient, db: SQLAlchemy, changed: dict[str, str], sentence: str
) -> None:
    a_shop("there")
    signed_in(client, an_owner())
    token = {} if "oauth_token" in changed else {"token": CANARY}
    answer = posted(client, "/shops/", **(TYPED | {"name": "Čaj z Prahy"} | token | changed))
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.has(sentence)
    assert page.form("/shops/")["name"] == "Čaj z Prahy"
    assert CANARY not in answer.text
    assert db.session.scalar(select(func.count()).select_from(Shop)) == 1


@pytest.mark.parametrize("name", ["with\x00nothing", "two\nlines", "x" * 121])
def test_a_name_that_cannot_be_shown_is_refused(client: FlaskClient, db: SQLAlchemy, name: str) -> None:
    signed_in(client, an_owner())
    answer = posted(client, "/shops/", **TYPED, name=name)
    assert answer.status_code == 422
    assert "This name cannot be shown. No shop was added." in answer.text
    assert db.session.scalar(select(func.count()).select_from(Shop)) == 0


def test_a_slug_that_somebody_takes_at_the_same_moment_is_told(
    client: FlaskClient, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_shop("praha")
    monkeypatch.setattr(connecting, "shop_by_slug", lambda _slug: None)
    signed_in(client, an_owner())
    answer = posted(client, "/shops/", **TYPED)
    assert answer.status_code == 422
    assert Page(answer.text).has("There is a shop praha already.")


def test_a_failed_check_is_told_with_its_mend_and_stands_at_the_top(
    client: FlaskClient, db: SQLAlchemy, simulator: Simulator
) -> None:
    a_connected_shop(simulator, "praha", token=CANARY)
    signed_in(client, an_owner())
    posted(client, "/shops/praha/check")
    page = shown(client)
    assert page.has("The check of Praha has failed:")
    assert page.has("Make a new token in the shop's administration and hand it in again.")
    assert page.has("It goes away with a check that finds nothing, or with a new token.")
    assert [row[0] for row in page.rows("Steps of the last check")] == ["Reachable", "Token"]
    assert posted(client, "/shops/praha/token", token=simulator.shops[0].private_token).location == "/shops/praha"
    page = shown(client)
    assert page.has("Praha has a new token.")
    assert page.has("The platform was not asked yet.")
    assert not page.has("It goes away with")


def test_a_token_that_will_not_do_is_told_where_it_was_typed(client: FlaskClient, db: SQLAlchemy) -> None:
    shop = a_shop("praha")
    signed_in(client, an_owner())
    for fields, sentence in (
        ({"token": ""}, "There is no token."),
        ({"token": "two words"}, "holds spaces"),
        ({"token": CANARY, "oauth_token": CANARY}, "There are two tokens"),
        ({"oauth_token": CANARY, "token_url": "nowhere"}, "The token's URL 'nowhere' will not do."),
    ):
        answer = posted(client, "/shops/praha/token", **fields)
        assert answer.status_code == 422
        assert Page(answer.text).has(sentence)
        assert CANARY not in answer.text
    assert shop.credentials is None


def test_the_webhook_is_registered_with_a_new_key(public: Flask, db: SQLAlchemy, simulator: Simulator) -> None:
    shop = a_connected_shop(simulator, "praha")
    client = signed_in(public.test_client(), an_owner())
    assert shown(client).has("http://pult.example/webhooks/shoptet/praha")
    assert posted(client, "/shops/praha/webhook").location == "/shops/praha"
    assert shown(client).has("key kept, sealed")
    db.session.refresh(shop)
    assert keys_of(shop, SECRET_KEY) == [simulator.shops[0].webhooks.key]
    simulator.faults.switch_on("token-revoked")
    refused = posted(client, "/shops/praha/webhook")
    assert refused.status_code == 422
    assert Page(refused.text).has("Make a new token")


def test_each_kind_says_how_old_its_numbers_are(client: FlaskClient) -> None:
    praha = a_shop("praha")
    a_snapshot(praha, "orders", "done")
    failed = a_snapshot(praha, "orders", "failed")
    signed_in(client, an_owner())
    page = shown(client)
    assert page.column("Newest run", "Last snapshots") == ["Failed just now", "never", "never"]
    assert f"/snapshots/{failed.id}" in page.links.values()
    assert page.link("All snapshots of Praha") == "/snapshots/?shop=praha"


def test_an_operator_looks_and_checks_and_changes_nothing(
    client: FlaskClient, db: SQLAlchemy, simulator: Simulator
) -> None:
    praha = a_connected_shop(simulator, "praha")
    a_connected_shop(simulator, "brno")
    signed_in(client, an_operator([praha]))
    page = shown(client)
    assert page.form("/shops/praha/check")
    assert not page.has("Replace the token")
    assert posted(client, "/shops/praha/check").status_code == 303
    for path in ("/shops/praha/token", "/shops/praha/webhook", "/shops/praha/pause", "/shops/"):
        assert posted(client, path, **TYPED, token=CANARY).status_code == 403
    assert client.get("/shops/new").status_code == 403
    for path in ("/shops/brno/check", "/shops/nowhere/check"):
        assert posted(client, path).status_code == 404
    assert client.get("/shops/brno").status_code == 404
    assert unseal(praha, SECRET_KEY) == {"token": simulator.shops[0].private_token}
    assert shop_by_slug("brno") is not None


def test_a_manager_sees_none_of_it(client: FlaskClient, db: SQLAlchemy) -> None:
    praha = a_shop("praha")
    signed_in(client, a_manager([praha]))
    assert client.get("/shops/praha").status_code == 403
    for act in ("check", "token", "webhook", "pause", "resumption"):
        assert posted(client, f"/shops/praha/{act}").status_code == 403
