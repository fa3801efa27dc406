"""Shoptet's snapshots: asked for, watched through the list of jobs, read once when they are done."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog

from shop.languages import gettext as _
from shop.platforms.failures import ContractBroken, ExportGone, ReadTooOften
from shop.platforms.records import Kind
from shop.platforms.remote import ExportRequest, ExportState, ExportStatus, Ticket
from shop.platforms.shoptet.answers import Accepted, Job, OneJob, moment
from shop.platforms.shoptet.api import Api
from shop.platforms.shoptet.paging import Listing, Walk

INCLUDES = {  # what payloads.py reads beyond the bare entity
    Kind.ORDERS: "notes",
    Kind.CUSTOMERS: "",
    Kind.PRODUCTS: "variantParameters,setItems",
}
KEYS = {Kind.ORDERS: "orderCodes", Kind.PRODUCTS: "productGuids"}
MOST_KEYS = 50
SLACK = timedelta(minutes=10)  # between the clock of the answers and that of the jobs
JOBS = Listing("/api/system/jobs", "jobs", Job, key=lambda job: job.job_id, per_page=100)
log = structlog.get_logger()


def endpoint_of(kind: Kind) -> str:
    return f"/api/{kind}/snapshot"


def filters(wanted: ExportRequest) -> dict[str, str]:
    """Return the query of a request. Customers cannot be asked for by their keys."""
    if wanted.keys and (wanted.kind not in KEYS or len(wanted.keys) > MOST_KEYS):
        raise ValueError(f"an export of {wanted.kind} by {len(wanted.keys)} keys cannot be asked for")
    given = {
        "include": INCLUDES[wanted.kind],
        "changeTimeFrom": written(wanted.changed_since),
        "creationTimeFrom": written(wanted.created_since),
        KEYS.get(wanted.kind, ""): ",".join(wanted.keys),
    }
    return {name: value for name, value in given.items() if name and value}


def written(moment: datetime | None) -> str:
    """Write a time as Shoptet reads it: whole seconds, the offset without a colon."""
    if moment and moment.tzinfo is None:
        raise ValueError("a time without its offset would be another one in every shop")
    return moment.strftime("%Y-%m-%dT%H:%M:%S%z") if moment else ""


def request(api: Api, wanted: ExportRequest) -> Ticket:
    """Ask for a snapshot. Sent once: each request makes a job, also one whose answer was lost."""
    requested_at = api.server_time()
    accepted = api.get(endpoint_of(wanted.kind), filters(wanted), repeats=False).read(Accepted)
    return Ticket(accepted.job_id, endpoint_of(wanted.kind), requested_at)


def state(api: Api, ticket: Ticket) -> ExportState:
    """Look the job up in the list, which may be read at any time; read the job itself only when it is done.

    A job that is not done may be read ten times in all. One that the list does not show is read, and counted on.
    """
    listed = next((job for job in jobs_since(api, ticket.requested_at - SLACK) if job.job_id == ticket.job), None)
    if listed is not None:
        verify(listed, ticket)
        if not status_of(listed).is_final:
            return told(listed)
    try:
        job = api.get(f"/api/system/jobs/{ticket.job}").read(OneJob).job
    except ReadTooOften as failure:
        log.warning("platform_job_read_too_often", job=ticket.job, reason=failure.happened)
        return ExportState(ticket.job, ExportStatus.UNKNOWN, None, None, None)
    verify(job, ticket)
    return told(job)


def jobs_since(api: Api, since: datetime) -> Iterator[Job]:
    return iter(Walk(api, JOBS, {"creationTimeFrom": written(since)}))


def tickets(api: Api, wanted: ExportRequest, since: datetime) -> list[Ticket]:
    """Return jobs of this kind since then that may still give a file, newest first."""
    endpoint = endpoint_of(wanted.kind)
    found = [
        (moment(job.creation_time) or since, job.job_id)
        for job in jobs_since(api, since)
        if path_of(job.endpoint) == endpoint and is_useful(status_of(job))
    ]
    return [Ticket(job, endpoint, created) for created, job in sorted(found, reverse=True) if created >= since]


def is_useful(status: ExportStatus) -> bool:
    return not status.is_final or status is ExportStatus.COMPLETED


def verify(job: Job, ticket: Ticket) -> None:
    """Refuse the result of anything but what was asked for, however the job's id came to be the same."""
    if job.job_id != ticket.job or path_of(job.endpoint) != ticket.endpoint:
        raise ContractBroken(
            _("The export %(job)s turns out to be one of another kind than was asked for.", job=ticket.job)
        )
    created = moment(job.creation_time)
    if created is not None and created < ticket.requested_at - SLACK:
        raise ContractBroken(
            _("The export %(job)s was made before it was asked for; it holds older data.", job=ticket.job)
        )


def told(job: Job) -> ExportState:
    status = status_of(job)
    if status is ExportStatus.UNKNOWN:
        log.warning("platform_job_status_unknown", job=job.job_id, status=job.status[:40])
    return ExportState(
        job=job.job_id,
        status=status,
        created_at=moment(job.creation_time),
        finished_at=moment(job.completion_time),
        valid_until=moment(job.valid_until),
        result_url=job.result_url or None if status is ExportStatus.COMPLETED else None,
    )


def status_of(job: Job) -> ExportStatus:
    try:
        return ExportStatus(job.status.lower())
    except ValueError:
        return ExportStatus.UNKNOWN


def path_of(endpoint: str) -> str:
    """Return the path of what a job says it was called with: with or without host, query and a slash at its end."""
    return urlsplit(endpoint).path.rstrip("/")


def result_address(state: ExportState) -> str:
    if state.status is ExportStatus.EXPIRED:
        raise ExportGone(_("The file of the export %(job)s has expired.", job=state.job))
    if state.result_url is None:
        raise ValueError("only a completed export with rows has a file")
    return state.result_url
