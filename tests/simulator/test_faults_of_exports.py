"""Faults of jobs, of their files and of the way these come; and notifications that are lost or come twice."""

import gzip
import time
from http.client import IncompleteRead
from urllib.parse import urlsplit

import pytest

from shop.platforms.records import BadRecord, Kind
from shop.platforms.registry import platform
from tests.simulator.asking import Client, Receiver, download, opened

READ = platform("shoptet").decode(Kind.ORDERS)
SNAPSHOT = "/api/orders/snapshot"


@pytest.fixture
def ready(client: Client) -> Client:
    client.hook("job:finished")
    return client


def switched(client: Client, name: str, amount: int | None = None) -> None:
    client.simulator.faults.switch_on(name, times=1, amount=amount)


def test_an_expired_job(ready: Client) -> None:
    switched(ready, "job-expired")
    job = ready.finished(SNAPSHOT)
    assert (job["status"], job["resultUrl"]) == ("expired", None)
    assert ready.finished(SNAPSHOT)["status"] == "completed"


def test_a_job_that_dies_in_silence(client: Client, receiver: Receiver) -> None:
    client.hook("job:finished", url=receiver.url)
    switched(client, "job-silent")
    job = client.finished(SNAPSHOT)
    assert job["status"] == "running"
    client.simulator.clock.advance(hours=2.9)
    client.simulator.settle()
    assert client.detail(job["jobId"])["status"] == "running"
    client.simulator.clock.advance(hours=0.1)
    client.simulator.settle()
    assert client.detail(job["jobId"])["status"] == "failed"
    assert receiver.came == []


@pytest.mark.parametrize(("name", "status"), [("job-failed", "failed"), ("job-killed", "killed")])
def test_a_job_that_fails_tells_so(client: Client, receiver: Receiver, name: str, status: str) -> None:
    client.hook("job:finished", url=receiver.url)
    switched(client, name)
    job = client.finished(SNAPSHOT)
    assert (job["status"], job["resultUrl"], job["validUntil"]) == (status, None, None)
    client.simulator.settle()
    assert receiver.events == [("job:finished", job["jobId"])]


def test_a_completed_job_without_an_address(ready: Client) -> None:
    switched(ready, "result-url-null")
    job = ready.finished(SNAPSHOT)
    assert (job["status"], job["resultUrl"]) == ("completed", None)


def test_a_result_on_another_host(ready: Client) -> None:
    switched(ready, "result-on-another-host")
    url = ready.finished(SNAPSHOT)["resultUrl"]
    assert urlsplit(url).hostname == "localhost" != urlsplit(ready.simulator.base_url).hostname


def test_a_redirect_to_another_host(ready: Client) -> None:
    url = ready.finished(SNAPSHOT)["resultUrl"]
    switched(ready, "result-redirected")
    got = download(url)
    assert got.status == 302
    assert urlsplit(got.headers["Location"]).hostname == "localhost"
    assert download(url).status == 200


def test_the_rows_of_another_shop(ready: Client) -> None:
    own = ready.snapshot(SNAPSHOT)
    switched(ready, "result-of-another-shop")
    others = ready.snapshot(SNAPSHOT)
    assert {line["price"]["currencyCode"] for line in others} == {"EUR"}
    assert {line["adminUrl"] for line in others} & {line["adminUrl"] for line in own} == set()


def readable(line: bytes) -> bool:
    try:
        READ(line)
    except BadRecord:
        return False
    return True


@pytest.mark.parametrize("amount", [1, 4, 60])
def test_as_many_broken_lines_as_asked(ready: Client, amount: int) -> None:
    switched(ready, "bad-records", amount)
    lines = gzip.decompress(download(ready.finished(SNAPSHOT)["resultUrl"]).body).splitlines(keepends=True)
    assert len(lines) == 200
    assert sum(not readable(line) for line in lines) == amount


def test_lines_that_come_twice(ready: Client) -> None:
    switched(ready, "duplicate-lines", 7)
    codes = [line["code"] for line in ready.snapshot(SNAPSHOT)]
    assert len(codes) == 207
    assert codes[-7:] == codes[-14:-7]


