"""The page of the shops: what each is, what was last fetched, and a pause for who manages them."""

from datetime import UTC, datetime

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.audit.models import AuditEntry
from tests.builders import a_manager, a_shop, a_snapshot, an_operator, an_owner, posted, signed_in
from tests.page import Page


def test_an_operator_sees_the_shops_they_were_given(client: FlaskClient) -> None:
    praha = a_shop("praha")
    a_shop("brno")
    signed_in(client, an_operator([praha]))
    page = Page(client.get("/shops/").text)
    assert [row[0] for row in page.rows("Connected shops")] == ["Praha No token"]
    assert "/shops/praha" in page.links.values()
    assert "Connect a shop" not in page.links


def test_each_kind_shows_its_newest_run(client: FlaskClient) -> None:
    praha, brno = a_shop("praha"), a_shop("brno")
    a_snapshot(praha, "orders", "done")
    newest = a_snapshot(praha, "orders", "failed")
    a_snapshot(brno, "customers", "done")
    signed_in(client, an_owner())
    page = Page(client.get("/shops/").text)
    assert page.column("Orders", "Connected shops") == ["Failed just now", "never"]
    assert page.column("Customers", "Connected shops") == ["never", "Complete just now"]
    assert f"/snapshots/{newest.id}" in page.links.values()


def test_a_manager_of_sales_has_no_business_here(client: FlaskClient) -> None:
    signed_in(client, a_manager([a_shop()]))
    assert client.get("/shops/").status_code == 403


def test_an_owner_pauses_and_resumes_a_shop(client: FlaskClient, db: SQLAlchemy) -> None:
    praha = a_shop("praha")
    signed_in(client, an_owner())
    assert Page(client.get("/shops/praha").text).form("/shops/praha/pause")
    assert posted(client, "/shops/praha/pause").location == "/shops/praha"
    assert praha.state == "paused"
    page = Page(client.get("/shops/").text)
    assert page.has("Praha is paused. Its numbers stay; nothing is fetched until it is resumed.")
    assert page.column("Shop", "Connected shops") == ["Praha Paused"]
    assert posted(client, "/shops/praha/pause").status_code == 409
    assert Page(client.get("/shops/praha").text).form("/shops/praha/resumption")
    assert posted(client, "/shops/praha/resumption").location == "/shops/praha"
    assert praha.state == "active"
    assert [entry.actor for entry in db.session.scalars(select(AuditEntry))] == ["olga@example.com"] * 2


def test_an_operator_pauses_nothing(client: FlaskClient) -> None:
    praha = a_shop("praha")
    signed_in(client, an_operator([praha]))
    assert posted(client, "/shops/praha/pause").status_code == 403
    assert praha.state == "active"


def test_with_no_shop_the_page_says_how_to_connect_one(client: FlaskClient) -> None:
    signed_in(client, an_owner())
    page = Page(client.get("/shops/").text)
    assert page.has("flask shops add")
    assert page.link("Connect a shop") == "/shops/new"


def test_each_state_has_its_word(client: FlaskClient) -> None:
    a_shop("bare")
    a_shop("unchecked", credentials=b"sealed")
    a_shop("paused", state="paused")
    a_shop("well", credentials=b"sealed", checked=[], checked_at=datetime.now(UTC))
    failed = [{"name": "reachable", "outcome": "failed", "sentence": "Nobody listens there.", "mend": ""}]
    a_shop("failing", credentials=b"sealed", checked=failed, checked_at=datetime.now(UTC))
    a_shop("broken", state="paused", problem="The token is not accepted.", problem_code="bad_credentials")
    signed_in(client, an_owner())
    told = Page(client.get("/shops/").text).column("Shop", "Connected shops")
    assert told == [
        "Bare No token",
        "Unchecked Not checked yet",
        "Paused Paused",
        "Well Active",
        "Failing Check failed",
        "Broken To be mended",
    ]
