"""Snapshots of Shoptet: asked for once, watched without using up reads, taken only if they are what was asked for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shop.platforms import failures
from shop.platforms.downloads import Received
from shop.platforms.records import Kind
from shop.platforms.remote import ExportRequest, ExportStatus, Ticket
from tests.platforms.scripted import Clock, Say, Script, a_shop_at, bad, eshop, good, page

ASKED = datetime(2026, 9, 21, 18, 0, tzinfo=UTC)
TICKET = Ticket("3ax1844", "/api/orders/snapshot", ASKED)
LIST, READ = "GET /api/system/jobs", "GET /api/system/jobs/3ax1844"
URL = "https://tulip.myshoptet.com/api-results/3ax1844-sfva5eu.json"


def a_job(status: str = "running", **more: Any) -> dict[str, Any]:
    return {
        "jobId": "3ax1844", "endpoint": "/api/orders/snapshot", "creationTime": "2026-09-21T20:00:01+0200",
        "completionTime": None, "status": status, "validUntil": None,
    } | more  # fmt: skip


def listed(*jobs: dict[str, Any]) -> Say:
    return page("jobs", list(jobs), size=100)


def read(status: str, **more: Any) -> Say:
    return good({"job": a_job(status, duration="20.123", log="long", **more)})


@pytest.mark.parametrize(
    ("wanted", "query"),
    [
        (ExportRequest(Kind.ORDERS), {"include": "notes"}),
        (ExportRequest(Kind.CUSTOMERS), {}),
        (ExportRequest(Kind.PRODUCTS), {"include": "variantParameters,setItems"}),
        (ExportRequest(Kind.CUSTOMERS, changed_since=ASKED), {"changeTimeFrom": "2026-09-21T18:00:00+0000"}),
        (
            ExportRequest(Kind.ORDERS, created_since=ASKED),
            {"include": "notes", "creationTimeFrom": "2026-09-21T18:00:00+0000"},
        ),
        (ExportRequest(Kind.ORDERS, keys=["1/a", "2"]), {"include": "notes", "orderCodes": "1/a,2"}),
        (ExportRequest(Kind.PRODUCTS, keys=["g"]), {"include": "variantParameters,setItems", "productGuids": "g"}),
    ],
)
def test_an_export_is_asked_for_with_what_is_read_of_it(
    script: Script, clock: Clock, wanted: ExportRequest, query: dict[str, str]
) -> None:
    script.date = ASKED + timedelta(days=300)
    script.expect("GET /api/eshop", good(eshop()))
    script.expect(f"GET /api/{wanted.kind}/snapshot", good({"jobId": "ad24xod"}, 202))
    ticket = a_shop_at(script, clock.timing()).request_export(wanted)
    assert ticket == Ticket("ad24xod", f"/api/{wanted.kind}/snapshot", script.date), "by the platform's clock"
    assert script.asked[-1].query == query
    assert wanted.is_complete == (not set(query) - {"include"})


def test_a_plus_in_an_offset_reaches_the_platform_as_a_plus(script: Script, clock: Clock) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    script.expect("GET /api/customers/snapshot", good({"jobId": "a"}, 202))
    since = datetime.fromisoformat("2026-09-21T20:00:00.25+02:00")
    a_shop_at(script, clock.timing()).request_export(ExportRequest(Kind.CUSTOMERS, changed_since=since))
    assert script.asked[-1].query["changeTimeFrom"] == "2026-09-21T20:00:00+0200"


@pytest.mark.parametrize(
    "wanted", [ExportRequest(Kind.ORDERS, keys=["x"] * 51), ExportRequest(Kind.CUSTOMERS, keys=["x"])]
)
def test_more_keys_than_the_platform_takes_are_a_mistake_of_ours(
    script: Script, clock: Clock, wanted: ExportRequest
) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    with pytest.raises(ValueError, match="cannot be asked for"):
        a_shop_at(script, clock.timing()).request_export(wanted)


def test_without_the_webhook_no_export_is_made_and_the_sentence_says_so(script: Script, clock: Clock) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    script.expect("GET /api/orders/snapshot", bad(403, "required-webhook-registration"))
    with pytest.raises(failures.WebhookMissing, match=r"job:finished is not registered.*Register the webhook"):
        a_shop_at(script, clock.timing()).request_export(ExportRequest(Kind.ORDERS))


def test_nothing_is_asked_of_another_shop(script: Script, clock: Clock) -> None:
    script.expect("GET /api/eshop", good(eshop(99)))
    shop = a_shop_at(script, clock.timing(), shop_id="222651")
    with pytest.raises(failures.WrongShop, match=r"Tulip is number 99, and this one is number 222651"):
        shop.request_export(ExportRequest(Kind.ORDERS))


def test_a_job_that_is_not_done_is_never_read_itself(script: Script, clock: Clock) -> None:
    """Ten reads would be the end; the list has no such limit."""
    script.expect(LIST, *[listed(a_job("pending"))] * 10, *[listed(a_job("running"))] * 10)
    shop = a_shop_at(script, clock.timing())
    states = [shop.export_state(TICKET).status for _ in range(20)]
    assert states == [ExportStatus.PENDING] * 10 + [ExportStatus.RUNNING] * 10
    assert script.asked[0].query["creationTimeFrom"] == "2026-09-21T17:50:00+0000"


def test_a_job_that_is_done_is_read_once_for_its_file(script: Script, clock: Clock) -> None:
    script.expect(LIST, listed(a_job("completed", jobId="other"), a_job("completed")))
    script.expect(READ, read("completed", resultUrl=URL, validUntil="2026-09-22T20:00:00+0200"))
    state = a_shop_at(script, clock.timing()).export_state(TICKET)
    assert (state.status, state.result_url, state.is_empty) == (ExportStatus.COMPLETED, URL, False)
    assert state.valid_until == datetime(2026, 9, 22, 18, 0, tzinfo=UTC)
    assert "sfva5eu" not in repr(state)


def test_a_completed_job_without_a_file_has_no_rows(script: Script, clock: Clock) -> None:
    script.expect(LIST, listed(a_job("completed")))
    script.expect(READ, read("completed", resultUrl=None))
    state = a_shop_at(script, clock.timing()).export_state(TICKET)
    assert state.is_empty
    assert state.status.is_final


@pytest.mark.parametrize("status", ["failed", "expired", "killed"])
def test_a_job_that_ended_badly_has_no_file_even_if_it_names_one(script: Script, clock: Clock, status: str) -> None:
    script.expect(LIST, listed(a_job(status)))
    script.expect(READ, read(status, resultUrl=URL))
    state = a_shop_at(script, clock.timing()).export_state(TICKET)
    assert (state.status, state.status.is_final, state.result_url, state.is_empty) == (status, True, None, False)


def test_a_word_that_nobody_knows_is_not_an_end(script: Script, clock: Clock) -> None:
    script.expect(LIST, listed(a_job("resting")))
    state = a_shop_at(script, clock.timing()).export_state(TICKET)
    assert (state.status, state.status.is_final) == (ExportStatus.UNKNOWN, False)


def test_a_job_that_the_list_lacks_is_read_and_the_read_limit_is_no_end(script: Script, clock: Clock) -> None:
    script.expect(LIST, listed())
    script.expect(READ, bad(403, "job-detail-try-counter-exceeded-limit"))
    assert a_shop_at(script, clock.timing()).export_state(TICKET).status is ExportStatus.UNKNOWN


def test_a_job_that_nobody_knows_needs_a_new_one(script: Script, clock: Clock) -> None:
    script.expect(LIST, listed())
    script.expect(READ, bad(404, "job-not-found"))
    with pytest.raises(failures.ExportGone) as caught:
        a_shop_at(script, clock.timing()).export_state(TICKET)
    assert (caught.value.code, caught.value.transient) == ("export_gone", True)


@pytest.mark.parametrize(
    "job",
    [
        a_job("completed", endpoint="/api/products/snapshot"),
        a_job("completed", creationTime="2026-09-20T20:00:00+0200"),
    ],
    ids=["another kind", "another day"],
)
def test_the_file_of_another_export_is_not_taken(script: Script, clock: Clock, job: dict[str, Any]) -> None:
    script.expect(LIST, listed(job))
    with pytest.raises(failures.ContractBroken):
        a_shop_at(script, clock.timing()).export_state(TICKET)


def test_the_endpoint_may_be_written_with_its_query_and_times_may_be_nonsense(script: Script, clock: Clock) -> None:
    odd = {
        "endpoint": "https://api.myshoptet.com/api/orders/snapshot/?include=notes",
        "creationTime": "2019-13-04T11:22:02+0200",
    }
    script.expect(LIST, listed(a_job("running", **odd)))
    assert a_shop_at(script, clock.timing()).export_state(TICKET).created_at is None


def test_a_worker_that_was_killed_finds_the_export_it_had_asked_for(script: Script, clock: Clock) -> None:
    jobs = [
        a_job("running", jobId="newer", creationTime="2026-09-21T20:05:00+0200"),
        a_job("completed", jobId="older"),
        a_job("failed", jobId="dead"),
        a_job("running", jobId="products", endpoint="/api/products/snapshot"),
        a_job("running", jobId="before", creationTime="2026-09-21T19:00:00+0200"),
    ]
    script.expect(LIST, listed(*jobs))
    found = a_shop_at(script, clock.timing()).tickets_since(ExportRequest(Kind.ORDERS), ASKED)
    assert [ticket.job for ticket in found] == ["newer", "older"]


def test_the_file_of_an_expired_export_is_not_asked_for(script: Script, clock: Clock) -> None:
    script.expect(LIST, listed(a_job("completed")))
    script.expect(READ, read("expired", resultUrl=URL))
    script.expect("GET /api/eshop", good(eshop()))
    shop = a_shop_at(script, clock.timing())
    state = shop.export_state(TICKET)
    with pytest.raises(failures.ExportGone, match="has expired"):
        shop.download(state, Received())
