"""Webhooks over the API: registering, listing, changing and deleting them, the key, and what was sent."""

import json
from typing import Any

from shop.simulator.answers import Refusal
from shop.simulator.calls import Call, Reply
from shop.simulator.queries import Limits
from shop.simulator.reading import paged
from shop.simulator.webhooks import Notification, Webhook

HOOKS = Limits(20, 500)
MOST_AT_ONCE = 50
STATUSES = ("new", "failed", "success")


def register(call: Call) -> Reply:
    """Register up to fifty; what is refused is told beside those that are registered."""
    asked = sent(call)
    if not isinstance(asked, list) or not 1 <= len(asked) <= MOST_AT_ONCE:
        raise Refusal(400, "invalid-request-data", f"Expected 1 to {MOST_AT_ONCE} webhooks in data.", "data")
    made: list[dict[str, Any]] = []
    refused: list[Refusal] = []
    for one in asked:
        event, url = field(one, "event"), field(one, "url")
        try:
            made.append(row(call.shop.webhooks.register(event, url, one.get("sendPayload"))))
        except Refusal as refusal:
            refused.append(refusal)
    if not made:
        raise refused[0]
    errors = [{"errorCode": one.code, "message": one.message, "instance": one.instance} for one in refused]
    return Reply({"webhooks": made}, 201, errors or None)


def listed(call: Call) -> Reply:
    return paged(call, "webhooks", HOOKS, list(call.shop.webhooks.registered.values()), row)


def shown(call: Call) -> Reply:
    return Reply({"webhook": row(call.shop.webhooks.found(int(call.parts["number"])))})


def change(call: Call) -> Reply:
    asked = sent(call)
    url = field(asked, "url") if isinstance(asked, dict) and "url" in asked else None
    payload = asked.get("sendPayload") if isinstance(asked, dict) else None
    return Reply({"webhook": row(call.shop.webhooks.change(int(call.parts["number"]), url, payload))})


def delete(call: Call) -> Reply:
    call.shop.webhooks.delete(int(call.parts["number"]))
    return Reply(None)


def renew_key(call: Call) -> Reply:
    return Reply({"signatureKey": call.shop.webhooks.renew_key()})


def notifications(call: Call) -> Reply:
    status = call.query.one_of("status", STATUSES)
    found = [note for note in call.shop.webhooks.recent() if status in (None, note.status)]
    return paged(call, "notifications", HOOKS, found, lambda note: notification_row(call, note))


def sent(call: Call) -> Any:
    try:
        return json.loads(call.body)["data"]
    except (ValueError, KeyError, TypeError):
        raise Refusal(400, "invalid-request-data", "Expected JSON with data.", "data") from None


def field(one: Any, name: str) -> str:
    value = one.get(name) if isinstance(one, dict) else None
    if not isinstance(value, str):
        raise Refusal(400, "invalid-request-data", f"Expected a text in {name}.", name)
    return value


def row(hook: Webhook) -> dict[str, Any]:
    return {
        "id": hook.id, "event": hook.event, "url": hook.url, "created": hook.created, "updated": hook.updated,
        "sendPayload": hook.send_payload,
    }  # fmt: skip


def notification_row(call: Call, note: Notification) -> dict[str, Any]:
    text = call.shop.text
    return {
        "id": note.id, "webhookId": note.webhook.id, "webhookUrl": note.webhook.url, "event": note.webhook.event,
        "eventCreated": text(note.created), "created": text(note.created),
        "attempted": text(note.attempted) if note.attempted else None, "attempts": note.attempts, "status": note.status,
        "active": note.status == "new", "data": call.shop.webhooks.message(note),
    }  # fmt: skip
