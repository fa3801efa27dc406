"""The audit trail in words: what each action reads like, and its fields as short text."""

from collections.abc import Mapping

from shop.audit.models import AuditEntry
from shop.audit.recording import Action

WORDS: dict[Action, str] = {
    Action.SIGNED_IN: "signed in",
    Action.SIGN_IN_REFUSED: "was refused at the sign-in",
    Action.SIGNED_OUT: "signed out",
    Action.CODE_ASKED: "gave the password and was asked for a code",
    Action.ACCESS_REFUSED: "was refused an address",
    Action.TOKEN_REFUSED: "was refused with a token",
    Action.LINK_REFUSED: "was refused with a dead link",
    Action.CONFIRMED: "gave the password again",
    Action.CONFIRMATION_REFUSED: "gave a wrong password again",
    Action.STAFF_ADDED: "added a person",
    Action.STAFF_LINK_MADE: "made a one-time link",
    Action.STAFF_PASSWORD_CHOSEN: "chose a password by a link",
    Action.STAFF_PASSWORD_SET: "set a password",
    Action.STAFF_TOKEN_MADE: "made a personal token",
    Action.STAFF_TOKEN_REVOKED: "revoked a personal token",
    Action.STAFF_TOKENS_REVOKED: "revoked a person's tokens",
    Action.STAFF_RENAMED: "renamed a person",
    Action.STAFF_ROLE_SET: "changed a role",
    Action.STAFF_SHOPS_SET: "changed whose shops these are",
    Action.STAFF_PERSONAL_SET: "changed whether personal data are shown",
    Action.STAFF_SESSION_ENDED: "signed out a device",
    Action.STAFF_LANGUAGE_CHANGED: "chose a language",
    Action.STAFF_SESSIONS_ENDED: "signed a person out everywhere",
    Action.STAFF_FACTOR_BEGUN: "began to set up a second factor",
    Action.STAFF_FACTOR_ADDED: "switched a second factor on",
    Action.STAFF_FACTOR_REMOVED: "took a second factor away",
    Action.STAFF_CODES_RENEWED: "made new recovery codes",
    Action.STAFF_DEACTIVATED: "deactivated a person",
    Action.STAFF_REACTIVATED: "let a person in again",
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
    Action.PARTITIONS_MAINTAINED: "looked after the quarters",
    Action.PARTITION_RESTORE_REQUESTED: "asked for a quarter",
    Action.PARTITION_RESTORED: "brought a quarter back",
    Action.BACKUP_TAKEN: "took a backup",
    Action.BACKUP_RESTORE_REQUESTED: "asked for a copy beside the live database",
    Action.BACKUP_RESTORE_CANCELLED: "stopped a restore beside the live database",
    Action.BACKUP_RESTORED_BESIDE: "restored a copy beside the live database",
    Action.BACKUP_SWITCH_APPROVED: "approved the switch to a restored copy",
    Action.BACKUP_SWITCH_REFUSED: "was refused the approval of a switch",
    Action.BACKUP_SWITCHED: "switched to a restored copy",
    Action.BACKUP_SWITCHED_BACK: "switched back to the database before",
    Action.BESIDE_DISCARDED: "dropped a database beside the live one",
    Action.BACKUP_SENT: "sent a backup to a target",
    Action.SETTING_CHANGED: "changed a setting",
    Action.SETTING_RESET: "brought a setting back to its default",
    Action.SETTING_RESEALED: "sealed a secret setting anew",
    Action.MAIL_TESTED: "tested the mail server",
    Action.EXPORTED: "exported a list",
    Action.CUSTOMER_VIEWED: "looked at a customer",
    Action.ORDER_VIEWED: "looked at an order",
    Action.PERSONAL_REVEALED: "had personal data shown",
    Action.CUSTOMER_ERASED: "erased a customer",
    Action.EXPORT_CHECKED: "checked an exported file",
    Action.ERASURE_KEY_RESEALED: "sealed the key of erasures anew",
}


def act(entry: AuditEntry) -> str:
    """Return what was done; an action of a later version keeps its own name."""
    known = {action.value: words for action, words in WORDS.items()}
    return known.get(entry.action, entry.action.replace("_", " "))


def particulars(details: Mapping[str, object]) -> str:
    """Return the fields of an entry as one line: "kind orders, mode full"; what was before comes before what is after."""
    names = sorted(details, key=lambda name: name != "before")
    told = [(name.replace("_", " "), in_words(details[name])) for name in names]
    return ", ".join(f"{name} {words}" for name, words in told if words)


def in_words(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " and ".join(str(one) for one in value)
    return str(value)
