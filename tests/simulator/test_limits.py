"""The bucket and the connections of a token."""

import threading
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import IncompleteRead

import pytest

from shop.simulator.answers import Answer
from shop.simulator.clock import Clock
from shop.simulator.limits import Bucket
from shop.simulator.online import SimulatedShop
from shop.simulator.server import Handler
from shop.simulator.simulator import Simulator
from tests.simulator.asking import Client


def test_a_bucket_fills_and_runs_out_with_time() -> None:
    clock = Clock(datetime(2026, 3, 1, tzinfo=UTC), running=False)
    bucket = Bucket(clock)
    bucket.add(150)
    assert (bucket.filling(), bucket.is_full()) == ("150/200", False)
    bucket.add(100)
    assert (bucket.filling(), bucket.is_full()) == ("200/200", True)
    assert bucket.free_again() == "Sun, 01 Mar 2026 00:00:02 GMT"
    clock.advance(seconds=2)
    assert (bucket.filling(), bucket.is_full()) == ("180/200", False)
    clock.advance(seconds=60)
    assert bucket.filling() == "0/200"


def test_a_full_bucket_answers_429_with_a_date_and_is_counted() -> None:
    clock = Clock(running=False)
    with Simulator(shops=[SimulatedShop("cz", 20), SimulatedShop("eu", 20)], clock=clock) as simulator:
        client = Client(simulator)
        answers = [client.get("/api/eshop") for _ in range(203)]
        assert [answer.status for answer in answers] == [200] * 200 + [429] * 3
        assert answers[0].headers["X-RateLimit-Bucket-Filling"] == "1/200"
        last = answers[-1]
        assert (last.error, last.headers["X-RateLimit-Bucket-Filling"]) == ("rate-limit-exceeded", "200/200")
        again = parsedate_to_datetime(last.headers["Retry-After"])
        assert timedelta(0) < again - clock.now() <= timedelta(seconds=3)
        assert simulator.counts.bucket_overflows == 3
        assert simulator.counts.requests["/api/eshop"] == 203
        assert Client(simulator, 1).get("/api/eshop").status == 200, "each shop has its own"
        clock.advance(seconds=(again - clock.now()).total_seconds())
        assert client.get("/api/eshop").status == 200


def test_complex_requests_cost_more() -> None:
    with Simulator(shops=[SimulatedShop("cz", 60)], clock=Clock(running=False)) as simulator:
        client = Client(simulator)
        client.hook("job:finished")
        client.get("/api/orders/snapshot")
        assert client.get("/api/orders", itemsPerPage=50).headers["X-RateLimit-Bucket-Filling"] == "13/200"


def test_who_has_read_an_answer_may_ask_again_at_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the thread that has sent the last bytes may wait for the processor."""
    send, last = Handler.send, threading.Event()

    def delayed(handler: Handler, answer: Answer, path: str) -> None:
        send(handler, answer, path)
        last.wait(10)

    monkeypatch.setattr(Handler, "send", delayed)
    answers = [client.get("/api/eshop") for _ in range(5)]
    last.set()
    assert [answer.status for answer in answers] == [200] * 5
    assert (client.simulator.counts.connections_now, client.simulator.counts.connections_peak) == (0, 1)


def test_a_fourth_connection_of_a_token_is_refused_in_html(client: Client) -> None:
    client.simulator.faults.switch_on("stall", times=3, path="/api/eshop", amount=1)
    statuses: list[int] = []

    def attempt() -> None:
        try:
            client.get("/api/eshop")
        except IncompleteRead:
            statuses.append(0)

    threads = [threading.Thread(target=attempt) for _ in range(3)]
    for thread in threads:
        thread.start()
    while client.simulator.counts.connections_now < 3:
        threading.Event().wait(0.01)
    fourth = client.get("/api/eshop")
    for thread in threads:
        thread.join()
    assert statuses == [0, 0, 0]
    assert fourth.status == 429
    assert b"<html>" in fourth.body
    assert client.simulator.counts.connection_overflows == 1
    assert client.simulator.counts.connections_peak == 4
    assert client.get("/api/eshop").status == 200
