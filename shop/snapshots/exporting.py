"""Asks a platform for an export, once: the intention is kept before the call and the ticket right after it."""

from datetime import timedelta

import structlog

from shop.config import Config
from shop.fault_points import fault_point
from shop.languages import N_
from shop.languages import gettext as _
from shop.platforms.failures import Transient, WebhookMissing
from shop.platforms.remote import ExportRequest, Remote, Ticket
from shop.shops.models import Shop
from shop.shops.reaching import webhook_url
from shop.snapshots.export_row import ExportRow, Kept

MOST_EXPORTS = 3  # asked for by one run
SLACK = timedelta(seconds=5)  # between the clock of the answers and that of the jobs
BY_LISTS = N_(
    "The platform makes no exports without a webhook, and this installation has no public address for one. "
    "So its lists are read, one record after another, which is slower."
)
BY_LISTS_WITH_ADDRESS = N_(
    "The platform makes no exports although a webhook is registered. So its lists are read, one record after "
    "another, which is slower."
)
log = structlog.get_logger()


class ExportsSpent(Transient):
    """None of the exports that a run may ask for came to an end that gives a file."""

    code = "no_export"
    spent = True
    mend = N_("Run it again later; if it stays, ask the platform's support why its exports do not end.")


def asked(
    remote: Remote, row: ExportRow, kept: Kept, wanted: ExportRequest, shop: Shop, config: Config
) -> Ticket | None:
    """Return the export's ticket, kept in the row. None where only the platform's lists can be read.

    A worker that was killed between asking and keeping, or whose answer was lost, finds the export among the
    platform's jobs. Those of other runs are left alone: a part would be taken for everything.
    """
    if kept.exports >= MOST_EXPORTS:
        raise ExportsSpent(
            _("%(most)s exports of %(kind)s were asked for, and none gave a file.", most=MOST_EXPORTS, kind=wanted.kind)
        )
    ticket = found_again(remote, row, kept, wanted)
    if ticket is None:
        ticket = newly_asked(remote, row, wanted, shop, config)
    if ticket is None:
        return None
    row.keep_ticket(ticket)
    fault_point("request.kept")
    return ticket


def found_again(remote: Remote, row: ExportRow, kept: Kept, wanted: ExportRequest) -> Ticket | None:
    if kept.asked_at is None:
        return None
    known = row.jobs_known()
    found = [ticket for ticket in remote.tickets_since(wanted, kept.asked_at - SLACK) if ticket.job not in known]
    if found:
        log.info("export_found_again", job=found[0].job)
    return found[0] if found else None


def newly_asked(remote: Remote, row: ExportRow, wanted: ExportRequest, shop: Shop, config: Config) -> Ticket | None:
    """Ask; where the platform wants a webhook first, register ours; where it cannot be had, go by the lists."""
    row.asking(remote.server_time())
    fault_point("request.before")
    address = webhook_url(shop, config)
    try:
        ticket = asked_with_webhook(remote, wanted, address)
    except WebhookMissing:
        row.go_by_lists(BY_LISTS if address is None else BY_LISTS_WITH_ADDRESS)
        return None
    fault_point("request.asked")
    return ticket


def asked_with_webhook(remote: Remote, wanted: ExportRequest, address: str | None) -> Ticket:
    try:
        return remote.request_export(wanted)
    except WebhookMissing:
        if address is None:
            raise
    remote.register_webhook(address)
    return remote.request_export(wanted)
