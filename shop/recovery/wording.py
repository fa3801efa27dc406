"""Failures in words: what a code is called as a heading, and what becomes of a group by itself."""

from datetime import datetime

from shop.formatting import moment, plural
from shop.recovery.queries import Group
from shop.snapshots.models import FailedSnapshot, Snapshot
from shop.snapshots.reopening import parked

TITLES = {
    "bad_credentials": "The platform does not accept the token",
    "crashed": "Pult itself failed",
    "damaged_file": "The file is damaged",
    "database_busy": "The database was busy",
    "database_full": "The database’s disk is full",
    "implausible": "The file is empty, or much smaller than before",
    "poisoned": "The run kills its worker",
    "rate_limited": "The platform asks for a slower pace",
    "stored_meanwhile": "Another run wrote the same records",
    "timed_out": "The run took too long",
    "token_expired": "The token has expired",
    "too_many_bad_records": "Too many records cannot be read",
    "unreachable": "The platform does not answer",
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
