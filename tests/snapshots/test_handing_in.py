"""Files handed in by a person, failed runs run again, and doubtful files accepted."""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import select

from shop.config import Config
from shop.errors import ShopError
from shop.orders.models import Order
from shop.shops.models import Shop
from shop.snapshots import runs
from shop.snapshots.jobs import take_snapshot
from shop.snapshots.models import Snapshot
from tests.builders import a_shop, a_snapshot, posted
from tests.page import Page
from tests.snapshots.files import an_order_line, load, packed
from tests.snapshots.page_parts import done, failed, handed_in, opened, operated, trail


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    return operated(client)


def test_a_file_becomes_a_queued_run_that_a_worker_carries_out(
    app: Flask, client: FlaskClient, db: SQLAlchemy, redis: Redis, shop: Shop
) -> None:
    answer = handed_in(client)
    run = db.session.scalars(select(Snapshot)).one()
    assert (answer.status_code, answer.location) == (303, f"/snapshots/{run.id}")
    assert (run.state, run.mode, run.requested_by, run.file_name) == (
        "queued",
        "full",
        "ota@example.com",
        "orders.jsonl.gz",
    )
    assert trail(db) == [("snapshot_uploaded", f"snapshot {run.id}")]
    assert redis.llen("rq:queue:imports") == 1
    assert opened(client, answer.location).has(f"Snapshot {run.id} is on its way.")
    take_snapshot(run.id)
    ended = db.session.get_one(Snapshot, run.id)
    assert (ended.state, ended.inserted) == ("done", 2)
    assert len(db.session.scalars(select(Order)).all()) == 2


def test_the_form_of_the_dialog_is_the_form_of_the_page(client: FlaskClient, shop: Shop) -> None:
    a_shop("brno")  # not Ota's
    both = [opened(client, path).form("/snapshots/") for path in ("/snapshots/", "/snapshots/new")]
    assert [{name: value for name, value in form.items() if name != "csrf_token"} for form in both] == [
        {"shop": "praha", "kind": "orders", "mode": "partial"}
    ] * 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"shop": "brno"}, "Choose one of your shops."),
        ({"shop": ""}, "Choose one of your shops."),
        ({"kind": "invoices"}, "Choose orders, customers or products."),
        ({"mode": ""}, "Say whether the file holds everything or a part."),
        ({"file": (BytesIO(b""), "")}, "Choose a file."),
        ({"file": (BytesIO(b"a;b"), "orders.csv")}, "This is not a snapshot file."),
    ],
)
def test_what_is_missing_is_said_and_nothing_starts(
    client: FlaskClient, db: SQLAlchemy, shop: Shop, fields: dict[str, Any], words: str
) -> None:
    a_shop("brno")  # not Ota's
    answer = handed_in(client, **fields)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.has(words)
    assert page.heading == "Load a snapshot file"
    assert db.session.scalars(select(Snapshot)).all() == []
    assert trail(db) == []


def test_without_a_token_nothing_is_taken(client: FlaskClient, db: SQLAlchemy, shop: Shop) -> None:
    answer = client.post(
        "/snapshots/", data={"shop": "praha", "kind": "orders", "mode": "full", "file": (BytesIO(b"{}"), "x.jsonl")}
    )
    assert answer.status_code == 400
    assert db.session.scalars(select(Snapshot)).all() == []


def test_a_second_live_run_is_refused_with_the_way_to_the_first(
    client: FlaskClient, db: SQLAlchemy, shop: Shop
) -> None:
    handed_in(client)
    (first,) = db.session.scalars(select(Snapshot)).all()
    answer = handed_in(client)
    assert answer.status_code == 409
    assert Page(answer.text).link(f"Open snapshot {first.id}") == f"/snapshots/{first.id}"
    assert len(db.session.scalars(select(Snapshot)).all()) == 1
    assert handed_in(client, kind="products").status_code == 303  # another kind does not wait
    assert [action for action, _ in trail(db)] == ["snapshot_uploaded"] * 2


