"""Waits for a platform: sparsely, sooner when it sends word, and without holding a worker for long."""

import time
from collections.abc import Callable
from datetime import timedelta

import structlog

from shop.fault_points import fault_point
from shop.languages import N_
from shop.languages import gettext as _
from shop.platforms.failures import ExportGone, PlatformFailure, Transient
from shop.platforms.remote import ExportState, ExportStatus, Remote, Ticket
from shop.snapshots import retries
from shop.snapshots.export_row import ExportRow

LOOKS = (2, 3, 5, 10, 20, 30, 60)  # seconds before each look at an export; the last one repeats
HELD = 5  # seconds that a worker waits in place; for longer it gives the run back
LONGEST = timedelta(hours=4)  # an export that is not done by then never will be
TURN = 0.5  # seconds between two looks at our own row
log = structlog.get_logger()


class LookLater(Exception):
    """The run waits for the platform and holds no worker meanwhile; its row says when to go on."""


class GivenUp(Transient):
    """The platform failed too often in a row, or somebody looks on who would rather know at once."""

    spent = True

    mend = N_("Run it again when the platform answers; a check of the shop’s connection says whether it does.")


def wait_in_turn(row: ExportRow, in_place: bool, tick: Callable[[], None]) -> None:
    """Wait until the row's next look is due, in place or by giving the run back. Raises LookLater for the latter."""
    while (left := row.seconds_left()) > 0:
        if not in_place and left > HELD:
            raise LookLater
        tick()
        time.sleep(min(left, TURN))


def look(remote: Remote, row: ExportRow, ticket: Ticket, looks: int) -> ExportState | None:
    """Look at the export; None means to look again later. Raises ExportGone where another one has to be asked for."""
    since = row.now()
    state = remote.export_state(ticket)
    fault_point("wait")
    if state.status is ExportStatus.COMPLETED:
        row.looked(state.status, ticket.job, 0, since)
        return state
    if state.status.is_final:
        raise ExportGone(_("The platform's export %(job)s ended as %(status)s.", job=ticket.job, status=state.status))
    if remote.server_time() - ticket.requested_at > LONGEST:
        raise ExportGone(
            _(
                "The platform's export %(job)s was not done after %(hours)s hours.",
                job=ticket.job,
                hours=LONGEST.seconds // 3600,
            )
        )
    row.looked(state.status, ticket.job, pause(looks + 1), since)
    return None


def pause(looks: int) -> float:
    """Return the seconds before the next look, after so many."""
    return float(LOOKS[min(looks, len(LOOKS) - 1)])


def rest_after(row: ExportRow, failure: PlatformFailure) -> None:
    """End the attempt and let the run wait for the next. Raises GivenUp when there were too many failures in a row."""
    count = row.stumbled()
    if count > retries.most_retries():
        raise GivenUp(
            f"{failure.happened} {_('It was tried %(count)s times in a row.', count=count)}", code=failure.code
        ) from failure
    seconds = retries.rest_of(count, failure.retry_after)
    log.info("run_rests", reason=failure.code, seconds=round(seconds))
    row.rest(seconds, failure)