def test_lines_out_of_order(ready: Client) -> None:
    before = [line["code"] for line in ready.snapshot(SNAPSHOT)]
    switched(ready, "shuffled-lines")
    after = [line["code"] for line in ready.snapshot(SNAPSHOT)]
    assert after != before
    assert sorted(after) == sorted(before)


def test_a_body_that_breaks_in_the_middle(ready: Client) -> None:
    url = ready.finished(SNAPSHOT)["resultUrl"]
    whole = download(url).body
    switched(ready, "connection-cut")
    with opened(url) as answer:
        assert int(answer.headers["Content-Length"]) == len(whole)
        with pytest.raises((ConnectionResetError, IncompleteRead)):
            answer.read()
    assert download(url).body == whole


def test_a_file_that_ends_too_early_and_does_not_say_so(ready: Client) -> None:
    url = ready.finished(SNAPSHOT)["resultUrl"]
    switched(ready, "gzip-cut")
    got = download(url)
    assert len(got.body) == int(got.headers["Content-Length"])
    with pytest.raises(EOFError):
        gzip.decompress(got.body)


def test_a_length_that_promises_too_much(ready: Client) -> None:
    url = ready.finished(SNAPSHOT)["resultUrl"]
    switched(ready, "wrong-content-length", 10)
    with opened(url) as answer, pytest.raises(IncompleteRead) as broken:
        answer.read()
    assert (len(broken.value.partial), broken.value.expected) == (len(download(url).body), 10)


def test_a_result_that_says_how_it_is_packed(ready: Client) -> None:
    url = ready.finished(SNAPSHOT)["resultUrl"]
    switched(ready, "gzip-encoding")
    got = download(url)
    assert got.headers["Content-Encoding"] == "gzip"
    assert len(got.lines) == 200


def test_a_body_that_comes_slowly(ready: Client) -> None:
    url = ready.finished(SNAPSHOT)["resultUrl"]
    size = len(download(url).body)
    switched(ready, "slow", size * 2)
    began = time.monotonic()
    assert len(download(url).body) == size
    assert time.monotonic() - began > 0.4


def test_a_body_that_stalls_until_the_simulator_ends(ready: Client) -> None:
    url = ready.finished(SNAPSHOT)["resultUrl"]
    switched(ready, "stall")
    with opened(url) as answer:
        half = int(answer.headers["Content-Length"]) // 2
        assert len(answer.read(half)) == half
        assert answer.fp is not None
        wire = answer.fp.raw._sock
        wire.settimeout(0.2)
        with pytest.raises(TimeoutError):
            wire.recv(1)
        ready.simulator.server.ended.set()
        wire.settimeout(5)
        assert wire.recv(1) == b"", "the connection has ended"


def test_faults_of_results_can_be_for_one_shop(ready: Client) -> None:
    url = ready.finished(SNAPSHOT)["resultUrl"]
    ready.simulator.faults.switch_on("gzip-encoding", shop="another")
    assert "Content-Encoding" not in download(url).headers
    ready.simulator.faults.switch_on("gzip-encoding", shop="cz")
    assert "Content-Encoding" in download(url).headers


def test_a_notification_that_is_lost(client: Client, receiver: Receiver) -> None:
    client.hook("job:finished", url=receiver.url)
    client.simulator.faults.switch_on("webhook-lost", times=1, path="job:finished")
    client.finished(SNAPSHOT)
    client.simulator.settle()
    assert receiver.came == []
    client.finished(SNAPSHOT)
    client.simulator.settle()
    assert len(receiver.came) == 1


def test_a_notification_that_comes_twice(client: Client, receiver: Receiver) -> None:
    client.hook("job:finished", url=receiver.url)
    switched(client, "webhook-duplicated")
    client.finished(SNAPSHOT)
    client.simulator.settle()
    assert len(receiver.came) == 2
    assert receiver.came[0][0] == receiver.came[1][0]