def test_two_who_hand_in_at_once_start_one_run(
    client: FlaskClient, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looked before either had started: the database decides."""

    first = a_snapshot(shop, state="queued")
    looks: Iterator[Callable[[int, str], Snapshot | None]] = iter([lambda _shop, _kind: None, runs.live_run])

    def next_look(shop_id: int, kind: str) -> Snapshot | None:
        return next(looks)(shop_id, kind)

    monkeypatch.setattr(runs, "live_run", next_look)
    answer = handed_in(client)
    assert answer.status_code == 409
    assert Page(answer.text).link(f"Open snapshot {first.id}")
    assert len(db.session.scalars(select(Snapshot)).all()) == 1


def test_without_a_queue_the_run_waits(
    client: FlaskClient, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shop.snapshots.jobs.enqueue", lambda _: False)
    answer = handed_in(client)
    assert opened(client, answer.location).has("the queue cannot be reached")
    assert db.session.scalars(select(Snapshot)).one().state == "queued"


def test_a_damaged_file_fails_in_words_on_its_page(client: FlaskClient, db: SQLAlchemy, shop: Shop) -> None:
    whole = packed(an_order_line("1"))
    location = handed_in(client, content=whole[:-6]).location
    run = db.session.scalars(select(Snapshot)).one()
    take_snapshot(run.id)
    page = opened(client, location)
    assert page.has("Failed")
    assert page.has("stopped here")
    assert page.has("Export the file again")
    assert db.session.scalars(select(Order)).all() == []


def test_u1_a_failed_run_is_taken_up_again_with_its_stored_file(
    client: FlaskClient, config: Config, db: SQLAlchemy, redis: Redis, shop: Shop
) -> None:
    """U1."""
    run_id, path = failed(shop, config, mode="partial").id, db.session.scalars(select(Snapshot.file_path)).one()
    for _press in range(20):
        answer = posted(client, f"/snapshots/{run_id}/retry")
        assert (answer.status_code, answer.location) == (303, f"/snapshots/{run_id}")
    run = db.session.scalars(select(Snapshot)).one()
    assert (run.state, run.mode, run.confirmed, run.file_path) == ("queued", "partial", False, path)
    assert trail(db) == [("snapshot_requested", f"snapshot {run.id}")]
    assert redis.llen("rq:queue:imports") == 1


def test_a_complete_run_is_not_retried(client: FlaskClient, db: SQLAlchemy, shop: Shop) -> None:
    run = done(shop)
    assert posted(client, f"/snapshots/{run.id}/retry").status_code == 409
    assert f"/snapshots/{run.id}/retry" not in client.get(f"/snapshots/{run.id}").text
    assert len(db.session.scalars(select(Snapshot)).all()) == 1


def test_an_empty_file_is_published_only_on_the_word_of_a_person(
    app: Flask, client: FlaskClient, db: SQLAlchemy, shop: Shop
) -> None:
    load(app, shop, packed(an_order_line("1")))
    with pytest.raises(ShopError):
        load(app, shop, packed())
    stopped = db.session.scalars(select(Snapshot).order_by(Snapshot.id.desc())).first()
    assert stopped is not None
    page = opened(client, f"/snapshots/{stopped.id}")
    assert page.has("Accept this file")
    assert page.has("Type praha to accept")
    wrong = posted(client, f"/snapshots/{stopped.id}/confirmation", word="brno")
    assert wrong.status_code == 422
    assert Page(wrong.text).has("This is not the shop’s name. Nothing was started.")
    answer = posted(client, f"/snapshots/{stopped.id}/confirmation", word=" praha ")
    assert answer.status_code == 303
    run = db.session.get_one(Snapshot, stopped.id)
    assert run.confirmed
    assert trail(db) == [("snapshot_requested", f"snapshot {run.id}")]
    take_snapshot(run.id)
    ended = db.session.get_one(Snapshot, run.id)
    assert (ended.state, ended.deleted) == ("done", 1)


@pytest.mark.parametrize(
    "values",
    [
        {"error_code": "damaged_file"},
        {"error_code": "implausible", "lines": 3, "quarantined": 3},  # nothing in it can be read
    ],
)
def test_no_word_helps_a_file_that_cannot_be_read(
    client: FlaskClient, config: Config, shop: Shop, values: dict[str, Any]
) -> None:
    run = failed(shop, config, **values)
    assert not opened(client, f"/snapshots/{run.id}").has("Accept this file")
    assert posted(client, f"/snapshots/{run.id}/confirmation", word="praha").status_code == 409
