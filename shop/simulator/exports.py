"""Snapshots: a request makes a job, the job makes a file; and the jobs as the API tells of them."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from shop.simulator import selection
from shop.simulator.answers import Refusal
from shop.simulator.calls import Call, Reply
from shop.simulator.entities import order_bytes, product_detail
from shop.simulator.faults import Fault, FaultName
from shop.simulator.generator import generate
from shop.simulator.jobs import JOB_FAULTS, Job, State, duration, job_row
from shop.simulator.living import LivingShop
from shop.simulator.queries import Limits, Query
from shop.simulator.reading import paged, refuse_modules

JOBS = Limits(100, 500)
COST = 10.0
ELSEWHERE = {"cz": "sk", "sk": "eu", "eu": "sk", "ie": "eu"}  # whose rows are in another shop's file


def snapshot(call: Call) -> Reply:
    """Make a job, if somebody waits for its webhook; without one no job is made."""
    if not call.shop.webhooks.has("job:finished"):
        message = "Webhook for job:finished is not registered."
        raise Refusal(403, "required-webhook-registration", message, "job:finished")
    refuse_modules(call)
    check(call.query)
    kind = call.parts["kind"]
    lines = partial(LINES[kind], call.shop.living, call.query)
    job = call.shop.jobs.request(call.path, lines, partial(other_lines, call.shop.living, kind), faults(call))
    return Reply({"jobId": job.job_id}, 202, cost=COST)


def check(query: Query) -> None:
    """Refuse what cannot be read now, and not when the job runs."""
    for name in selection.TIMES:
        query.time(name)
    for name in ("orderCodes", "productCodes", "productGuids"):
        query.codes(name)


def faults(call: Call) -> dict[FaultName, Fault]:
    return {name: fault for name in JOB_FAULTS if (fault := call.fault(name))}


def order_lines(shop: LivingShop, query: Query) -> Iterator[bytes]:
    return (order_bytes(shop, draft, query.includes) for draft in selection.orders(shop, query))


def customer_lines(shop: LivingShop, query: Query) -> Iterator[bytes]:
    for index in selection.customers(shop, query):
        yield msgspec.json.encode(shop.customer(index)) + b"\n"


def product_lines(shop: LivingShop, query: Query) -> Iterator[bytes]:
    for place in selection.products(shop, query):
        yield msgspec.json.encode(product_detail(shop, place, query.includes)) + b"\n"


LINES = {"orders": order_lines, "customers": customer_lines, "products": product_lines}


def other_lines(shop: LivingShop, kind: str) -> Iterator[bytes]:
    made = shop.made
    other = generate(ELSEWHERE[made.profile.name], made.order_count, made.seed + 1, made.start, made.end)
    return LINES[kind](LivingShop(other), Query({}))


def jobs(call: Call) -> Reply:
    """List jobs, the latest first; this does not count as reading one."""
    status = call.query.one_of("status", tuple(State))
    found = [job for job in call.shop.jobs.listed() if passes(call, job, status)]
    found.sort(key=lambda job: job.created, reverse=True)
    known = call.shop.jobs
    return paged(call, "jobs", JOBS, found, lambda job: job_row(known, job, lambda at: at and call.shop.text(at)))


def passes(call: Call, job: Job, status: str | None) -> bool:
    if status and call.shop.jobs.status(job) != status:
        return False
    for name, at in (("creationTime", job.created), ("completionTime", job.completed)):
        since, until = call.query.time(f"{name}From"), call.query.time(f"{name}To")
        if (since or until) and at is None:
            return False
        if at and ((since and at < since) or (until and at.replace(microsecond=0) > until)):
            return False
    return True


def job(call: Call) -> Reply:
    """Return one job; only here is the address of its file."""
    known, job_id = call.shop.jobs, call.parts["job_id"]
    call.shop.around.counts.add("job_reads", job_id)
    found = known.read(job_id)
    row: dict[str, Any] = job_row(known, found, lambda at: at and call.shop.text(at))
    return Reply({"job": row | {"duration": duration(found), "resultUrl": known.result_url(found), "log": None}})
