"""The page that shows what a replay would change."""

from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from shop.platforms.records import Kind
from shop.snapshots.conducting import conduct
from shop.snapshots.models import Snapshot
from shop.snapshots.replaying import request_preview
from tests.builders import a_shop
from tests.page import Page
from tests.snapshots.files import a_line, a_product_line, an_order_line, load, packed
from tests.snapshots.page_parts import opened, operated
from tests.snapshots.taken_again import replayed, waiting


def test_the_page_shows_records_money_days_and_links(app: Flask, db: SQLAlchemy, client: FlaskClient) -> None:
    shop = operated(client)
    load(app, shop, packed(an_order_line("1"), an_order_line("2")))
    changed = an_order_line("1", changed=5, lines=[a_line("SKU-2", "484.00")])
    file = waiting(app, db, shop, packed(changed, an_order_line("2"), an_order_line("3")))
    preview = request_preview(db.session.get_one(Snapshot, file), "ota@example.com").id
    db.session.commit()
    assert opened(client, f"/snapshots/{preview}/difference").has("The difference is being found")
    conduct(preview, app.extensions["pult"])
    page = opened(client, f"/snapshots/{preview}/difference")
    assert {row[0]: row[-1] for row in page.rows("Records")} == {
        "New": "1", "Changed": "1", "Marked as deleted": "0", "The same": "1", "Superseded": "0", "Set aside": "0",
    }  # fmt: skip
    assert page.rows("Money")[0][0] == "Sales"
    assert [row[1] for row in page.rows("Days")] == ["2"]
    assert page.link("1").startswith("/orders/praha/")
    assert page.rows("Fields that change")
    replay = replayed(app, db, file)
    page = opened(client, f"/snapshots/{preview}/difference")
    assert {row[0]: row[-1] for row in page.rows("Records")}["Changed"] == "1"
    assert page.link(f"Replay {replay.id}") == f"/snapshots/{replay.id}"
    assert opened(client, f"/snapshots/{preview}").link("See the difference") == f"/snapshots/{preview}/difference"


def test_only_previews_of_ones_own_shops_have_it(app: Flask, db: SQLAlchemy, client: FlaskClient) -> None:
    shop = operated(client)
    run = load(app, shop, packed(an_order_line("1")))
    assert opened(client, f"/snapshots/{run.id}/difference").has("is no preview, so nothing was compared")
    other = load(app, a_shop("brno"), packed(an_order_line("1")))
    preview = request_preview(other, "somebody").id
    db.session.commit()
    assert client.get(f"/snapshots/{preview}/difference").status_code == 404


def test_changes_are_told_in_words_of_people(app: Flask, db: SQLAlchemy, client: FlaskClient) -> None:
    shop = operated(client)
    load(app, shop, packed(an_order_line("1", paid=True), an_order_line("2", status=-4)))
    changed = an_order_line("1", changed=5, status=-4, paid=False, lines=[a_line(quantity=2.5)])
    page = previewed(app, db, client, waiting(app, db, shop, packed(changed), mode="partial"))
    rows = [tuple(cell for cell in row if cell != "1") for row in page.rows("Changes one by one")]
    assert ("status", "Done", "Cancelled") in [(*row[:2], row[-1].rpartition("→ ")[2]) for row in rows]
    after = {row[0]: row[-1].rpartition("→ ")[2] for row in rows}
    assert (after["paid"], after["units"]) == ("No", "2.5")


def test_a_file_that_changes_nothing_offers_nothing(app: Flask, db: SQLAlchemy, client: FlaskClient) -> None:
    shop = operated(client)
    run = load(app, shop, packed(an_order_line("1")))
    page = previewed(app, db, client, run.id)
    assert page.has("Loading this file again would change nothing")
    assert not page.has("Apply the replay")


def test_a_replay_of_products_says_why_it_cannot_be_undone(app: Flask, db: SQLAlchemy, client: FlaskClient) -> None:
    shop = operated(client)
    run = load(app, shop, packed(a_product_line("p1", "SKU-1")), Kind.PRODUCTS)
    replay = replayed(app, db, run.id)
    assert opened(client, f"/snapshots/{replay.id}").has("This replay cannot be undone: of products,")


def previewed(app: Flask, db: SQLAlchemy, client: FlaskClient, run_id: int) -> Page:
    preview = request_preview(db.session.get_one(Snapshot, run_id), "ota@example.com").id
    db.session.commit()
    conduct(preview, app.extensions["pult"])
    return opened(client, f"/snapshots/{preview}/difference")
