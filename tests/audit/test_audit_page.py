"""The page of the trail: newest first, page by page, by filters, as a file, for owners."""

import csv
import io

import psycopg
import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from shop.audit.recording import Action, Actor, act_as, record
from shop.config import Config
from tests.builders import a_customer, a_manager, a_shop, an_operator, an_order, an_owner, bearer, signed_in
from tests.page import Page
from tests.staff.acting import trail


def entries(db: SQLAlchemy, count: int) -> None:
    shop = a_shop("praha")
    for number in range(1, count + 1):
        record(Action.SNAPSHOT_REQUESTED, f"snapshot {number}", shop, kind="orders", mode="full")
        db.session.flush()
    db.session.commit()


def mixed(db: SQLAlchemy) -> None:
    """Four entries of three actors about two shops."""
    praha, brno = a_shop("praha"), a_shop("brno")
    record(Action.SHOP_PAUSED, "praha", praha)
    act_as(Actor("ota@example.com"))
    record(Action.SHOP_PAUSED, "brno", brno)
    record(Action.SHOP_RESUMED, "brno", brno)
    act_as(Actor("visitor"))
    refused = record(Action.SIGN_IN_REFUSED, "=cmd|calc", reason="unknown e-mail", tries_left=4)
    refused.address, refused.request_id = "203.0.113.7", "0a1b2c3d4e5f"
    db.session.commit()


def subjects(client: FlaskClient, query: str) -> list[str]:
    answer = client.get(f"/audit.json?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return [row["subject"] for row in answer.json["rows"]]


def test_an_owner_reads_who_did_what(client: FlaskClient, db: SQLAlchemy) -> None:
    entries(db, 1)
    signed_in(client, an_owner())
    page = Page(client.get("/audit/").text)
    (row,) = page.rows("Audit trail")
    assert row[1:] == ["command line", "asked for a snapshot", "snapshot 1 Praha", "kind orders, mode full", "—"]
    assert page.has("in the time of Europe/Prague")


def test_nobody_else_reads_it(client: FlaskClient) -> None:
    signed_in(client, an_operator([a_shop()]))
    for path in ("/audit/", "/audit.json", "/audit.csv"):
        assert client.get(path).status_code == 403


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
    assert seen == [f"snapshot {number} Praha" for number in range(120, 0, -1)]
    back = Page(client.get(page.link("Previous")).text)
    assert back.column("Subject", "Audit trail") == seen[50:100]
    assert Page(client.get(back.link("First")).text).column("Subject", "Audit trail") == seen[:50]
    assert Page(client.get("/audit/").text).has("1–50 of 120")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("who=ota@example.com", ["brno", "brno"]),
        ("who=ota@example.com&action=shop_resumed", ["brno"]),
        ("action=shop_paused", ["brno", "praha"]),
        ("action=shop_paused&action=sign_in_refused", ["=cmd|calc", "brno", "praha"]),
        ("subject=praha", ["praha"]),
        ("shop=brno", ["brno", "brno"]),
        ("shop=brno,praha&who=command%20line", ["praha"]),
        ("address=203.0.113.7", ["=cmd|calc"]),
        ("address=203.0.113.0/24", ["=cmd|calc"]),
        ("address=203.0.114.0/24", []),
        ("request=0a1b2c3d4e5f", ["=cmd|calc"]),
        ("at_days=2000-01-01..2000-12-31", []),
        ("at_days=2000-01-01..", ["=cmd|calc", "brno", "brno", "praha"]),
        ("sort=when", ["praha", "brno", "brno", "=cmd|calc"]),
    ],
)
def test_the_trail_is_narrowed_down(client: FlaskClient, db: SQLAlchemy, query: str, found: list[str]) -> None:
    mixed(db)
    signed_in(client, an_owner())
    assert subjects(client, query) == found
    page = Page(client.get(f"/audit/?{query}").text)
    if found:
        assert len(page.rows("Audit trail")) == len(found)
    else:
        assert page.has("No entry matches")


def test_what_entries_have_in_common_is_one_press_away(client: FlaskClient, db: SQLAlchemy) -> None:
    mixed(db)
    signed_in(client, an_owner())
    page = Page(client.get("/audit/").text)
    assert page.link("ota@example.com") == "/audit/?who=ota%40example.com"
    assert page.link("203.0.113.7") == "/audit/?address=203.0.113.7"
    assert page.link("0a1b2c3d4e5f") == "/audit/?request=0a1b2c3d4e5f"


def test_a_form_that_was_sent_becomes_a_plain_address(client: FlaskClient) -> None:
    signed_in(client, an_owner())
    sent = "/audit/?who=&action=shop_paused&subject=&address=&at_days_from=1.+3.+2026&at_days_to="
    assert client.get(sent).location == "/audit/?action=shop_paused&at_days=2026-03-01.."


def test_s7_the_file_has_the_same_rows_and_runs_nothing(client: FlaskClient, db: SQLAlchemy) -> None:
    mixed(db)
    signed_in(client, an_owner())
    with client.get("/audit.csv?action=sign_in_refused") as answer:
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="entries-action')
        (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["who"], row["subject"], row["address"]) == ("visitor", "'=cmd|calc", "203.0.113.7")
    assert row["particulars"] == "reason unknown e-mail, tries left 4"
    with client.get("/audit.csv") as answer:
        assert len(list(csv.reader(io.StringIO(answer.text)))) == 1 + 4 + 2, "its own two exports are in it"


@pytest.mark.parametrize(
    "query", ["before=x", "after=-1", "action=nothing", "address=here", "at_days=yesterday", "per_page=1000", "q=x"]
)
def test_a_page_that_cannot_be_read_is_named(client: FlaskClient, query: str) -> None:
    signed_in(client, an_owner())
    answer = client.get(f"/audit/?{query}")
    assert answer.status_code == 400
    assert Page(answer.text).has(f"“{query.partition('=')[0]}”")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'nobody'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "DELETE FROM staff WHERE email = 'ota@example.com'",  # would take the name's number out of its entries
    ],
)
def test_an_entry_is_never_changed_nor_taken_out(config: Config, db: SQLAlchemy, statement: str) -> None:
    ota = an_operator([])
    act_as(Actor(ota.email, ota.id))
    record(Action.TASK_REQUESTED, "housekeeping")
    db.session.commit()
    with psycopg.connect(config.database_url) as other, pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
        other.execute(statement)
    assert "The audit trail is only ever added to" in str(refused.value)
    with pytest.raises(ProgrammingError):
        db.session.execute(text(statement))
    db.session.rollback()
    assert [(entry.actor, entry.staff_id) for entry in trail(db)] == [("ota@example.com", ota.id)]


def test_who_looked_at_personal_data_stands_in_it(client: FlaskClient, db: SQLAlchemy) -> None:
    praha = a_shop("praha")
    customer, order = a_customer(praha), an_order(praha, "2026001")
    adam = a_manager([praha])
    signed_in(client, adam)
    assert client.get(f"/customers/praha/{customer.id}").status_code == 200
    assert client.get(f"/orders/praha/{order.id}").status_code == 200
    with client.get("/customers.csv"):
        pass
    client.application.test_client().get("/customers.json", headers=bearer(adam))
    told = [(entry.action, entry.actor, entry.subject, entry.shop_id) for entry in trail(db)]
    assert told == [
        (Action.CUSTOMER_VIEWED, adam.email, f"customer {customer.id}", praha.id),
        (Action.ORDER_VIEWED, adam.email, "order 2026001", praha.id),
        (Action.EXPORTED, adam.email, "/customers.csv", None),
        (Action.EXPORTED, adam.email, "/customers.json", None),
    ]
