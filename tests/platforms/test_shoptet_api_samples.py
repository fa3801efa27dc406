"""Every sample of Shoptet's API is read by the code that reads it in earnest."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shop.platforms import failures
from shop.platforms.downloads import Received
from shop.platforms.failures import PlatformFailure
from shop.platforms.records import Kind
from shop.platforms.remote import ExportRequest, Ticket
from shop.platforms.shoptet.answers import (
    Endpoints,
    GuidRow,
    Hook,
    Hooks,
    OneJob,
    OrderRow,
    SignatureKey,
    Sources,
    Statuses,
)
from shop.platforms.shoptet.connection import ShoptetShop
from shop.platforms.shoptet.paging import Listing, Walk
from tests.platforms.lines import SHARED, SHOPTET
from tests.platforms.scripted import Clock, Say, Script, a_shop_at, bad, eshop, good, html, page
from tests.platforms.test_shoptet_tokens import an_addon

SAMPLES = SHARED / "reference" / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples do not lie beside the project")

SHAPES: dict[str, Any] = {
    "eshop": None, "postman_eshop": None, "system_endpoints": Endpoints, "order_sources": Sources, "order_statuses": Statuses,
    "job_detail_completed": OneJob, "postman_signature_key": SignatureKey, "postman_webhook_registered_201": Hooks,
}  # fmt: skip
LISTS: dict[str, tuple[str, type[Any]]] = {
    "orders_list": ("orders", OrderRow), "customers_list": ("customers", GuidRow), "products_list": ("products", GuidRow),
    "postman_orders_list": ("orders", OrderRow), "webhooks_list": ("webhooks", Hook),
    "webhook_notifications": ("notifications", dict), "postman_webhook_notifications": ("notifications", dict),
    "stock_supplies": ("supplies", dict), "customer_groups": ("customerGroups", dict),
}  # fmt: skip
ERRORS = {
    "400_invalid_parameter": (400, failures.Refused), "401_expired_token": (401, failures.BadCredentials),
    "401_missing_token": (401, failures.BadCredentials), "403_no_rights": (403, failures.NoRights),
    "403_job_finished_webhook_required": (403, failures.WebhookMissing), "403_missing_module": (403, failures.ModuleMissing),
    "403_job_read_limit": (403, failures.ReadTooOften), "404_job": (404, failures.ExportGone), "404_customer": (404, failures.NotThere),
    "401_addon_suspended_api": (401, failures.AddonSuspended), "page_past_end": (404, failures.NotThere),
}  # fmt: skip
TOKEN_ERRORS = {
    "429_token_endpoint_body": (429, failures.TooFast), "token_endpoint_suspended": (403, failures.AddonSuspended),
    "token_endpoint_not_installed": (403, failures.AddonNotInstalled),
}  # fmt: skip


def sample(name: str) -> bytes:
    return (SAMPLES / f"shoptet_{name}.json").read_bytes()


def answers(name: str) -> Any:
    return json.loads(sample(name))


def without_errors(name: str) -> Say:
    """The old collection puts an example of an error beside the data of a 200, and that is refused (see below)."""
    return Say(200, json.dumps(answers(name) | {"errors": None}).encode())


@pytest.mark.parametrize("name", SHAPES)
def test_answers(script: Script, clock: Clock, name: str) -> None:
    script.expect("GET /api/eshop", without_errors(name))
    shop = a_shop_at(script, clock.timing())
    if SHAPES[name] is None:
        identity = shop.identity()
        assert (identity.shop_id, identity.currency, identity.timezone) == ("9993", "CZK", "Europe/Prague")
        assert "mujobchod.myshoptet.com" in identity.hosts
    else:
        assert shop.api.get("/api/eshop").read(SHAPES[name])


@pytest.mark.parametrize("name", LISTS)
def test_lists(script: Script, clock: Clock, name: str) -> None:
    key, row = LISTS[name]
    listing = Listing("/api/x", key, row, key=repr, per_page=None)
    script.expect("GET /api/x", without_errors(name))
    assert next(iter(Walk(a_shop_at(script, clock.timing()).api, listing, {})))


@pytest.mark.parametrize("kind", Kind)
def test_feeds_of_changes(script: Script, clock: Clock, kind: Kind) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    script.expect(f"GET /api/{kind}/changes", Say(200, sample(f"{kind}_changes")))
    change = next(a_shop_at(script, clock.timing()).changes(kind, datetime.now(UTC)).changes)
    row = answers(f"{kind}_changes")["data"]["changes"][0]
    assert change.key == row.get("code", row.get("guid"))
    assert not change.deleted


def test_the_accepted_snapshot_and_the_list_of_jobs(script: Script, clock: Clock) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    script.expect("GET /api/orders/snapshot", Say(202, sample("snapshot_accepted_202")))
    script.expect("GET /api/system/jobs", Say(200, sample("jobs_list")))
    script.expect("GET /api/system/jobs/3ax1844", Say(200, sample("job_detail_completed")))
    shop = a_shop_at(script, clock.timing())
    assert shop.request_export(ExportRequest(Kind.ORDERS)).job == "ad24xod"
    ticket = Ticket("3ax1844", "/api/products/images", datetime(2018, 5, 29, 7, 2, 27, tzinfo=UTC))
    state = shop.export_state(ticket)
    assert (state.status, state.finished_at) == ("completed", ticket.requested_at)
    assert state.result_url == "https://eshop.domain.com/api-results/3ax1844-lrmsrf0.json"
    with pytest.raises(failures.AddressRefused):
        shop.download(state, Received()).__enter__()


@pytest.mark.parametrize("name", ["postman_job_detail", "postman_eshop", "postman_orders_list"])
def test_the_old_examples_with_an_error_beside_their_data_are_refused(script: Script, clock: Clock, name: str) -> None:
    script.expect("GET /api/x", Say(200, sample(name)))
    with pytest.raises(failures.Refused, match="example-error-code"):
        a_shop_at(script, clock.timing()).api.get("/api/x")


def test_the_old_job_with_its_thirteenth_month_is_read(script: Script, clock: Clock) -> None:
    script.expect("GET /api/system/jobs", page("jobs", []))
    script.expect("GET /api/system/jobs/3ax1844", without_errors("postman_job_detail"))
    ticket = Ticket("3ax1844", "/api/products/images", clock.now())
    state = a_shop_at(script, clock.timing()).export_state(ticket)
    assert (state.status, state.created_at, state.result_url) == ("pending", None, None)


def raises(kind: type[PlatformFailure], call: Callable[[], object]) -> PlatformFailure:
    with pytest.raises(PlatformFailure) as caught:
        call()
    assert type(caught.value) is kind
    return caught.value


@pytest.mark.parametrize("name", ERRORS)
def test_errors(script: Script, clock: Clock, name: str) -> None:
    status, kind = ERRORS[name]
    script.expect("GET /api/x", Say(status, json.dumps(answers("errors")[name]).encode()))
    raises(kind, lambda: a_shop_at(script, clock.timing()).api.get("/api/x"))


@pytest.mark.parametrize("name", TOKEN_ERRORS)
def test_errors_of_the_token_endpoint(script: Script, clock: Clock, name: str) -> None:
    status, kind = TOKEN_ERRORS[name]
    script.expect(
        "GET /action/ApiOAuthServer/getAccessToken", Say(status, json.dumps(answers("errors")[name]).encode())
    )
    raises(kind, lambda: an_addon(script, clock).api.get("/api/x"))


def test_no_sample_of_an_error_is_left_out() -> None:
    assert set(answers("errors")) == ERRORS.keys() | TOKEN_ERRORS.keys()


def test_the_access_token(script: Script, clock: Clock) -> None:
    body = json.dumps(answers("oauth_tokens")["api_access_token_response"]).encode()
    script.expect("GET /action/ApiOAuthServer/getAccessToken", Say(200, body))
    script.expect("GET /api/x", good({"ok": 1}))
    shop: ShoptetShop = an_addon(script, clock)
    shop.api.get("/api/x")
    kept = shop.access.tokens.current()
    assert kept is not None
    assert kept.expires_at == clock.now() + timedelta(seconds=1800)


def test_the_headers_of_the_bucket(script: Script, clock: Clock) -> None:
    told = answers("rate_limit_headers")
    full = {name.replace("-", "_"): value for name, value in told["full"].items() if name != "status"}
    script.date = datetime(2024, 7, 1, 12, 1, 2, tzinfo=UTC)
    script.expect("GET /api/x", html(told["full"]["status"], **full), good({"ok": 1}, **told["normal"]), bad(400, "x"))
    shop = a_shop_at(script, clock.timing())
    shop.api.get("/api/x")
    raises(failures.Refused, lambda: shop.api.get("/api/x"))
    assert clock.slept == [9.0, 3.0], "until the date, in which the bucket has leaked; then from 150 to 120"


def test_the_webhooks() -> None:
    for told in answers("webhooks"):
        notice = SHOPTET.notice(told["headers"], told["raw_body"].encode(), [told["key"]])
        assert notice.event == json.loads(told["raw_body"])["event"]
        assert len(notice.keys) == (2 if "mass" in told["note"] else 1)
