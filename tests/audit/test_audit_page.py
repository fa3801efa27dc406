"""The page of the trail: newest first, page by page, for owners."""

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from shop.audit.queries import trail
from shop.audit.recording import Action, record
from tests.builders import a_shop, an_operator, an_owner, signed_in
from tests.page import Page


def entries(db: SQLAlchemy, count: int) -> None:
    shop = a_shop("praha")
    for number in range(1, count + 1):
        record(Action.SNAPSHOT_REQUESTED, f"snapshot {number}", shop, kind="orders", mode="full")
        db.session.flush()
    db.session.commit()


def test_an_owner_reads_who_did_what(client: FlaskClient, db: SQLAlchemy) -> None:
    entries(db, 1)
    signed_in(client, an_owner())
    page = Page(client.get("/audit/").text)
    (row,) = page.rows("Audit trail")
    assert row[1:] == ["command line", "asked for a snapshot", "snapshot 1", "kind orders, mode full", "—"]
    assert page.has("in the time of Europe/Prague")


def test_nobody_else_reads_it(client: FlaskClient) -> None:
    signed_in(client, an_operator([a_shop()]))
    assert client.get("/audit/").status_code == 403


def test_the_pages_meet_without_a_gap_or_an_overlap(client: FlaskClient, db: SQLAlchemy) -> None:
    entries(db, 120)
    signed_in(client, an_owner())
    seen: list[str] = []
    path = "/audit/"
    while True:
        page = Page(client.get(path).text)
        seen += page.column("Subject", "Audit trail")
        if "Next" not in page.links:
            break
        path = page.link("Next")
    assert seen == [f"snapshot {number}" for number in range(120, 0, -1)]
    back = Page(client.get(page.link("Previous")).text)
    assert back.column("Subject", "Audit trail") == seen[50:100]
    newest = Page(client.get(back.link("Previous")).text)
    assert newest.column("Subject", "Audit trail") == seen[:50]
    assert "Previous" not in newest.links


def test_a_page_that_is_asked_for_behind_the_end_is_empty(client: FlaskClient, db: SQLAlchemy) -> None:
    entries(db, 1)
    signed_in(client, an_owner())
    assert Page(client.get("/audit/?before=1").text).has("Nothing stands here")
    assert trail(after=10**18).entries == []


@pytest.mark.parametrize("query", ["before=x", "after=-1", "before=", "after=99999999999999999999", "before=1.5"])
def test_a_page_that_cannot_be_read_is_named(client: FlaskClient, query: str) -> None:
    signed_in(client, an_owner())
    answer = client.get(f"/audit/?{query}")
    assert answer.status_code == 400
    assert Page(answer.text).has(f"{query.partition('=')[0]} is")
    assert f"<code>{query.partition('=')[0]}</code>" in answer.text
