"""Webhooks: registered once, signed, sent three times, listed; and nothing is sent off this machine."""

import json

import pytest

from shop.simulator.webhooks import signature
from tests.platforms.lines import SHARED
from tests.simulator.asking import Client, Receiver

VECTORS = SHARED / "reference" / "samples" / "shoptet_webhooks.json"


def test_a_webhook_is_registered_listed_changed_and_deleted(client: Client) -> None:
    made = client.send("POST", "/api/webhooks", [{"event": "job:finished", "url": "https://a.example/hook"}])
    assert made.status == 201
    hook = made.data["webhooks"][0]
    assert client.get("/api/webhooks").data["webhooks"] == [hook]
    client.simulator.clock.advance(minutes=1)
    changed = client.send("PATCH", f"/api/webhooks/{hook['id']}", {"url": "https://b.example/hook"}).data["webhook"]
    assert (changed["url"], changed["created"]) == ("https://b.example/hook", hook["created"])
    assert changed["updated"] > hook["updated"]
    assert client.send("DELETE", f"/api/webhooks/{hook['id']}").status == 200
    assert client.get("/api/webhooks").data["webhooks"] == []
    assert client.send("DELETE", f"/api/webhooks/{hook['id']}").error == "webhook-not-found"


def test_one_address_an_event(client: Client) -> None:
    client.hook("job:finished")
    second = client.send("POST", "/api/webhooks", [{"event": "job:finished", "url": "https://b.example/"}])
    assert (second.status, second.error) == (422, "webhook-already-registered")
    both = client.send(
        "POST", "/api/webhooks", [{"event": name, "url": "https://b.example/"} for name in ("job:finished", "order:create")]
    )  # fmt: skip
    assert both.status == 201
    assert [hook["event"] for hook in both.json["data"]["webhooks"]] == ["order:create"]
    assert [error["errorCode"] for error in both.json["errors"]] == ["webhook-already-registered"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ([{"event": "job:done", "url": "https://a.example/"}], 422),
        ([{"event": "job:finished", "url": "ftp://a.example/"}], 422),
        ([{"event": "job:finished", "url": "https://a.example:8000/"}], 422),
        ([{"event": "job:finished", "url": "https://a.example/" + "x" * 2000}], 422),
        ([{"event": "job:finished"}], 400),
        ([], 400),
        ("all", 400),
        (None, 400),
    ],
)
def test_wrong_registrations_are_refused(client: Client, data: object, status: int) -> None:
    assert client.send("POST", "/api/webhooks", data).status == status
    assert client.get("/api/webhooks").data["webhooks"] == []


def test_events_that_exclude_each_other(client: Client) -> None:
    client.hook("order:update")
    got = client.send("POST", "/api/webhooks", [{"event": "order:cancel", "url": "https://a.example/"}])
    assert (got.status, got.error) == (409, "webhook-conflict")


def test_a_notification_is_signed_over_its_raw_body(client: Client, receiver: Receiver) -> None:
    key = client.send("POST", "/api/webhooks/renew-signature-key").data["signatureKey"]
    client.hook("job:finished", url=receiver.url)
    job = client.finished("/api/orders/snapshot")
    [(body, headers)] = receiver.came
    assert headers["Shoptet-Webhook-Signature"] == signature(key, body)
    message = json.loads(body)
    assert list(message) == ["eshopId", "event", "eventCreated", "eventInstance"]
    assert (message["eshopId"], message["eventInstance"]) == (client.shop.eshop_id, job["jobId"])
    another = client.send("POST", "/api/webhooks/renew-signature-key").data["signatureKey"]
    assert another != key
    client.finished("/api/orders/snapshot")
    assert receiver.came[1][1]["Shoptet-Webhook-Signature"] == signature(another, receiver.came[1][0])


def test_the_signature_is_the_published_one() -> None:
    if not VECTORS.exists():
        pytest.skip("the reference samples are not beside the project")
    for vector in json.loads(VECTORS.read_text()):
        wanted = vector["headers"]["Shoptet-Webhook-Signature"]
        assert signature(vector["key"], vector["raw_body"].encode()) == wanted


def test_three_attempts_a_quarter_of_an_hour_apart(client: Client, receiver: Receiver) -> None:
    receiver.status = 500
    client.hook("job:finished", url=receiver.url)
    client.finished("/api/orders/snapshot")
    for attempts, status in ((1, "new"), (2, "new"), (3, "failed"), (3, "failed")):
        [note] = client.get("/api/webhooks/notifications").data["notifications"]
        assert (note["attempts"], note["status"], len(receiver.came)) == (attempts, status, attempts)
        client.simulator.clock.advance(minutes=15)
        client.simulator.settle()
    assert len({body for body, _ in receiver.came}) == 1
    assert client.get("/api/webhooks/notifications", status="success").data["notifications"] == []
    assert len(client.get("/api/webhooks/notifications", status="failed").data["notifications"]) == 1
    client.simulator.clock.advance(hours=24 * 7)
    assert client.get("/api/webhooks/notifications").data["notifications"] == []


def test_a_second_attempt_can_succeed(client: Client, receiver: Receiver) -> None:
    receiver.status = 503
    client.hook("job:finished", url=receiver.url)
    client.finished("/api/orders/snapshot")
    receiver.status = 200
    client.simulator.clock.advance(minutes=15)
    client.simulator.settle()
    [note] = client.get("/api/webhooks/notifications").data["notifications"]
    assert (note["attempts"], note["status"]) == (2, "success")


def test_another_machine_is_never_called(client: Client) -> None:
    client.hook("job:finished", url="https://client.example/hook")
    client.finished("/api/orders/snapshot")
    [note] = client.get("/api/webhooks/notifications").data["notifications"]
    assert (note["attempts"], note["status"]) == (1, "new")


def test_life_is_told_by_its_events(client: Client, receiver: Receiver) -> None:
    for event in (
        "order:create",
        "order:update",
        "order:delete",
        "customer:create",
        "customer:update",
        "product:update",
    ):
        client.hook(event, url=receiver.url)
    code = client.shop.place_order()
    client.shop.move_order(code)
    client.shop.delete_order(code)
    customer, product = client.shop.edit_customer(), client.shop.edit_product()
    client.simulator.settle()
    wanted = {
        ("order:create", code), ("order:update", code), ("order:delete", code), ("customer:update", customer),
        ("product:update", product),
    }  # fmt: skip
    assert wanted <= set(receiver.events)
    before = {row["guid"] for row in client.all("/api/customers", "customers", itemsPerPage=1000)}
    for _ in range(12):
        client.shop.place_order()
    client.simulator.settle()
    after = {row["guid"] for row in client.all("/api/customers", "customers", itemsPerPage=1000)}
    created = {instance for event, instance in receiver.events if event == "customer:create"}
    assert after - before <= created <= after
    assert after > before
