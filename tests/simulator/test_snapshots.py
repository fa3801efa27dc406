"""Snapshot jobs: asked for only with a webhook, through their states, within their reads, and over after a day."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from shop.simulator.clock import Clock
from shop.simulator.jobs import JobTimes
from shop.simulator.online import SimulatedShop
from shop.simulator.simulator import Simulator
from tests.simulator.asking import Client, download
from tests.simulator.reckoning import figures_of


@pytest.fixture
def waiting() -> Iterator[Client]:
    """A client of a shop whose jobs wait a minute and run for two; time stands still but for `advance`."""
    times = JobTimes(waiting=60, running=120)
    with Simulator(shops=[SimulatedShop("cz", 40)], clock=Clock(running=False), job_times=times) as simulator:
        client = Client(simulator)
        client.hook("job:finished")
        yield client


@pytest.mark.parametrize("kind", ["orders", "customers", "products"])
def test_without_a_webhook_no_job_is_made(client: Client, kind: str) -> None:
    got = client.get(f"/api/{kind}/snapshot")
    assert (got.status, got.error) == (403, "required-webhook-registration")
    assert client.get("/api/system/jobs").data["jobs"] == []


def test_a_job_waits_runs_and_is_over(waiting: Client) -> None:
    job_id = waiting.job("/api/orders/snapshot")
    assert waiting.detail(job_id)["status"] == "pending"
    waiting.simulator.clock.advance(seconds=60)
    waiting.simulator.settle()
    running = waiting.detail(job_id)
    assert (running["status"], running["resultUrl"], running["completionTime"]) == ("running", None, None)
    waiting.simulator.clock.advance(seconds=120)
    waiting.simulator.settle()
    done = waiting.detail(job_id)
    assert (done["status"], done["endpoint"]) == ("completed", "/api/orders/snapshot")
    assert done["duration"] == "120.000"
    completed = datetime.fromisoformat(done["completionTime"])
    assert completed - datetime.fromisoformat(done["creationTime"]) == timedelta(minutes=3)
    assert datetime.fromisoformat(done["validUntil"]) - completed == timedelta(hours=24)
    assert len(download(done["resultUrl"]).lines) == 40


def test_an_unprocessed_job_is_read_ten_times_and_the_list_does_not_count(waiting: Client) -> None:
    job_id = waiting.job("/api/orders/snapshot")
    for _ in range(10):
        assert waiting.detail(job_id)["status"] == "pending"
    refused = waiting.get(f"/api/system/jobs/{job_id}")
    assert (refused.status, refused.error) == (403, "job-detail-try-counter-exceeded-limit")
    listed = waiting.get("/api/system/jobs", status="pending").data["jobs"]
    assert [row["jobId"] for row in listed] == [job_id]
    waiting.simulator.clock.advance(seconds=60)
    waiting.simulator.settle()
    waiting.simulator.clock.advance(seconds=120)
    waiting.simulator.settle()
    assert waiting.detail(job_id)["status"] == "completed", "a job that is over may be read"
    assert waiting.simulator.counts.job_reads[job_id] == 12


def test_a_result_is_there_for_a_day(client: Client) -> None:
    client.hook("job:finished")
    job = client.finished("/api/orders/snapshot")
    assert download(job["resultUrl"]).status == 200
    client.simulator.clock.advance(hours=24)
    client.simulator.settle()
    expired = client.detail(job["jobId"])
    assert (expired["status"], expired["resultUrl"]) == ("expired", None)
    assert download(job["resultUrl"]).status == 404
    assert list(client.simulator.folder.iterdir()) == [], "and its file is gone"


def test_an_unknown_job_is_told(client: Client) -> None:
    got = client.get("/api/system/jobs/1xv8s4c")
    assert (got.status, got.error) == (404, "job-not-found")


def test_the_list_of_jobs_is_filtered(client: Client) -> None:
    client.hook("job:finished")
    first = client.finished("/api/orders/snapshot")
    client.simulator.clock.advance(hours=1)
    second = client.finished("/api/customers/snapshot")
    rows = client.get("/api/system/jobs").data["jobs"]
    assert [row["jobId"] for row in rows] == [second["jobId"], first["jobId"]]
    assert "resultUrl" not in rows[0]
    ways = (
        ("creationTimeFrom", second["creationTime"], second), ("creationTimeTo", first["completionTime"], first),
        ("completionTimeFrom", second["completionTime"], second), ("completionTimeTo", first["completionTime"], first),
    )  # fmt: skip
    for name, time, job in ways:
        found = client.get("/api/system/jobs", **{name: time}).data["jobs"]
        assert [row["jobId"] for row in found] == [job["jobId"]], name


def test_every_request_makes_a_job_of_its_own(client: Client) -> None:
    client.hook("job:finished")
    assert client.job("/api/orders/snapshot") != client.job("/api/orders/snapshot")


@pytest.mark.parametrize("profile", ["cz", "sk", "eu"])
def test_the_files_give_the_expected_figures(profile: str) -> None:
    with Simulator(shops=[SimulatedShop(profile, orders=300, seed=4)]) as simulator:
        client = Client(simulator)
        client.hook("job:finished")
        shop = client.shop
        expected = shop.expected
        assert figures_of(client, shop.living.zone) == expected
        shop.step(30)
        later = shop.expected
        assert figures_of(client, shop.living.zone) == later
        assert later.orders == 300 + 30 - 1, "thirty came, one was deleted"
        assert later.counted_total != expected.counted_total != Decimal(0)


def test_a_filtered_snapshot_has_what_changed(client: Client) -> None:
    client.hook("job:finished")
    whole = client.snapshot("/api/orders/snapshot")
    times = sorted(datetime.fromisoformat(line["changeTime"]) for line in whole)
    low, high = times[120], times[150]
    window = {"changeTimeFrom": client.shop.text(low), "changeTimeTo": client.shop.text(high)}
    found = client.snapshot("/api/orders/snapshot", **window)
    wanted = {line["code"] for line in whole if low <= datetime.fromisoformat(line["changeTime"]) <= high}
    assert {line["code"] for line in found} == wanted
    assert len(wanted) == 31
    created = sorted(datetime.fromisoformat(line["creationTime"]) for line in whole)[100]
    later = client.snapshot("/api/orders/snapshot", creationTimeFrom=client.shop.text(created))
    assert len(later) == 100


def test_a_snapshot_of_chosen_codes_ignores_the_other_filters(client: Client) -> None:
    client.hook("job:finished")
    codes = [draft.code for draft in client.shop.living.drafts()][:3]
    lines = client.snapshot("/api/orders/snapshot", orderCodes=",".join(codes), statusId=99)
    assert [line["code"] for line in lines] == codes


def test_what_must_be_asked_for_is_in_the_lines_only_then(client: Client) -> None:
    client.hook("job:finished")
    assert all("notes" not in line for line in client.snapshot("/api/orders/snapshot"))
    assert all("notes" in line for line in client.snapshot("/api/orders/snapshot", include="notes"))
    bare, full = (
        client.snapshot("/api/products/snapshot", **more) for more in ({}, {"include": "variantParameters,setItems"})
    )
    assert "name" not in bare[0]["variants"][0]
    assert "setItems" not in bare[0]
    assert "name" in full[0]["variants"][0]
    assert any(line["setItems"] for line in full)


def test_customers_and_products_are_filtered_by_change(client: Client) -> None:
    client.hook("job:finished")
    client.simulator.clock.advance(minutes=5)
    since = client.shop.text(client.simulator.clock.now())
    customer, product = client.shop.edit_customer(), client.shop.edit_product()
    changed = client.snapshot("/api/customers/snapshot", changeTimeFrom=since)
    assert [line["guid"] for line in changed] == [customer]
    assert changed[0]["remark"]
    assert [line["guid"] for line in client.snapshot("/api/products/snapshot", changeTimeFrom=since)] == [product]
    assert client.snapshot("/api/products/snapshot", type="product-set")
    sku = client.get(f"/api/products/{product}").data["variants"][0]["code"]
    assert [line["guid"] for line in client.snapshot("/api/products/snapshot", productCodes=sku)] == [product]


def test_an_empty_shop_gives_an_empty_file() -> None:
    with Simulator(shops=[SimulatedShop("cz", 0)]) as simulator:
        client = Client(simulator)
        client.hook("job:finished")
        assert client.snapshot("/api/orders/snapshot") == []
        assert client.snapshot("/api/customers/snapshot") == []
        assert client.get("/api/orders").data["paginator"]["totalCount"] == 0
        client.shop.step(3)
        assert len(client.snapshot("/api/orders/snapshot")) == 3
