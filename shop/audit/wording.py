"""The audit trail in words: what each action reads like, and its fields as short text."""

from collections.abc import Mapping

from shop.audit.models import AuditEntry
from shop.audit.recording import Action

WORDS: dict[Action, str] = {
    Action.SIGNED_IN: "signed in",
    Action.SIGN_IN_REFUSED: "was refused at the sign-in",
    Action.SIGNED_OUT: "signed out",
    Action.ACCESS_REFUSED: "was refused an address",
    Action.STAFF_ADDED: "added a person",
    Action.STAFF_PASSWORD_SET: "set a password",
    Action.STAFF_TOKEN_MADE: "made a personal token",
    Action.STAFF_SHOPS_SET: "changed whose shops these are",
    Action.STAFF_DEACTIVATED: "deactivated a person",
    Action.SHOP_ADDED: "connected a shop",
    Action.SHOP_PAUSED: "paused a shop",
    Action.SHOP_RESUMED: "resumed a shop",
    Action.SHOP_CHECKED: "checked a shop",
    Action.SHOP_TOKEN_REPLACED: "replaced a shop's token",
    Action.SHOP_WEBHOOK_SET: "registered a webhook",
    Action.SHOP_RESEALED: "sealed a shop's secrets anew",
    Action.SNAPSHOT_REQUESTED: "asked for a snapshot",
    Action.SNAPSHOT_UPLOADED: "uploaded a snapshot file",
    Action.FAILURE_DISMISSED: "dismissed a failed snapshot",
    Action.FAILURES_PACED: "had failed snapshots tried again at a pace",
    Action.FAILURES_HALTED: "stopped the trying of failed snapshots",
    Action.FAILURES_DISMISSED: "dismissed failed snapshots",
    Action.TASK_REQUESTED: "ran a task of the schedule",
    Action.LOCK_BROKEN: "broke a lock",
    Action.SNAPSHOT_UNDONE: "undid a replay",
    Action.SNAPSHOT_CANCELLED: "stopped a snapshot",
    Action.EXPORTED: "exported a list",
}


def act(entry: AuditEntry) -> str:
    """Return what was done; an action of a later version keeps its own name."""
    known = {action.value: words for action, words in WORDS.items()}
    return known.get(entry.action, entry.action.replace("_", " "))


def particulars(details: Mapping[str, object]) -> str:
    """Return the fields of an entry as one line: "kind orders, mode full"."""
    told = [(name.replace("_", " "), in_words(value)) for name, value in details.items()]
    return ", ".join(f"{name} {words}" for name, words in told if words)


def in_words(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " and ".join(str(one) for one in value)
    return str(value)
