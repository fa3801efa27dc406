"""The page that shows what a replay would change."""

from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from shop.snapshots.conducting import conduct
from shop.snapshots.models import Snapshot
from shop.snapshots.replaying import request_preview
from tests.builders import a_shop
from tests.snapshots.files import a_line, an_order_line, load, packed
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
