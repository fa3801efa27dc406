"""The audit trail in words: what each action reads like, and its fields as short text."""

from collections.abc import Callable, Mapping

from shop.audit.models import AuditEntry
from shop.audit.recording import Action
from shop.languages import N_

WORDS: dict[Action, str] = {
    Action.SIGNED_IN: N_("signed in"),
    Action.SIGN_IN_REFUSED: N_("was refused at the sign-in"),
    Action.SIGNED_OUT: N_("signed out"),
    Action.CODE_ASKED: N_("gave the password and was asked for a code"),
    Action.ACCESS_REFUSED: N_("was refused an address"),
    Action.TOKEN_REFUSED: N_("was refused with a token"),
    Action.LINK_REFUSED: N_("was refused with a dead link"),
    Action.CONFIRMED: N_("gave the password again"),
    Action.CONFIRMATION_REFUSED: N_("gave a wrong password again"),
    Action.STAFF_ADDED: N_("added a person"),
    Action.STAFF_LINK_MADE: N_("made a one-time link"),
    Action.STAFF_PASSWORD_CHOSEN: N_("chose a password by a link"),
    Action.STAFF_PASSWORD_SET: N_("set a password"),
    Action.STAFF_TOKEN_MADE: N_("made a personal token"),
    Action.STAFF_TOKEN_REVOKED: N_("revoked a personal token"),
    Action.STAFF_TOKENS_REVOKED: N_("revoked a person's tokens"),
    Action.STAFF_RENAMED: N_("renamed a person"),
    Action.STAFF_ROLE_SET: N_("changed a role"),
    Action.STAFF_SHOPS_SET: N_("changed whose shops these are"),
    Action.STAFF_PERSONAL_SET: N_("changed whether personal data are shown"),
    Action.STAFF_SESSION_ENDED: N_("signed out a device"),
    Action.STAFF_LANGUAGE_CHANGED: N_("chose a language"),
    Action.STAFF_SESSIONS_ENDED: N_("signed a person out everywhere"),
    Action.STAFF_FACTOR_BEGUN: N_("began to set up a second factor"),
    Action.STAFF_FACTOR_ADDED: N_("switched a second factor on"),
    Action.STAFF_FACTOR_REMOVED: N_("took a second factor away"),
    Action.STAFF_CODES_RENEWED: N_("made new recovery codes"),
    Action.STAFF_DEACTIVATED: N_("deactivated a person"),
    Action.STAFF_REACTIVATED: N_("let a person in again"),
    Action.SHOP_ADDED: N_("connected a shop"),
    Action.SHOP_PAUSED: N_("paused a shop"),
    Action.SHOP_RESUMED: N_("resumed a shop"),
    Action.SHOP_CHECKED: N_("checked a shop"),
    Action.SHOP_TOKEN_REPLACED: N_("replaced a shop's token"),
    Action.SHOP_WEBHOOK_SET: N_("registered a webhook"),
    Action.SHOP_RESEALED: N_("sealed a shop's secrets anew"),
    Action.SNAPSHOT_REQUESTED: N_("asked for a snapshot"),
    Action.SNAPSHOT_UPLOADED: N_("uploaded a snapshot file"),
    Action.FAILURE_DISMISSED: N_("dismissed a failed snapshot"),
    Action.FAILURES_PACED: N_("had failed snapshots tried again at a pace"),
    Action.FAILURES_HALTED: N_("stopped the trying of failed snapshots"),
    Action.FAILURES_DISMISSED: N_("dismissed failed snapshots"),
    Action.TASK_REQUESTED: N_("ran a task of the schedule"),
    Action.LOCK_BROKEN: N_("broke a lock"),
    Action.SNAPSHOT_UNDONE: N_("undid a replay"),
    Action.SNAPSHOT_CANCELLED: N_("stopped a snapshot"),
    Action.PARTITIONS_MAINTAINED: N_("looked after the quarters"),
    Action.PARTITION_RESTORE_REQUESTED: N_("asked for a quarter"),
    Action.PARTITION_RESTORED: N_("brought a quarter back"),
    Action.BACKUP_TAKEN: N_("took a backup"),
    Action.BACKUP_RESTORE_REQUESTED: N_("asked for a copy beside the live database"),
    Action.BACKUP_RESTORE_CANCELLED: N_("stopped a restore beside the live database"),
    Action.BACKUP_RESTORED_BESIDE: N_("restored a copy beside the live database"),
    Action.BACKUP_SWITCH_APPROVED: N_("approved the switch to a restored copy"),
    Action.BACKUP_SWITCH_REFUSED: N_("was refused the approval of a switch"),
    Action.BACKUP_SWITCHED: N_("switched to a restored copy"),
    Action.BACKUP_SWITCHED_BACK: N_("switched back to the database before"),
    Action.BESIDE_DISCARDED: N_("dropped a database beside the live one"),
    Action.BACKUP_SENT: N_("sent a backup to a target"),
    Action.SETTING_CHANGED: N_("changed a setting"),
    Action.SETTING_RESET: N_("brought a setting back to its default"),
    Action.SETTING_RESEALED: N_("sealed a secret setting anew"),
    Action.MAIL_TESTED: N_("tested the mail server"),
    Action.EXPORTED: N_("exported a list"),
    Action.CUSTOMER_VIEWED: N_("looked at a customer"),
    Action.ORDER_VIEWED: N_("looked at an order"),
    Action.PERSONAL_REVEALED: N_("had personal data shown"),
    Action.CUSTOMER_ERASED: N_("erased a customer"),
    Action.EXPORT_CHECKED: N_("checked an exported file"),
    Action.ERASURE_KEY_RESEALED: N_("sealed the key of erasures anew"),
}

