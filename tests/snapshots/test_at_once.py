"""The same wish many times at once, and many wishes at one worker: one run each, and no shop is starved."""

import threading
from collections import Counter
from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import func, insert, select, text, update
from werkzeug.test import TestResponse

from shop import queues
from shop.admission import AdmittedJob
from shop.snapshots.jobs import enqueue, enqueue_waiting
from shop.snapshots.models import Snapshot
from tests.builders import a_shop, a_snapshot, an_operator, posted, signed_in
from tests.snapshots.page_parts import trail

QUEUED = 1000


def pressed_at_once(clients: list[FlaskClient], path: str, **fields: object) -> list[TestResponse]:
    barrier = threading.Barrier(len(clients))
    answers: list[TestResponse] = []

    def press(client: FlaskClient) -> None:
        barrier.wait(30)
        answers.append(posted(client, path, **fields))

    threads = [threading.Thread(target=press, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def test_p12_fifty_who_press_at_once_start_one_run_and_see_its_number(app: Flask, db: SQLAlchemy, redis: Redis) -> None:
    """P12. Everybody is led to the one run: the same person by a redirect, others by a page that names it."""
    shop = a_shop("praha")
    people = [an_operator([shop], f"operator-{number}@example.com") for number in range(10)]
    clients = [signed_in(app.test_client(), person) for person in people for _ in range(5)]
    answers = pressed_at_once(clients, "/snapshots/take", shop="praha", kind="orders", mode="full", since="")
    run = db.session.scalars(select(Snapshot)).one()
    assert len(answers) == 50
    assert set(Counter(answer.status_code for answer in answers)) == {303, 409}
    for answer in answers:
        assert f"/snapshots/{run.id}" in (answer.location or answer.text)
    assert redis.llen("rq:queue:imports") == 1
    assert trail(db) == [("snapshot_requested", f"snapshot {run.id}")]


def test_u1_a_retry_that_is_pressed_twenty_times_is_one_attempt(app: Flask, db: SQLAlchemy, redis: Redis) -> None:
    """U1. The failed run is taken up once; every click leads to its page."""
    shop = a_shop("praha")
    run = a_snapshot(shop, state="failed", error="It broke.", error_code="unreachable", way="export", attempts=4)
    browser = signed_in(app.test_client(), an_operator([shop]))
    clients = [browser, *(another(app, browser) for _ in range(19))]
    answers = pressed_at_once(clients, f"/snapshots/{run.id}/retry")
    assert {(answer.status_code, answer.location) for answer in answers} == {(303, f"/snapshots/{run.id}")}
    db.session.rollback()
    assert db.session.scalars(select(Snapshot.state)).all() == ["queued"]
    assert redis.llen("rq:queue:imports") == 1
    assert trail(db) == [("snapshot_requested", f"snapshot {run.id}")]


def another(app: Flask, client: FlaskClient) -> FlaskClient:
    """A second window of the same browser."""
    window = app.test_client()
    cookie = client.get_cookie("pult")
    assert cookie is not None
    window.set_cookie("pult", cookie.value)
    return window


@pytest.mark.scale
def test_p18_a_thousand_runs_at_one_worker_starve_no_shop(app: Flask, db: SQLAlchemy, redis: Redis) -> None:
    """P18. A shop that asks again as soon as it is served waits until every other shop had its turn."""
    shops = [a_shop().id for _ in range(QUEUED // 2)]
    hungry, kinds = shops[0], ("orders", "products")
    rows = [
        {"shop_id": shop, "kind": kind, "mode": "full", "state": "queued", "requested_by": "schedule"}
        for kind in kinds
        for shop in shops
    ]
    db.session.execute(insert(Snapshot), rows)
    db.session.execute(update(Snapshot).values(requested_at=func.now() - text("interval '1 minute'")))
    db.session.commit()
    assert enqueue_waiting() == QUEUED, "Redis had lost them all"
    served = [serve(db, redis, hungry) for _ in range(QUEUED)]
    assert Counter(served).most_common(1)[0] == ((hungry, "orders"), 1)
    assert set(served) == set(product(shops, kinds))
    assert serve(db, redis, hungry) == (hungry, "orders"), "only then it is its turn again"


def serve(db: SQLAlchemy, redis: Redis, hungry: int) -> tuple[int, str]:
    """Take one call out as a worker does, end its run, and let the hungry shop ask for the next at once."""
    taken = Queue.dequeue_any([queues.queue(queues.IMPORTS, redis)], None, redis, AdmittedJob, JSONSerializer)
    assert taken is not None
    run = db.session.get_one(Snapshot, taken[0].args[0])
    place = run.shop_id, run.kind
    run.state = "done"
    db.session.flush()
    if place == (hungry, "orders"):
        again = Snapshot(shop_id=hungry, kind="orders", mode="full", requested_by="eager")
        db.session.add(again)
        db.session.commit()
        assert enqueue(again.id)
    db.session.commit()
    return place
