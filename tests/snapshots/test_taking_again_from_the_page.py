"""Files taken again from the pages: a look, the act, and back within a day; each once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.orders.models import Order
from shop.shops.models import Shop
from shop.snapshots.conducting import conduct
from shop.snapshots.models import Snapshot
from tests.builders import a_failure, a_manager, a_shop, an_operator, posted, signed_in
from tests.snapshots.files import a_line, an_order_line, load, packed
from tests.snapshots.page_parts import opened, operated, trail
from tests.snapshots.taken_again import contents, waiting


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    return operated(client)


def newest(db: SQLAlchemy) -> Snapshot:
    db.session.rollback()
    return db.session.scalars(select(Snapshot).order_by(Snapshot.id.desc()).limit(1)).one()


def carried_out(app: Flask, db: SQLAlchemy) -> Snapshot:
    conduct(newest(db).id, app.extensions["pult"])
    return newest(db)


def test_a_file_is_looked_at_applied_and_undone(app: Flask, db: SQLAlchemy, client: FlaskClient, shop: Shop) -> None:
    load(app, shop, packed(an_order_line("1"), an_order_line("2")))
    before = contents(db)
    changed = an_order_line("1", changed=5, lines=[a_line("SKU-2", "484.00")])
    file = waiting(app, db, shop, packed(changed, an_order_line("2"), an_order_line("3")))
    for _ in range(2):
        answer = posted(client, f"/snapshots/{file}/preview")
        assert answer.location == f"/snapshots/{newest(db).id}/difference"
    preview = carried_out(app, db)
    assert contents(db) == before, "a look changes nothing"
    assert opened(client, f"/snapshots/{preview.id}/difference").form(f"/snapshots/{preview.id}/replay")
    for _ in range(2):
        answer = posted(client, f"/snapshots/{preview.id}/replay")
        assert answer.location == f"/snapshots/{newest(db).id}"
    replay = carried_out(app, db)
    assert (replay.state, replay.purpose) == ("done", "replay")
    assert db.session.scalars(select(Order.code).order_by(Order.code)).all() == ["1", "2", "3"]
    assert opened(client, f"/snapshots/{replay.id}").form(f"/snapshots/{replay.id}/undo")
    for _ in range(2):
        assert posted(client, f"/snapshots/{replay.id}/undo").location == f"/snapshots/{replay.id}"
    assert opened(client, f"/snapshots/{replay.id}").has("was undone by ota@example.com")
    assert db.session.scalars(select(Order.code).order_by(Order.code)).all() == ["1", "2"]
    assert trail(db) == [
        ("snapshot_requested", f"snapshot {preview.id}"),
        ("snapshot_requested", f"snapshot {replay.id}"),
        ("snapshot_undone", f"snapshot {replay.id}"),
    ]


def test_records_that_were_set_aside_are_put_through_again(
    app: Flask, db: SQLAlchemy, client: FlaskClient, shop: Shop
) -> None:
    run = load(app, shop, packed(an_order_line("1"), b'{"code": 3}'))
    assert opened(client, f"/snapshots/{run.id}").form(f"/snapshots/{run.id}/redrive")
    for _ in range(2):
        assert posted(client, f"/snapshots/{run.id}/redrive").location == f"/snapshots/{newest(db).id}"
    again = newest(db)
    assert (again.purpose, again.origin_id) == ("redrive", run.id)
    assert trail(db) == [("snapshot_requested", f"snapshot {again.id}")]


def test_u1_two_who_look_at_once_share_one_preview(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """U1. Ten presses of two operators: one preview."""
    file = waiting(app, db, shop, packed(an_order_line("1")))
    pair = [signed_in(app.test_client(), an_operator([shop], f"two-{number}@example.com")) for number in range(2)]
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda client: posted(client, f"/snapshots/{file}/preview"), pair * 5))
    assert {answer.location for answer in answers} == {f"/snapshots/{newest(db).id}/difference"}
    assert len(trail(db)) == 1


def test_the_recovery_page_offers_it(client: FlaskClient, shop: Shop) -> None:
    failed = a_failure(shop, run={"file_path": "raw/x", "quarantined": 2, "lines": 2})
    page = opened(client, f"/recovery/{failed.id}")
    assert page.form(f"/snapshots/{failed.snapshot_id}/preview")
    assert page.form(f"/snapshots/{failed.snapshot_id}/redrive")


def test_whose_shop_it_is_not_and_whose_work_it_is_not(
    app: Flask, db: SQLAlchemy, client: FlaskClient, shop: Shop
) -> None:
    """Boundary: another shop's run does not exist; a manager may not press."""
    foreign, own = (waiting(app, db, its, packed(an_order_line("1"))) for its in (a_shop("brno"), shop))
    for act in ("preview", "replay", "redrive", "undo"):
        assert posted(client, f"/snapshots/{foreign}/{act}").status_code == 404
    signed_in(client, a_manager([shop]))
    for act in ("preview", "replay", "redrive", "undo"):
        assert posted(client, f"/snapshots/{own}/{act}").status_code == 403
