"""The addon's two tokens: bought once for half an hour, renewed once, its troubles told outside the envelope."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest

from shop.platforms import failures
from shop.platforms.failures import PlatformFailure
from shop.platforms.remote import Access
from shop.platforms.shoptet.connection import ShoptetShop
from shop.platforms.tokens import AccessToken, MemoryTokens, TokenStore
from tests.platforms.scripted import Asked, Clock, Say, Script, a_shop_at, bad, eshop, good, html

TOKENS = "GET /action/ApiOAuthServer/getAccessToken"
OAUTH = "o" * 255


def an_addon(script: Script, clock: Clock, store: TokenStore | None = None) -> ShoptetShop:
    given = {"oauth_token": OAUTH, "token_url": f"{script.base}/action/ApiOAuthServer/getAccessToken"}
    return a_shop_at(script, clock.timing(), given, tokens=store or MemoryTokens(clock.now))


def a_token(number: int, lasts: int | None = 1800) -> Say:
    return Say(200, json.dumps({"access_token": f"222651-a-{number}-XXXX", "expires_in": lasts}).encode())


def told(status: int, error: str, **headers: str) -> Say:
    return Say(status, json.dumps({"error": error}).encode(), headers)


def used(script: Script) -> list[str]:
    return [asked.headers["Shoptet-Access-Token"] for asked in script.asked if asked.path.startswith("/api/")]


def test_the_access_token_is_bought_with_the_oauth_token_and_used_until_it_is_old(script: Script, clock: Clock) -> None:
    script.expect(TOKENS, a_token(1))
    script.expect("GET /api/x", good({"ok": 1}), good({"ok": 1}))
    script.expect(TOKENS, a_token(2))
    script.expect("GET /api/x", good({"ok": 1}))
    shop = an_addon(script, clock)
    shop.api.get("/api/x")
    clock.at += 1700
    shop.api.get("/api/x")
    clock.at += 11  # 89 seconds before its end
    shop.api.get("/api/x")
    assert script.asked[0].headers["Authorization"] == f"Bearer {OAUTH}"
    assert used(script) == ["222651-a-1-XXXX", "222651-a-1-XXXX", "222651-a-2-XXXX"]
    assert not any(OAUTH in str(asked.headers) for asked in script.asked if asked.path == "/api/x")


@pytest.mark.parametrize("code", ["expired-token", "invalid-token"])
def test_a_token_that_dies_in_mid_run_is_renewed_once_and_the_call_repeated(
    script: Script, clock: Clock, code: str
) -> None:
    script.expect(TOKENS, a_token(1))
    script.expect("GET /api/x", good({"ok": 1}), bad(401, code, "Invalid access token"))
    script.expect(TOKENS, a_token(2))
    script.expect("GET /api/x", good({"ok": 2}))
    shop = an_addon(script, clock)
    shop.api.get("/api/x")
    assert shop.api.get("/api/x").read(dict[str, int]) == {"ok": 2}
    assert used(script)[-2:] == ["222651-a-1-XXXX", "222651-a-2-XXXX"]


def test_a_new_token_that_is_refused_too_is_the_end(script: Script, clock: Clock) -> None:
    script.expect(TOKENS, a_token(1))
    script.expect("GET /api/x", bad(401, "expired-token"))
    script.expect(TOKENS, a_token(2))
    script.expect("GET /api/x", bad(401, "expired-token"))
    with pytest.raises(failures.BadCredentials) as caught:
        an_addon(script, clock).api.get("/api/x")
    assert caught.value.code == "bad_credentials"


def test_a_private_token_is_not_renewed(script: Script, clock: Clock) -> None:
    script.expect("GET /api/x", bad(401, "expired-token"))
    with pytest.raises(failures.BadCredentials):
        a_shop_at(script, clock.timing()).api.get("/api/x")


def test_a_suspended_addon_is_not_helped_by_a_new_token(script: Script, clock: Clock) -> None:
    script.expect(TOKENS, a_token(1))
    script.expect("GET /api/x", bad(401, "invalid-token", "Addon installation is not approved."))
    with pytest.raises(failures.AddonSuspended):
        an_addon(script, clock).api.get("/api/x")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(told(200, "addon_suspended"), failures.AddonSuspended), (told(403, "addon_not_installed"), failures.AddonNotInstalled),
     (told(401, "invalid_grant"), failures.BadCredentials), (html(403), failures.BadCredentials),
     (html(200), failures.ContractBroken), (Say(200, b'{"access_token": 7}'), failures.ContractBroken),
     (Say(302, b"", {"Location": "https://elsewhere.example/"}), failures.ContractBroken)],
)  # fmt: skip
def test_troubles_of_the_token_endpoint_that_stay(
    script: Script, clock: Clock, answer: Say, kind: type[PlatformFailure]
) -> None:
    script.expect(TOKENS, answer)
    with pytest.raises(kind) as caught:
        an_addon(script, clock).api.get("/api/x")
    assert (type(caught.value), caught.value.transient) == (kind, False)
    assert OAUTH not in str(caught.value) + repr(caught.value)


def test_a_sixth_token_is_waited_for_by_the_run_and_not_under_the_lock(script: Script, clock: Clock) -> None:
    script.expect(TOKENS, told(429, "maximum_tokens_reached"))
    with pytest.raises(failures.TooFast) as caught:
        an_addon(script, clock).api.get("/api/x")
    assert (caught.value.transient, caught.value.retry_after, clock.slept) == (True, 300.0, [])


def test_short_troubles_of_the_token_endpoint_are_waited_out(script: Script, clock: Clock) -> None:
    script.expect(TOKENS, html(503), Say(drop=True), html(429, Retry_After="2"), a_token(1, None))
    script.expect("GET /api/eshop", good(eshop()))
    an_addon(script, clock).identity()
    assert clock.slept == [1.0, 2.0, 2.0]


def calls_made_at_expiry(script: Script, clock: Clock, *stores: TokenStore) -> int:
    """Let one worker a store use a token that has just died, all at once; return how many new ones were bought."""
    together = threading.Barrier(len(stores))
    bought: list[str] = []
    answers: list[Any] = []

    def play(asked: Asked) -> Say:
        if asked.path.startswith("/action"):
            bought.append(asked.path)
            return a_token(len(bought))
        if asked.headers["Shoptet-Access-Token"] == "222651-a-0-XXXX":
            together.wait(20)
            return bad(401, "expired-token")
        return good({"ok": 1})

    script.answer = play  # type: ignore[method-assign]
    stores[0].refreshed(None, lambda: AccessToken("222651-a-0-XXXX", clock.now() + timedelta(minutes=30)))
    shops = [an_addon(script, clock, store) for store in stores]
    threads = [
        threading.Thread(target=lambda shop=shop: answers.append(shop.api.get("/api/x").read(dict[str, int])))
        for shop in shops
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == [{"ok": 1}] * len(stores)
    return len(bought)


def test_two_threads_that_meet_expiry_refresh_once(script: Script, clock: Clock) -> None:
    store = MemoryTokens(clock.now)
    assert calls_made_at_expiry(script, clock, store, store) == 1


def test_a_shop_without_a_token_or_with_a_bad_token_address_is_refused_before_any_call(
    script: Script, clock: Clock
) -> None:
    with pytest.raises(failures.BadCredentials, match="no token yet"):
        a_shop_at(script, clock.timing(), {"other": "x"})
    with pytest.raises(failures.AddressRefused):
        a_shop_at(script, clock.timing(), {"oauth_token": OAUTH, "token_url": "http://tulip.example/token"})


def test_the_oauth_token_is_not_sent_into_a_private_network(script: Script, clock: Clock) -> None:
    """Not even where a name that was fine when it was handed in leads there later."""
    given = {"oauth_token": OAUTH, "token_url": "https://tulip.example/action/ApiOAuthServer/getAccessToken"}
    access = Access(given, MemoryTokens(clock.now), script.base)
    shop = ShoptetShop(access, clock.timing(), lambda _host, _port: ["10.0.0.7"])
    script.shops.append(shop)
    with pytest.raises(failures.AddressRefused, match=r"tulip\.example leads into a private network"):
        shop.identity()
