"""Failures in words: what a code is called as a heading, and what becomes of a group by itself."""

from datetime import datetime

from shop.formatting import moment
from shop.languages import N_, ngettext, said
from shop.languages import gettext as _
from shop.recovery.queries import Group
from shop.snapshots.models import FailedSnapshot, Snapshot
from shop.snapshots.reopening import parked

TITLES = {
    "addon_not_installed": N_("The addon is not installed in the shop"),
    "addon_suspended": N_("The platform has suspended the addon"),
    "address_refused": N_("The platform sent us to an address that is not its own"),
    "bad_credentials": N_("The platform does not accept the token"),
    "changes_too_old": N_("The platform no longer knows what changed"),
    "contract_broken": N_("The platform does not answer as it should"),
    "crashed": N_("Pult itself failed"),
    "damaged_file": N_("The file is damaged"),
    "database_busy": N_("The database was busy"),
    "database_full": N_("The database’s disk is full"),
    "download_broken": N_("The download breaks off again and again"),
    "export_gone": N_("The platform’s export came to nothing"),
    "implausible": N_("The file is empty, or would delete much"),
    "job_read_limit": N_("The platform counts our looks at its export"),
    "list_unsteady": N_("The platform’s list changes while it is read"),
    "locked": N_("The platform has locked the shop for a while"),
    "module_missing": N_("The shop lacks a module"),
    "no_rights": N_("The token may not read this"),
    "not_found": N_("The platform does not know what was asked for"),
    "platform_error": N_("The platform is out of order"),
    "poisoned": N_("The run kills its worker"),
    "rate_limited": N_("The platform asks for a slower pace"),
    "refused": N_("The platform refused"),
    "stored_meanwhile": N_("Another run wrote the same records"),
    "timed_out": N_("It took too long"),
    "token_expired": N_("The token has expired"),
    "too_many_bad_records": N_("Too many records cannot be read"),
    "unreachable": N_("The platform does not answer"),
    "webhook_missing": N_("The webhook for exports is missing"),
    "wrong_shop": N_("The platform answers for another shop"),
}
OF_SHOP = {
    "orders": N_("orders of %(shop)s"),
    "customers": N_("customers of %(shop)s"),
    "products": N_("products of %(shop)s"),
}


def title(code: str) -> str:
    """Return a short heading; a code without one is read as words."""
    return said(TITLES[code]) if code in TITLES else code.replace("_", " ").capitalize()


def of_shop(kind: str, shop: str) -> str:
    """Return what a failed snapshot was to bring, and whose."""
    return said(OF_SHOP[kind]) % {"shop": shop}


def by_itself(group: Group, zone: str, now: datetime) -> str:
    """Say whether Pult goes on without anybody, and from when on."""
    if group.by_itself == 0:
        return _("Pult does not try it again by itself")
    after = moment(group.next_by_itself, zone, now)
    if group.by_itself == group.failures:
        return _("Pult tries it again each hour, next after %(moment)s", moment=after)
    return ngettext(
        "Pult tries %(num)s\u00a0of them again each hour, next after %(moment)s",
        "Pult tries %(num)s\u00a0of them again each hour, next after %(moment)s",
        group.by_itself,
        moment=after,
    )


def outlook(failed: FailedSnapshot, run: Snapshot, zone: str, now: datetime) -> str:
    """Say what becomes of one failure next."""
    if failed.resolved_at is not None:
        return _("Settled")
    if run.is_live:
        return _("Being tried now")
    if parked(failed):
        return _("Waits for a person")
    return _("Tried after %(moment)s", moment=moment(failed.retry_at, zone, now))


def paced(count: int, pace: int) -> str:
    """Say that the rest of a group follows."""
    return ngettext(
        "%(num)s\u00a0failed snapshot will be tried, %(pace)s a minute.",
        "%(num)s\u00a0failed snapshots will be tried, %(pace)s a minute.",
        count,
        pace=pace,
    )


def halted(count: int) -> str:
    """Say that the rest of a group does not follow."""
    return ngettext(
        "Stopped: %(num)s\u00a0failed snapshot was not tried yet.",
        "Stopped: %(num)s\u00a0failed snapshots were not tried yet.",
        count,
    )


def dismissed(count: int) -> str:
    """Say that a group is closed."""
    return ngettext(
        "%(num)s\u00a0failed snapshot was dismissed. The stored files stay.",
        "%(num)s\u00a0failed snapshots were dismissed. The stored files stay.",
        count,
    )
