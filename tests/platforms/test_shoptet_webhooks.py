"""Webhooks: registered once, another's left alone, notices believed only with a signature over their very bytes."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from shop.platforms import failures
from shop.platforms.remote import Webhook
from shop.platforms.shoptet.webhooks import BadNotice
from tests.platforms.lines import SHOPTET
from tests.platforms.scripted import Clock, Say, Script, a_shop_at, bad, eshop, good, page

OURS = "https://pult.example/webhooks/shoptet/tulip"
KEY, OLD = "61d1175f54c47dd67df14c17002a17b2", "8a5e881b19ad6cc0bc986587b22e30be"
BODY = b'{"eshopId":222651,"event":"job:finished","eventCreated":"2026-09-21T20:40:02+0200","eventInstance":"3ax1844"}'
PUBLISHED = (  # the vector that Shoptet itself publishes
    b'{"eshopId":315185,"event":"addon:uninstall","eventCreated":"2019-09-23T22:01:36+0200","eventInstance":"315185"}',
    "a0e0a3e7689bd4c80e4d6ffcccb05235b864e1d0",
)


def a_hook(url: str = OURS, event: str = "job:finished", number: int = 7) -> dict[str, Any]:
    return {"id": number, "event": event, "url": url, "created": "2026-09-21T20:00:00+0200", "sendPayload": None}


def signed(body: bytes, key: str = KEY) -> dict[str, str]:
    return {"Shoptet-Webhook-Signature": hmac.new(key.encode(), body, hashlib.sha1).hexdigest()}


def test_a_webhook_is_registered_for_finished_jobs(script: Script, clock: Clock) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    script.expect("POST /api/webhooks", good({"webhooks": [a_hook()]}, 201))
    hook = a_shop_at(script, clock.timing()).register_webhook(OURS)
    assert (hook.id, hook.url, hook.is_ours) == ("7", OURS, True)
    assert json.loads(script.asked[-1].body) == {"data": [{"event": "job:finished", "url": OURS}]}


@pytest.mark.parametrize(
    "answer",
    [bad(422, "webhook-already-exists"), bad(409, "conflict"),
     Say(201, json.dumps({"data": {"webhooks": []}, "errors": [{"errorCode": "already", "message": "x"}]}).encode())],
    ids=["422", "409", "errors on a 201"],
)  # fmt: skip
@pytest.mark.parametrize("url", [OURS, "https://another.example/hook"])
def test_what_is_registered_already_stays(script: Script, clock: Clock, answer: Say, url: str) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    script.expect("POST /api/webhooks", answer)
    script.expect("GET /api/webhooks", page("webhooks", [a_hook("https://x.example", "order:create", 1), a_hook(url)]))
    hook = a_shop_at(script, clock.timing()).register_webhook(OURS)
    assert (hook.url, hook.is_ours) == (url, url == OURS)


def test_a_refusal_with_nothing_registered_is_told(script: Script, clock: Clock) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    script.expect("POST /api/webhooks", bad(422, "invalid-url", "The port is not allowed."))
    script.expect("GET /api/webhooks", page("webhooks", []))
    with pytest.raises(failures.Refused, match="The port is not allowed"):
        a_shop_at(script, clock.timing()).register_webhook(OURS)


def test_no_webhook_is_registered_in_another_shop(script: Script, clock: Clock) -> None:
    script.expect("GET /api/eshop", good(eshop(99)))
    with pytest.raises(failures.WrongShop):
        a_shop_at(script, clock.timing(), shop_id="222651").register_webhook(OURS)


def test_the_registered_one_is_found_on_any_page(script: Script, clock: Clock) -> None:
    first = page("webhooks", [a_hook(event="order:create", number=1), a_hook(event="order:update", number=2)], 1, 2, 3)
    script.expect("GET /api/webhooks", first, page("webhooks", [a_hook()], 2, 2, 3))
    hook = a_shop_at(script, clock.timing(), webhook_url=OURS).webhook()
    assert hook is not None
    assert hook.is_ours


@pytest.mark.parametrize("answer", [good(None), Say(204), bad(404, "webhook-not-found")])
def test_a_webhook_is_removed_for_good_and_once_is_enough(script: Script, clock: Clock, answer: Say) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    script.expect("DELETE /api/webhooks/7", answer)
    a_shop_at(script, clock.timing()).remove_webhook(Webhook("7", OURS, is_ours=True))


def test_a_new_signature_key_is_asked_for_once(script: Script, clock: Clock) -> None:
    """Each call kills the key before it, so a lost answer is not followed by another call."""
    script.expect("GET /api/eshop", good(eshop()))
    script.expect("POST /api/webhooks/renew-signature-key", Say(drop=True))
    with pytest.raises(failures.Faltered):
        a_shop_at(script, clock.timing()).renew_signature_key()


def test_the_published_vector_is_accepted() -> None:
    body, signature = PUBLISHED
    notice = SHOPTET.notice({"Shoptet-Webhook-Signature": signature}, body, [KEY])
    assert (notice.shop_id, notice.event, notice.keys) == ("315185", "addon:uninstall", ("315185",))


def test_old_and_new_key_are_both_good_during_a_renewal() -> None:
    for key in (KEY, OLD):
        notice = SHOPTET.notice(signed(BODY, key), BODY, [KEY, OLD])
        assert (notice.keys, notice.happened_at.isoformat()) == (("3ax1844",), "2026-09-21T20:40:02+02:00")


@pytest.mark.parametrize(
    "headers",
    [{}, {"Shoptet-Webhook-Signature": ""}, {"Shoptet-Webhook-Signature": "ž" * 40}, signed(BODY, OLD),
     {"Shoptet-Webhook-Signature": hmac.new(KEY.encode(), BODY, hashlib.sha256).hexdigest()}, signed(BODY + b" ")],
)  # fmt: skip
def test_s6_without_the_right_signature_nothing_is_believed(headers: dict[str, str]) -> None:
    with pytest.raises(BadNotice, match="signature"):
        SHOPTET.notice(headers, BODY, [KEY])


def test_without_any_key_nothing_is_believed() -> None:
    with pytest.raises(BadNotice):
        SHOPTET.notice(signed(BODY, ""), BODY, [])


def test_a_mass_event_names_many_and_a_payload_is_left_aside() -> None:
    told = json.loads(BODY) | {"eventInstance": '["126020373","126020374", 7]', "payload": {"x": 1}}
    body = json.dumps(told).encode()
    assert SHOPTET.notice(signed(body), body, [KEY]).keys == ("126020373", "126020374", "7")


@pytest.mark.parametrize(
    "change",
    [{"eshopId": "222651"}, {"event": ""}, {"event": None}, {"eventCreated": "soon"}, {"eventCreated": "2026-09-21T20:40:02"},
     {"eventInstance": ""}, {"eventInstance": "[1"}, {"eventInstance": 7}, {"extra": 1}],
    ids=str,
)  # fmt: skip
def test_a_signed_body_of_another_form_is_refused(change: dict[str, Any]) -> None:
    body = json.dumps(json.loads(BODY) | change).encode()
    with pytest.raises(BadNotice, match="form"):
        SHOPTET.notice(signed(body), body, [KEY])


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"eshopId":222651}', b"[" * 10_000])
def test_signed_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(BadNotice):
        SHOPTET.notice(signed(body), body, [KEY])


def test_a_notice_larger_than_any_is_not_even_hashed() -> None:
    body = BODY + b" " * (1 << 20)
    with pytest.raises(BadNotice, match="larger"):
        SHOPTET.notice(signed(body), body, [KEY])