FIELDS = frozenset({  # of entries, as their particulars call them
    N_("actor"), N_("after"), N_("approved by"), N_("archived"), N_("backup"), N_("base url"), N_("before"),
    N_("browser"), N_("cause"), N_("created"), N_("currency"), N_("days"), N_("device"), N_("dropped"), N_("factor"),
    N_("failed"), N_("failures"), N_("file bytes"), N_("file name"), N_("files"), N_("holder"), N_("host"),
    N_("kept"), N_("key renewed"), N_("kind"), N_("lines"), N_("method"), N_("mode"), N_("name"), N_("needs"),
    N_("orders"), N_("outcome"), N_("pace"), N_("phase"), N_("platform"), N_("prefix"), N_("pult"), N_("purpose"),
    N_("put back"), N_("quarantined"), N_("query"), N_("reason"), N_("refused"), N_("restorable"), N_("restoration"),
    N_("retired"), N_("role"), N_("rows"), N_("same"), N_("sessions ended"), N_("shops"), N_("source"), N_("state"),
    N_("taken out"), N_("target"), N_("timezone"), N_("token"), N_("tokens revoked"), N_("tries left"), N_("values"),
    N_("visitor"), N_("what"), N_("worker"),
})  # fmt: skip

CODED = frozenset(
    {"kind", "mode", "role", "purpose", "state", "outcome", "phase"}
)  # whose values are words of ours, and no names


def act(entry: AuditEntry) -> str:
    return done(entry.action)


def done(action: str) -> str:
    """Return what was done; an action of a later version keeps its own name."""
    known = {one.value: words for one, words in WORDS.items()}
    return known.get(action, action.replace("_", " "))


def particulars(details: Mapping[str, object], say: Callable[[str], str] = str) -> str:
    """Return the fields of an entry as one line: "kind orders, mode full"; what was before comes before what is after.

    On a page they are said in the reader's language, `say`; programs read them as they are written.
    """
    names = sorted(details, key=lambda name: name != "before")
    told = [(called(name, say), in_words(details[name], say, say if name in CODED else str)) for name in names]
    return ", ".join(f"{name} {words}" for name, words in told if words)


def called(name: str, say: Callable[[str], str]) -> str:
    words = name.replace("_", " ")
    return say(words) if words in FIELDS else words


def in_words(value: object, say: Callable[[str], str], say_value: Callable[[str], str]) -> str:
    """Return a value as text. Names are nobody's to translate: somebody called Owner stays so."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return say(N_("yes") if value else N_("no"))
    if isinstance(value, list):
        return f" {say(N_('and'))} ".join(say_value(str(one)) for one in value)
    return say_value(str(value))
