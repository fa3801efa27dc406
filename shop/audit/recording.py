"""What is written to the audit trail: a closed vocabulary, each action with its exact fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Protocol

from flask import g, has_request_context, request

from shop.audit.models import AuditEntry
from shop.db import db
from shop.errors import reference


class Action(StrEnum):
    """Everything that leaves an entry. The value is what the table keeps; it never changes its meaning."""

    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    ACCESS_REFUSED = "access_refused"
    STAFF_ADDED = "staff_added"
    STAFF_PASSWORD_SET = "staff_password_set"  # noqa: S105  # the name of an act
    STAFF_TOKEN_MADE = "staff_token_made"  # noqa: S105  # the name of an act
    STAFF_SHOPS_SET = "staff_shops_set"
    STAFF_DEACTIVATED = "staff_deactivated"
    SHOP_ADDED = "shop_added"
    SHOP_PAUSED = "shop_paused"
    SHOP_RESUMED = "shop_resumed"
    SHOP_CHECKED = "shop_checked"
    SHOP_TOKEN_REPLACED = "shop_token_replaced"  # noqa: S105  # the name of an act
    SHOP_WEBHOOK_SET = "shop_webhook_set"
    SHOP_RESEALED = "shop_resealed"
    SNAPSHOT_REQUESTED = "snapshot_requested"
    SNAPSHOT_UPLOADED = "snapshot_uploaded"
    FAILURE_DISMISSED = "failure_dismissed"
    FAILURES_PACED = "failures_paced"
    FAILURES_HALTED = "failures_halted"
    FAILURES_DISMISSED = "failures_dismissed"
    TASK_REQUESTED = "task_requested"
    LOCK_BROKEN = "lock_broken"
    SNAPSHOT_UNDONE = "snapshot_undone"
    SNAPSHOT_CANCELLED = "snapshot_cancelled"
    EXPORTED = "exported"


# What each action tells besides who, when, which shop and which subject.
FIELDS: dict[Action, frozenset[str]] = {
    Action.SIGNED_IN: frozenset({"browser"}),
    Action.SIGN_IN_REFUSED: frozenset({"reason", "tries_left"}),
    Action.SIGNED_OUT: frozenset(),
    Action.ACCESS_REFUSED: frozenset({"method", "needs"}),  # the subject is the path
    Action.STAFF_ADDED: frozenset({"role", "shops"}),
    Action.STAFF_PASSWORD_SET: frozenset({"sessions_ended"}),
    Action.STAFF_TOKEN_MADE: frozenset({"replaced"}),
    Action.STAFF_SHOPS_SET: frozenset({"shops"}),
    Action.STAFF_DEACTIVATED: frozenset({"sessions_ended"}),
    Action.SHOP_ADDED: frozenset({"platform", "base_url", "currency", "timezone"}),
    Action.SHOP_PAUSED: frozenset(),
    Action.SHOP_RESUMED: frozenset(),
    Action.SHOP_CHECKED: frozenset({"failed"}),  # the names of the steps
    Action.SHOP_TOKEN_REPLACED: frozenset({"kind"}),
    Action.SHOP_WEBHOOK_SET: frozenset({"host", "key_renewed"}),  # the rest of the address may be a secret
    Action.SHOP_RESEALED: frozenset({"values"}),
    Action.SNAPSHOT_REQUESTED: frozenset({"kind", "mode"}),
    Action.SNAPSHOT_UPLOADED: frozenset({"kind", "mode", "file_name", "file_bytes"}),
    Action.FAILURE_DISMISSED: frozenset({"cause", "reason"}),
    Action.FAILURES_PACED: frozenset({"failures", "pace"}),  # the subject of these three is the cause
    Action.FAILURES_HALTED: frozenset({"failures"}),
    Action.FAILURES_DISMISSED: frozenset({"failures", "reason"}),
    Action.TASK_REQUESTED: frozenset(),
    Action.LOCK_BROKEN: frozenset({"holder", "token"}),
    Action.SNAPSHOT_UNDONE: frozenset({"put_back", "taken_out", "kept"}),
    Action.SNAPSHOT_CANCELLED: frozenset({"kind", "phase"}),
    Action.EXPORTED: frozenset({"query", "rows"}),  # the subject is the path; rows is None where they are not counted
}

Detail = str | int | bool | None | list[str]


class Numbered(Protocol):
    """A shop, without this domain having to know shops."""

    @property
    def id(self) -> int: ...


@dataclass(frozen=True)
class Actor:
    """Who acts. A person has an id; the command line, a worker and a visitor have only a name."""

    name: str
    staff_id: int | None = None


COMMAND_LINE = Actor("command line")
WORKER = Actor("worker")
VISITOR = Actor("visitor")


def act_as(actor: Actor) -> None:
    """Let everything recorded from here on, in this request or job, be this actor's."""
    g.actor = actor


def acting() -> Actor:
    """Return who acts now; a request without a person is a visitor's, anything else the command line's."""
    known = g.get("actor")
    if isinstance(known, Actor):
        return known
    return VISITOR if has_request_context() else COMMAND_LINE


def record(action: Action, subject: str = "", shop: Numbered | None = None, **fields: Detail) -> AuditEntry:
    """Add an entry to the running transaction; the caller commits it together with what it tells.

    `subject` names what was acted on in words that stay true: a slug, an e-mail, a path, "snapshot 12".
    Raises TypeError where the fields are not exactly those of the action.
    """
    checked(action, fields)
    actor = acting()
    entry = AuditEntry(
        actor=actor.name,
        staff_id=actor.staff_id,
        action=action.value,
        shop_id=shop.id if shop else None,
        subject=storable(subject),
        details={name: storable(value) for name, value in fields.items()},
        request_id=reference() if has_request_context() else None,
        address=address() if has_request_context() else None,
    )
    db.session.add(entry)
    return entry


def checked(action: Action, fields: Mapping[str, Detail]) -> None:
    wanted, given = FIELDS[action], frozenset(fields)
    if given != wanted:
        unknown, missing = sorted(given - wanted), sorted(wanted - given)
        raise TypeError(f"{action.value} is recorded with {sorted(wanted)}; unknown: {unknown}, missing: {missing}.")


def storable(value: Detail) -> Any:
    """Return the value without what PostgreSQL keeps in no text; addresses and forms may hold anything."""
    if isinstance(value, list):
        return [storable(one) for one in value]
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else value


def address() -> str | None:
    """Return where the request comes from, or None where that is not known.

    A proxy on this machine speaks for the browser behind it. From anywhere else its header is only a claim.
    """
    peer = as_address(request.remote_addr)
    if peer is None or peer.is_loopback:
        claimed = as_address(request.headers.get("X-Forwarded-For", "").rpartition(",")[2])
        peer = claimed or peer
    return str(peer) if peer else None


def as_address(words: str | None) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address((words or "").strip())
    except ValueError:
        return None
