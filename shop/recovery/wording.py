"""Failures in words: what a code is called as a heading, and what becomes of a group by itself."""

from datetime import datetime

from shop.formatting import moment, plural
from shop.recovery.queries import Group
from shop.snapshots.models import FailedSnapshot, Snapshot
from shop.snapshots.reopening import parked

TITLES = {
    "addon_not_installed": "The addon is not installed in the shop",
    "addon_suspended": "The platform has suspended the addon",
    "address_refused": "The platform sent us to an address that is not its own",
    "bad_credentials": "The platform does not accept the token",
    "changes_too_old": "The platform no longer knows what changed",
    "contract_broken": "The platform does not answer as it should",
    "crashed": "Pult itself failed",
    "damaged_file": "The file is damaged",
    "database_busy": "The database was busy",
    "database_full": "The database’s disk is full",
    "download_broken": "The download breaks off again and again",
    "export_gone": "The platform’s export came to nothing",
    "implausible": "The file is empty, or would delete much",
    "job_read_limit": "The platform counts our looks at its export",
    "list_unsteady": "The platform’s list changes while it is read",
    "locked": "The platform has locked the shop for a while",
    "module_missing": "The shop lacks a module",
    "no_rights": "The token may not read this",
    "not_found": "The platform does not know what was asked for",
    "platform_error": "The platform is out of order",
    "poisoned": "The run kills its worker",
    "rate_limited": "The platform asks for a slower pace",
    "refused": "The platform refused",
    "stored_meanwhile": "Another run wrote the same records",
    "timed_out": "It took too long",
    "token_expired": "The token has expired",
    "too_many_bad_records": "Too many records cannot be read",
    "unreachable": "The platform does not answer",
    "webhook_missing": "The webhook for exports is missing",
    "wrong_shop": "The platform answers for another shop",
}


def title(code: str) -> str:
    """Return a short heading; a code without one is read as words."""
    return TITLES.get(code, code.replace("_", " ").capitalize())


def by_itself(group: Group, zone: str, now: datetime) -> str:
    """Say whether Pult goes on without anybody, and from when on."""
    if group.by_itself == 0:
        return "Pult does not try it again by itself"
    which = "" if group.by_itself == group.failures else f"{plural(group.by_itself, 'of them', 'of them')} "
    return f"Pult tries {which or 'it '}again each hour, next after {moment(group.next_by_itself, zone, now)}"


def outlook(failed: FailedSnapshot, run: Snapshot, zone: str, now: datetime) -> str:
    """Say what becomes of one failure next."""
    if failed.resolved_at is not None:
        return "Settled"
    if run.is_live:
        return "Being tried now"
    if parked(failed):
        return "Waits for a person"
    return f"Tried after {moment(failed.retry_at, zone, now)}"
