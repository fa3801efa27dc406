"""What is written to the audit trail: a closed vocabulary, each action with its exact fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from flask import current_app, g, has_request_context, request

from shop.audit.models import AuditEntry
from shop.db import db
from shop.errors import reference
from shop.languages import N_
from shop.proxies import client


class Action(StrEnum):
    """Everything that leaves an entry. The value is what the table keeps; it never changes its meaning."""

    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    CODE_ASKED = "code_asked"
    ACCESS_REFUSED = "access_refused"
    TOKEN_REFUSED = "token_refused"  # noqa: S105  # the name of an act
    LINK_REFUSED = "link_refused"
    CONFIRMED = "confirmed"
    CONFIRMATION_REFUSED = "confirmation_refused"
    STAFF_ADDED = "staff_added"
    STAFF_LINK_MADE = "staff_link_made"
    STAFF_PASSWORD_CHOSEN = "staff_password_chosen"  # noqa: S105  # the name of an act
    STAFF_PASSWORD_SET = "staff_password_set"  # noqa: S105  # the name of an act
    STAFF_TOKEN_MADE = "staff_token_made"  # noqa: S105  # the name of an act
    STAFF_TOKEN_REVOKED = "staff_token_revoked"  # noqa: S105  # the name of an act
    STAFF_TOKENS_REVOKED = "staff_tokens_revoked"  # the name of an act
    STAFF_RENAMED = "staff_renamed"
    STAFF_ROLE_SET = "staff_role_set"
    STAFF_SHOPS_SET = "staff_shops_set"
    STAFF_PERSONAL_SET = "staff_personal_set"
    STAFF_SESSION_ENDED = "staff_session_ended"
    STAFF_LANGUAGE_CHANGED = "staff_language_changed"
    STAFF_SESSIONS_ENDED = "staff_sessions_ended"
    STAFF_FACTOR_BEGUN = "staff_factor_begun"
    STAFF_FACTOR_ADDED = "staff_factor_added"
    STAFF_FACTOR_REMOVED = "staff_factor_removed"
    STAFF_CODES_RENEWED = "staff_codes_renewed"
    STAFF_DEACTIVATED = "staff_deactivated"
    STAFF_REACTIVATED = "staff_reactivated"
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
    PARTITIONS_MAINTAINED = "partitions_maintained"
    PARTITION_RESTORE_REQUESTED = "partition_restore_requested"
    PARTITION_RESTORED = "partition_restored"
    BACKUP_TAKEN = "backup_taken"
    BACKUP_RESTORE_REQUESTED = "backup_restore_requested"
    BACKUP_RESTORE_CANCELLED = "backup_restore_cancelled"
    BACKUP_RESTORED_BESIDE = "backup_restored_beside"
    BACKUP_SWITCH_APPROVED = "backup_switch_approved"
    BACKUP_SWITCH_REFUSED = "backup_switch_refused"
    BACKUP_SWITCHED = "backup_switched"
    BACKUP_SWITCHED_BACK = "backup_switched_back"
    BESIDE_DISCARDED = "beside_discarded"
    BACKUP_SENT = "backup_sent"
    SETTING_CHANGED = "setting_changed"
    SETTING_RESET = "setting_reset"
    SETTING_RESEALED = "setting_resealed"
    MAIL_TESTED = "mail_tested"
    EXPORTED = "exported"
    CUSTOMER_VIEWED = "customer_viewed"
    ORDER_VIEWED = "order_viewed"
    PERSONAL_REVEALED = "personal_revealed"
    CUSTOMER_ERASED = "customer_erased"
    EXPORT_CHECKED = "export_checked"
    ERASURE_KEY_RESEALED = "erasure_key_resealed"


# What each action tells besides who, when, which shop and which subject.
FIELDS: dict[Action, frozenset[str]] = {
    Action.SIGNED_IN: frozenset(
        {"browser", "factor"}
    ),  # what stood for the person beside the password, None for nothing
    Action.SIGN_IN_REFUSED: frozenset({"reason", "tries_left"}),
    Action.SIGNED_OUT: frozenset(),
    Action.CODE_ASKED: frozenset({"browser"}),
    Action.ACCESS_REFUSED: frozenset({"method", "needs"}),  # the subject of these two is the path
    Action.TOKEN_REFUSED: frozenset({"method", "reason", "prefix"}),
    Action.LINK_REFUSED: frozenset(),
    Action.CONFIRMED: frozenset(),  # the subject of these two is the path that asked for it
    Action.CONFIRMATION_REFUSED: frozenset({"tries_left"}),
    Action.STAFF_ADDED: frozenset({"role", "shops"}),
    Action.STAFF_LINK_MADE: frozenset({"purpose"}),
    Action.STAFF_PASSWORD_CHOSEN: frozenset({"purpose", "sessions_ended"}),
    Action.STAFF_PASSWORD_SET: frozenset({"sessions_ended"}),
    Action.STAFF_TOKEN_MADE: frozenset({"name", "prefix", "days"}),
    Action.STAFF_TOKEN_REVOKED: frozenset({"name", "prefix"}),
    Action.STAFF_TOKENS_REVOKED: frozenset({"tokens_revoked"}),
    Action.STAFF_RENAMED: frozenset({"before", "after"}),
    Action.STAFF_ROLE_SET: frozenset({"before", "after", "sessions_ended"}),
    Action.STAFF_SHOPS_SET: frozenset({"before", "after", "sessions_ended"}),
    Action.STAFF_PERSONAL_SET: frozenset({"before", "after"}),
    Action.STAFF_SESSION_ENDED: frozenset({"device"}),
    Action.STAFF_LANGUAGE_CHANGED: frozenset({"before", "after"}),
    Action.STAFF_SESSIONS_ENDED: frozenset({"sessions_ended"}),
    Action.STAFF_FACTOR_BEGUN: frozenset(),
    Action.STAFF_FACTOR_ADDED: frozenset(),
    Action.STAFF_FACTOR_REMOVED: frozenset(),
    Action.STAFF_CODES_RENEWED: frozenset(),
    Action.STAFF_DEACTIVATED: frozenset({"sessions_ended", "tokens_revoked"}),
    Action.STAFF_REACTIVATED: frozenset({"role"}),
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
    Action.SNAPSHOT_UNDONE: frozenset({"put_back", "taken_out", "kept", "archived"}),
    Action.SNAPSHOT_CANCELLED: frozenset({"kind", "phase"}),
    Action.PARTITIONS_MAINTAINED: frozenset({"created", "retired", "dropped", "refused"}),
    Action.PARTITION_RESTORE_REQUESTED: frozenset(),  # the subject of these two is the quarter's table
    Action.PARTITION_RESTORED: frozenset({"lines", "source"}),
    Action.BACKUP_TAKEN: frozenset({"restorable"}),  # the subject is its number
    Action.BACKUP_RESTORE_REQUESTED: frozenset({"restoration"}),  # the subject is the copy's number
    Action.BACKUP_RESTORE_CANCELLED: frozenset({"backup"}),  # the subject of these four is the restoration
    Action.BACKUP_RESTORED_BESIDE: frozenset({"state"}),
    Action.BACKUP_SWITCH_APPROVED: frozenset({"backup"}),
    Action.BACKUP_SWITCH_REFUSED: frozenset({"tries_left"}),
    Action.BACKUP_SWITCHED: frozenset({"kept", "approved_by"}),  # the subject is the copy's number
    Action.BACKUP_SWITCHED_BACK: frozenset({"kept"}),  # the subject of these two is the database
    Action.BESIDE_DISCARDED: frozenset({"what"}),
    Action.BACKUP_SENT: frozenset({"target"}),
    Action.SETTING_CHANGED: frozenset({"before", "after"}),  # the subject of these three is the option's key
    Action.SETTING_RESET: frozenset({"before", "after"}),
    Action.SETTING_RESEALED: frozenset(),
    Action.MAIL_TESTED: frozenset({"outcome"}),  # the subject is the server
    Action.EXPORTED: frozenset({"query", "rows"}),  # the subject is the path; rows is None where they are not counted
    Action.CUSTOMER_VIEWED: frozenset(),
    Action.ORDER_VIEWED: frozenset(),
    Action.PERSONAL_REVEALED: frozenset({"reason"}),  # the subject is the customer or the order
    Action.CUSTOMER_ERASED: frozenset({"orders", "quarantined", "files"}),
    Action.EXPORT_CHECKED: frozenset({"same"}),
    Action.ERASURE_KEY_RESEALED: frozenset({"values"}),
}
MASKED = "•••"


@dataclass(frozen=True)
class Secret:
    """A value that must not be told: the trail keeps that there was one, and never which."""

    value: object = field(repr=False)


Detail = str | int | bool | None | list[str] | Secret


class Numbered(Protocol):
    """A shop, without this domain having to know shops."""

    @property
    def id(self) -> int: ...


@dataclass(frozen=True)
class Actor:
    """Who acts. A person has an id; the command line, a worker and a visitor have only a name."""

    name: str
    staff_id: int | None = None


COMMAND_LINE = Actor(N_("command line"))
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
    """Return the value without what PostgreSQL keeps in no text, and masked where it is secret."""
    if isinstance(value, Secret):
        return MASKED if value.value else None
    if isinstance(value, list):
        return [storable(one) for one in value]
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else value


def address() -> str | None:
    """Return where the request comes from, or None where that is not known. Trusted proxies speak for who is behind them."""
    trusted = current_app.extensions["pult"].trusted_proxies
    found = client(request.remote_addr, request.headers.get("X-Forwarded-For", ""), trusted)
    return str(found) if found else None
