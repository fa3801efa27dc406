"""The check of a connection: each step by its name, its outcome, a sentence and a mend."""

from typing import Any

import pytest

from shop.platforms.remote import Outcome, Step
from tests.platforms.scripted import TOKEN, Clock, Say, Script, a_shop_at, bad, eshop, good, html, page
from tests.platforms.test_shoptet_webhooks import OURS, a_hook

STORED = {"shop_id": "222651", "currency": "CZK", "timezone": "Europe/Prague", "webhook_url": OURS}
LISTS = ("orders", "customers", "products", "system/jobs")


def steps(script: Script, clock: Clock, **more: Any) -> dict[str, Step]:
    return {step.name: step for step in a_shop_at(script, clock.timing(), **STORED | more).check()}


def outcomes(found: dict[str, Step]) -> dict[str, str]:
    return {name: str(step.outcome) for name, step in found.items() if step.outcome is not Outcome.OK}


def play(script: Script, shop: Say | None = None, hooks: list[dict[str, Any]] | None = None, **refused: Say) -> None:
    script.expect("GET /api/eshop", shop or good(eshop()))
    for name in LISTS:
        script.expect(f"GET /api/{name}", refused.get(name) or page(name.rpartition("/")[2], []))
    script.expect("GET /api/webhooks", page("webhooks", [a_hook()] if hooks is None else hooks))


def test_a_good_connection_is_good_at_every_step(script: Script, clock: Clock) -> None:
    play(script)
    found = steps(script, clock)
    assert list(found) == ["reachable", "token", "rights", "identity", "currency", "timezone", "webhook"]
    assert outcomes(found) == {}
    assert all(step.sentence.endswith(".") for step in found.values())
    assert TOKEN not in repr(found)


def test_a_platform_that_cannot_be_reached_ends_the_check(script: Script, clock: Clock) -> None:
    found = steps(script, clock, base_url="http://127.0.0.1:9")
    assert list(found) == ["reachable"]
    assert found["reachable"].outcome is Outcome.FAILED
    assert "nobody listens" in found["reachable"].sentence
    assert "base URL" in found["reachable"].mend


@pytest.mark.parametrize("answer", [html(200), html(404)])
def test_what_is_no_api_is_not_reached(script: Script, clock: Clock, answer: Say) -> None:
    script.expect("GET /api/eshop", answer)
    assert outcomes(steps(script, clock)) == {"reachable": "failed"}


@pytest.mark.parametrize(
    "answer",
    [
        bad(401, "invalid-token", "Invalid access token"),
        bad(401, "invalid-token", "Addon installation is not approved."),
    ],
)
def test_a_bad_token_is_told_as_the_token(script: Script, clock: Clock, answer: Say) -> None:
    script.expect("GET /api/eshop", answer)
    found = steps(script, clock)
    assert list(found) == ["reachable", "token"]
    assert outcomes(found) == {"token": "failed"}
    assert "administration" in found["token"].mend


def test_missing_rights_are_named(script: Script, clock: Clock) -> None:
    no = bad(403, "invalid-token-no-rights")
    play(script, customers=no, **{"system/jobs": no})
    found = steps(script, clock)
    assert outcomes(found) == {"rights": "failed"}
    assert found["rights"].sentence == "The token may not read customers, jobs."
    script.expect("GET /api/eshop", no)
    assert list(steps(script, clock)) == ["reachable", "token", "rights"]


def test_another_shop_other_money_and_another_zone_are_failures(script: Script, clock: Clock) -> None:
    play(
        script, good(eshop(99, currencies=[{"code": "EUR", "isDefault": True}], settings={"timezone": "Europe/Lisbon"}))
    )
    found = steps(script, clock)
    assert outcomes(found) == {"identity": "failed", "currency": "failed", "timezone": "failed"}
    assert "number 99" in found["identity"].sentence
    assert "EUR" in found["currency"].sentence


def test_the_first_check_learns_the_identity_and_a_silent_platform_is_a_warning(script: Script, clock: Clock) -> None:
    play(script, good(eshop(currencies=[], settings={})))
    found = steps(script, clock, shop_id=None)
    assert found["identity"].sentence == "The token belongs to Tulip (number 222651)."
    assert outcomes(found) == {"currency": "warning", "timezone": "warning"}


@pytest.mark.parametrize(("hooks", "outcome"), [([], "failed"), ([a_hook("https://another.example/")], "warning")])
def test_without_our_webhook_exports_are_polled_or_impossible(
    script: Script, clock: Clock, hooks: list[dict[str, Any]], outcome: str
) -> None:
    play(script, hooks=hooks)
    assert outcomes(steps(script, clock)) == {"webhook": outcome}


def test_trouble_in_one_step_does_not_hide_the_next(script: Script, clock: Clock) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    script.expect("GET /api/orders", html(200))
    script.expect("GET /api/webhooks", bad(403, "invalid-token-no-rights"))
    assert outcomes(steps(script, clock)) == {"rights": "failed", "webhook": "failed"}


def test_what_is_learnt_of_a_shop(script: Script, clock: Clock) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    endpoint = {"endpoint": "orders", "group": {"id": 2, "description": "Orders"}, "access": "read", "action": None}
    script.expect("GET /api/system/endpoints", good({"endpoints": [endpoint, {"endpoint": "x", "group": None}]}))
    script.expect("GET /api/orders/sources", good({"sources": [{"id": -1, "name": "E-shop"}]}))
    shop = a_shop_at(script, clock.timing())
    identity = shop.identity()
    assert shop.identity() is identity, "asked once"
    assert identity.hosts == {"www.tulip.example", "tulip.myshoptet.com"}
    assert (identity.shop_id, identity.currency, identity.timezone, identity.language) == (
        "222651",
        "CZK",
        "Europe/Prague",
        "cs",
    )
    assert str(identity.currencies[0].exchange_rate) == "24.50000001"
    assert [(one.code, one.name, one.marks_paid) for one in identity.statuses] == [("-4", "Storno", False)]
    assert [(one.endpoint, one.access, one.group) for one in shop.rights()] == [
        ("orders", "read", "Orders"),
        ("x", "read", None),
    ]
    assert [(one.code, one.name) for one in shop.order_sources()] == [("-1", "E-shop")]
