"""Webhooks: registered, signed, sent three times at most, and listed with what became of each.

Nothing leaves this machine: only addresses on loopback are called, all others count as unreachable.
"""

import hashlib
import hmac
import http.client
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from shop.simulator.answers import Refusal
from shop.simulator.clock import Agenda, Clock

ATTEMPTS = 3
APART = timedelta(minutes=15)
PATIENCE = 4  # seconds
KEPT = timedelta(days=7)
MOST_NOTED = 10_000
PORTS = (None, 80, 443, 8080, 8443)
LOOPBACK = ("127.0.0.1", "localhost")
CONFLICTS = (
    {"order:update", "order:cancel"}, {"customer:update", "customer:disableOrders"},
    {"customer:update", "customer:enableOrders"},
)  # fmt: skip
EVENTS = frozenset({
    "job:finished", "order:create", "order:update", "order:cancel", "order:delete", "customer:create", "customer:update",
    "customer:delete", "customer:disableOrders", "customer:enableOrders", "product:create", "product:update",
    "product:delete", "orderStatusesList:change",
})  # fmt: skip


@dataclass
class Webhook:
    id: int
    event: str
    url: str
    created: str
    updated: str
    send_payload: str | None = None


@dataclass
class Notification:
    id: int
    webhook: Webhook
    instance: str
    created: datetime
    attempted: datetime | None = None
    attempts: int = 0
    status: str = "new"


@dataclass
class Webhooks:
    """The webhooks of one shop and installation."""

    eshop_id: int
    clock: Clock
    agenda: Agenda
    text: Callable[[datetime], str]  # a time as the shop writes it
    keep: Callable[[dict[str, Any]], None]
    sent: Callable[[], None]
    registered: dict[int, Webhook] = field(default_factory=dict)
    key: str | None = None
    notifications: list[Notification] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    numbers: Any = field(default_factory=lambda: count(1))

    def has(self, event: str) -> bool:
        return any(hook.event == event for hook in self.registered.values())

    def register(self, event: str, url: str, send_payload: str | None) -> Webhook:
        with self.lock:
            check(event, url)
            if self.has(event):
                raise Refusal(422, "webhook-already-registered", f"Webhook for {event} is already registered.", event)
            taken = {hook.event for hook in self.registered.values()}
            if any(event in pair and taken & (pair - {event}) for pair in CONFLICTS):
                raise Refusal(409, "webhook-conflict", f"Webhook for {event} conflicts with a registered one.", event)
            now = self.text(self.clock.now())
            number = max(self.registered, default=0) + 1
            self.registered[number] = Webhook(number, event, url, now, now, send_payload)
            self.remember()
            return self.registered[number]

    def change(self, number: int, url: str | None, send_payload: str | None) -> Webhook:
        with self.lock:
            hook = self.found(number)
            if url is not None:
                check(hook.event, url)
                hook.url = url
            hook.send_payload = send_payload
            hook.updated = self.text(self.clock.now())
            self.remember()
            return hook

    def delete(self, number: int) -> None:
        with self.lock:
            del self.registered[self.found(number).id]
            self.remember()

    def found(self, number: int) -> Webhook:
        if number not in self.registered:
            raise Refusal(404, "webhook-not-found", f'Webhook with ID "{number}" not found.', str(number))
        return self.registered[number]

    def renew_key(self) -> str:
        with self.lock:
            self.key = secrets.token_hex(16)
            self.remember()
            return self.key

    def remember(self) -> None:
        self.keep({"webhooks": [asdict(hook) for hook in self.registered.values()], "key": self.key})

    def bring_back(self, entry: dict[str, Any]) -> None:
        self.registered = {hook["id"]: Webhook(**hook) for hook in entry["webhooks"]}
        self.key = entry["key"]

    def notify(self, event: str, instance: str, times: int = 1) -> None:
        """Send the event to the webhook for it, if there is one."""
        for hook in list(self.registered.values()):
            if hook.event == event:
                note = Notification(next(self.numbers), hook, instance, self.clock.now())
                self.notifications.append(note)
                if len(self.notifications) > MOST_NOTED:
                    self.notifications = self.recent()[-MOST_NOTED // 2 :]
                for _ in range(times):
                    self.agenda.at(note.created, partial(self.attempt, note))

    def attempt(self, note: Notification) -> None:
        """Send it once; when it is not taken, again in a quarter of an hour, three times in all."""
        note.attempts += 1
        note.attempted = self.clock.now()
        self.sent()
        if delivered(note.webhook.url, self.body(note), self.key):
            note.status = "success"
        elif note.attempts >= ATTEMPTS:
            note.status = "failed" if note.status != "success" else note.status
        else:
            self.agenda.at(note.attempted + APART, partial(self.attempt, note))

    def body(self, note: Notification) -> bytes:
        return json.dumps(self.message(note), separators=(",", ":")).encode()

    def message(self, note: Notification) -> dict[str, Any]:
        return {
            "eshopId": self.eshop_id, "event": note.webhook.event, "eventCreated": self.text(note.created),
            "eventInstance": note.instance,
        }  # fmt: skip

    def recent(self) -> list[Notification]:
        return [note for note in self.notifications if note.created >= self.clock.now() - KEPT]


def check(event: str, url: str) -> None:
    parts = urlsplit(url)
    if event not in EVENTS:
        raise Refusal(422, "invalid-event", f"Unknown event {event}.", event)
    if len(url) > 2000 or parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refusal(422, "invalid-url", "Expected an address of at most 2000 characters.", event)
    if parts.hostname not in LOOPBACK and parts.port not in PORTS:
        raise Refusal(422, "invalid-url", "Only the ports 80, 443, 8080 and 8443 are allowed.", event)


def signature(key: str, body: bytes) -> str:
    return hmac.new(key.encode(), body, hashlib.sha1).hexdigest()


def delivered(url: str, body: bytes, key: str | None) -> bool:
    """Say whether the receiver took it: an answer 200 in time."""
    parts = urlsplit(url)
    if parts.hostname not in LOOPBACK or parts.scheme != "http":
        return False
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Shoptet-Webhook-Signature"] = signature(key, body)
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=PATIENCE)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return answer.status == 200
