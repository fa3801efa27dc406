"""One call of Shoptet's API: what is sent, how its envelope is read, which failure each trouble becomes."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import structlog
from msgspec import Raw

from shop.platforms import failures
from shop.platforms.failures import PlatformFailure
from tests.platforms.scripted import TOKEN, Clock, Say, Script, a_shop_at, bad, eshop, good, html, real_timing


def test_sections_that_are_null_are_as_if_absent(script: Script, clock: Clock) -> None:
    nothing = dict.fromkeys(("settings", "currencies", "urls", "orderStatuses"))
    script.expect("GET /api/eshop", good(eshop(**nothing)))
    identity = a_shop_at(script, clock.timing()).identity()
    assert (identity.currency, identity.timezone, identity.statuses) == (None, None, ())


def test_every_call_carries_the_token_and_says_that_it_is_json(script: Script, clock: Clock) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    script.expect("POST /api/webhooks/renew-signature-key", good({"signatureKey": "8a5e881b19ad6cc0"}))
    shop = a_shop_at(script, clock.timing())
    shop.identity()
    shop.renew_signature_key()
    for asked in script.asked:
        assert asked.headers["Shoptet-Private-API-Token"] == TOKEN
        assert asked.headers["Content-Type"] == "application/json"
        assert "Authorization" not in asked.headers


def failing(script: Script, clock: Clock, *answers: Say) -> PlatformFailure:
    script.expect("GET /api/eshop", *answers)
    shop = a_shop_at(script, clock.timing())
    with pytest.raises(PlatformFailure) as caught:
        shop.identity()
    return caught.value


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (bad(401, "expired-token"), failures.BadCredentials, "bad_credentials"),
        (bad(401, "missing-access-token"), failures.BadCredentials, "bad_credentials"),
        (bad(401, "invalid-token", "Invalid access token"), failures.BadCredentials, "bad_credentials"),
        (bad(401, "invalid-token", "Addon installation is not approved."), failures.AddonSuspended, "addon_suspended"),
        (bad(403, "invalid-token-no-rights"), failures.NoRights, "no_rights"),
        (bad(403, "required-webhook-registration"), failures.WebhookMissing, "webhook_missing"),
        (bad(403, "missing-module"), failures.ModuleMissing, "module_missing"),
        (bad(400, "invalid-parameter"), failures.Refused, "refused"),
        (bad(404, "customer-not-found"), failures.NotThere, "not_found"),
        (bad(409, "another-import-is-running"), failures.Refused, "refused"),
        (bad(422, "already-registered"), failures.Refused, "refused"),
        (Say(401), failures.BadCredentials, "bad_credentials"),
        (html(403), failures.Refused, "refused"),
        (html(200), failures.ContractBroken, "contract_broken"),
        (Say(302, b"", {"Location": "http://169.254.169.254/"}), failures.ContractBroken, "contract_broken"),
        (Say(200, b'{"data": null, "errors": null}'), failures.ContractBroken, "contract_broken"),
        (Say(200, b'{"data": {"contactInformation": {}}}'), failures.ContractBroken, "contract_broken"),
        (Say(200, b"\xff\xfe"), failures.ContractBroken, "contract_broken"),
        (Say(200, b"[" * 100_000), failures.ContractBroken, "contract_broken"),
        (good(eshop(), Content_Encoding="gzip"), failures.ContractBroken, "contract_broken"),
    ],
)  # fmt: skip
def test_what_will_not_pass_fails_at_once_under_its_name(
    script: Script, clock: Clock, answer: Say, kind: type[PlatformFailure], code: str
) -> None:
    failure = failing(script, clock, answer)
    assert (type(failure), failure.code, failure.transient) == (kind, code, False)
    assert failure.message.endswith((kind.mend,))
    assert clock.slept == []


def test_errors_beside_data_on_a_200_are_errors(script: Script, clock: Clock) -> None:
    both = {"data": eshop(), "errors": [{"errorCode": "invalid-token-no-rights", "message": "x"}]}
    assert failing(script, clock, Say(200, json.dumps(both).encode())).code == "no_rights"


def test_an_answer_without_metadata_or_with_unknown_fields_is_read(script: Script, clock: Clock) -> None:
    body = {"data": eshop(brandNew={"x": 1}), "errors": [], "links": {}}
    script.expect("GET /api/eshop", Say(200, json.dumps(body).replace("/", "\\/").encode()))
    shop = a_shop_at(script, clock.timing())
    assert shop.identity().url == "https://www.tulip.example/"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 423, 429])
def test_f28_three_short_troubles_are_waited_out_and_the_fourth_try_succeeds(
    script: Script, clock: Clock, status: int
) -> None:
    """F28. 500, 502 and 503 three times, then an answer."""
    script.expect("GET /api/eshop", html(status), html(status), bad(status, "internal"), good(eshop()))
    shop = a_shop_at(script, clock.timing())
    assert shop.identity().shop_id == "222651"
    assert clock.slept == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("status", "code"), [(500, "platform_error"), (502, "platform_error"), (429, "rate_limited"), (423, "locked")]
)
def test_f28_the_fourth_trouble_is_the_runs_to_wait_out(script: Script, clock: Clock, status: int, code: str) -> None:
    """F28. And four times."""
    failure = failing(script, clock, *[html(status)] * 4)
    assert (failure.code, failure.transient) == (code, True)


def test_f27_a_short_retry_after_is_slept_and_a_long_one_is_handed_on(script: Script, clock: Clock) -> None:
    """F27. Retry-After in seconds."""
    failure = failing(script, clock, html(429, Retry_After="7"), html(429, Retry_After="600"))
    assert clock.slept == [7.0]
    assert (failure.code, failure.retry_after) == ("rate_limited", 600.0)


def test_f27_a_retry_after_that_is_a_date_is_measured_by_the_platforms_clock(script: Script, clock: Clock) -> None:
    """F27. Ours may be years off."""
    script.date = datetime(2024, 7, 1, 12, 1, 2, tzinfo=UTC)
    script.expect("GET /api/eshop", html(429, Retry_After="Mon, 01 Jul 2024 12:01:11 GMT"), good(eshop()))
    a_shop_at(script, clock.timing()).identity()
    assert clock.slept == [9.0]


def test_f27_a_bogus_huge_retry_after_is_an_hour_at_most(script: Script, clock: Clock) -> None:
    """F27. Retry-After beyond all reason."""
    assert failing(script, clock, html(429, Retry_After="99999999999")).retry_after == 3600.0


def test_an_empty_answer_and_a_dropped_connection_pass(script: Script, clock: Clock) -> None:
    script.expect("GET /api/eshop", Say(200, b""), Say(drop=True), Say(200, b'{"data"', length=900), good(eshop()))
    shop = a_shop_at(script, clock.timing())
    assert shop.identity().name == "Tulip"


def test_nobody_listening_is_told_with_the_host_alone(script: Script, clock: Clock) -> None:
    shop = a_shop_at(script, clock.timing(), base_url="http://127.0.0.1:9")
    with pytest.raises(failures.Unreachable, match=r"127\.0\.0\.1 could not be reached: nobody listens there\."):
        shop.identity()


def test_a_server_that_falls_silent_is_left_after_the_read_timeout(script: Script) -> None:
    script.expect("GET /api/eshop", Say(200, b'{"data"' + b" " * 100, stall=7))
    shop = a_shop_at(script, real_timing(patience=0.0))
    with pytest.raises(failures.TimedOut):
        shop.identity()


def test_f30_a_server_that_sends_byte_by_byte_is_left_at_the_deadline(script: Script) -> None:
    """F30. An answer that drips."""
    script.expect("GET /api/eshop", Say(200, b'{"data"' + b" " * 1000, drip=0.05))
    shop = a_shop_at(script, real_timing(patience=0.0, answer=0.4))
    with pytest.raises(failures.TimedOut, match="longer than 0 seconds"):
        shop.identity()


def test_an_answer_without_end_is_left_at_the_bound(
    script: Script, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shop.platforms.exchanges.LARGEST_ANSWER", 5 << 20)
    assert failing(script, clock, Say(200, b" " * (6 << 20))).code == "contract_broken"


def test_what_sets_something_off_is_not_sent_twice_after_a_lost_answer(script: Script, clock: Clock) -> None:
    script.expect("GET /api/orders/snapshot", Say(drop=True))
    script.expect("POST /api/webhooks", html(502))
    shop = a_shop_at(script, clock.timing())
    with pytest.raises(failures.Faltered):
        shop.api.get("/api/orders/snapshot", repeats=False)
    with pytest.raises(failures.Faltered):
        shop.api.post("/api/webhooks", {"data": []})


def test_but_what_was_turned_away_untouched_is(script: Script, clock: Clock) -> None:
    script.expect("GET /api/orders/snapshot", html(429), bad(423, "pricelist-blocked"), good({"jobId": "a"}, 202))
    shop = a_shop_at(script, clock.timing())
    assert shop.api.get("/api/orders/snapshot", repeats=False).read(dict[str, str]) == {"jobId": "a"}


def test_the_request_id_and_deprecations_are_logged(script: Script, clock: Clock) -> None:
    old = {"X_Shoptet_Deprecated": "use v2", "Sunset": "Sat, 31 Jul 2027 23:59:59 GMT"}
    script.expect("GET /api/x", good({}, **old), good({}, **old), bad(403, "invalid-token-no-rights"))
    shop = a_shop_at(script, clock.timing())
    with structlog.testing.capture_logs() as lines:
        shop.api.get("/api/x")
        shop.api.get("/api/x")
        with pytest.raises(failures.NoRights):
            shop.api.get("/api/x")
    assert [line["event"] for line in lines] == [
        "platform_call_deprecated", "platform_answered", "platform_answered", "platform_refused",
    ]  # fmt: skip
    assert [line.get("request_id") for line in lines[1:]] == ["019c8c34", "019c8c34", "019c8c35"]
    assert lines[0]["headers"] == {"X-Shoptet-Deprecated": "use v2", "Sunset": "Sat, 31 Jul 2027 23:59:59 GMT"}


@pytest.mark.parametrize(
    "say", [lambda: bad(400, TOKEN, f"Not {TOKEN} at https://x.example/api-results/a-b.json"), lambda: html(200)]
)
def test_no_failure_holds_the_token_or_an_address(
    script: Script, clock: Clock, say: Callable[[], Say], caplog: pytest.LogCaptureFixture
) -> None:
    with structlog.testing.capture_logs() as lines:
        failure = failing(script, clock, say())
    told = " ".join([str(failure), repr(failure), repr(failure.__cause__), repr(lines)])
    assert TOKEN not in told
    assert "api-results" not in told
    assert failure.__suppress_context__ or failure.__context__ is None


def test_access_and_tokens_say_nothing_of_their_secrets(script: Script, clock: Clock) -> None:
    shop = a_shop_at(script, clock.timing())

    assert TOKEN not in repr(shop.access) + repr(shop.api.authorization) + repr(vars(shop))


@pytest.mark.parametrize(
    "base",
    [
        "http://api.myshoptet.com",
        "ftp://x.example",
        "https://a:b@x.example",
        "nonsense",
        "https://[x",
        "https://www.tulip.example",
        "https://evilmyshoptet.com",
    ],
)
def test_a_token_is_never_sent_in_the_clear_or_elsewhere(script: Script, clock: Clock, base: str) -> None:
    with pytest.raises(failures.AddressRefused):
        a_shop_at(script, clock.timing(), base_url=base)


def test_money_is_read_exactly(script: Script, clock: Clock) -> None:
    from decimal import Decimal

    from shop.platforms.shoptet.answers import ShopCurrency
    from shop.platforms.shoptet.envelope import decoded

    for written in (b'"24.50000001"', b"24.50000001"):
        one = decoded(Raw(b'{"code": "EUR", "exchangeRate": %b}' % written), ShopCurrency, "x")
        assert one.exchange_rate == Decimal("24.50000001")
