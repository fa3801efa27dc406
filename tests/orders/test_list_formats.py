"""The list of orders on the page, in the JSON and in the CSV: the same rows, the same numbers."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from shop.audit.models import AuditEntry
from shop.shops.models import Shop
from tests.builders import a_snapshot, an_owner, bearer
from tests.listing.rows import MORNING, asked, fold_all, ordered, pages
from tests.orders.few import a_few
from tests.page import Page

FIELDS = {
    "shop", "code", "placed_at", "status", "category", "counted", "customer_id", "email", "currency", "total",
    "total_shop_currency", "shop_currency", "items", "status_name", "id", "name", "paid", "changed_at", "url", "country",
}  # fmt: skip


def test_a_row_has_what_programs_rely_on(shop: Shop, adam: FlaskClient) -> None:
    a_few(shop)
    snapshot = a_snapshot(shop, as_of=datetime(2026, 3, 9, 13, tzinfo=UTC))
    answer = asked(adam, "/orders.json?q=A2")
    row = answer["rows"][0]
    assert set(row) == FIELDS
    assert row | {"id": 0, "url": ""} == {
        "shop": "linen", "id": 0, "code": "A2", "placed_at": "2026-03-03T09:00:00+01:00", "status": "s", "status_name": "Odesláno",
        "category": "open", "counted": True, "paid": False, "customer_id": None, "email": "petr@posta.example", "name": None,
        "country": "CZ", "currency": "CZK", "total": "99.90", "total_shop_currency": "99.90", "shop_currency": "CZK", "items": 0, "changed_at": None, "url": "",
    }  # fmt: skip
    assert row["url"] == f"http://localhost/orders/linen/{row['id']}"
    assert answer["total"] == {"value": 1, "exact": True}
    assert (answer["next"], answer["previous"]) == (None, None)
    assert answer["as_of"] == "2026-03-09T14:00:00+01:00"
    assert answer["snapshots"] == [snapshot.id]


def csv_rows(client: FlaskClient, query: str) -> list[dict[str, str]]:
    response = client.get(f"/orders.csv?{query}")
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


def as_csv(row: dict[str, Any]) -> dict[str, str]:
    return {name: {None: "", True: "true", False: "false"}.get(value, value) if not isinstance(value, int) or isinstance(value, bool) else str(value) for name, value in row.items()}  # fmt: skip


@pytest.mark.parametrize(
    "query", ["", "sort=total&total=gte:50", "q=a", "status=paid&sort=placed", "placed=2026-03-02..2026-03-20"]
)
def test_page_json_and_csv_tell_the_same_rows(shop: Shop, adam: FlaskClient, query: str) -> None:
    for i in range(40):
        ordered(shop, MORNING + timedelta(hours=7 * i), f"{i * 37 % 120}.50", code=f"A{i:02}", paid=i % 3 > 0)
    fold_all()
    found = [row for page in pages(adam, f"/orders.json?per_page=15&{query}") for row in page["rows"]]
    assert [as_csv(row) for row in found] == csv_rows(adam, query)
    shown: list[str] = []
    address = f"/orders/?per_page=15&{query}"
    while address:
        page = Page(adam.get(address).text)
        shown += page.column("Order")
        address = page.links.get("Next", "")
    assert shown == [row["code"] for row in found]
    assert asked(adam, f"/orders.json?{query}")["total"] == {"value": len(found), "exact": True}


def test_a_text_that_a_spreadsheet_would_run_is_neutralised(shop: Shop, adam: FlaskClient) -> None:
    ordered(shop, code="=1+1", name="@SUM(A1)", email="+a@b.example")
    row = csv_rows(adam, "")[0]
    assert (row["code"], row["name"], row["email"]) == ("'=1+1", "'@SUM(A1)", "'+a@b.example")
    assert asked(adam, "/orders.json")["rows"][0]["code"] == "=1+1"


def test_the_csv_is_a_download_with_a_telling_name(shop: Shop, adam: FlaskClient) -> None:
    a_few(shop)
    response = adam.get("/orders.csv?status=n&placed=2026-03-01..")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert response.headers["Content-Disposition"].startswith(
        'attachment; filename="orders-status-n-placed-since-1-3-2026-2'
    )
    assert response.text.endswith("\r\n")
    assert response.text.splitlines()[0].split(",")[:4] == ["shop", "id", "code", "placed_at"]


def test_exports_leave_an_entry(db: SQLAlchemy, app: Flask, shop: Shop, adam: FlaskClient) -> None:
    a_few(shop)
    assert adam.get("/orders.csv?status=n").status_code == 200
    assert adam.get("/orders.json?status=n").status_code == 200  # the page's own data: no export
    headers = bearer(an_owner())
    program = app.test_client()
    assert program.get("/orders.json?total=gte:1", headers=headers).status_code == 200
    entries = db.session.query(AuditEntry).filter_by(action="exported").order_by(AuditEntry.id).all()
    told = [(entry.actor, entry.subject, entry.details) for entry in entries]
    assert told == [
        ("adam@example.com", "/orders.csv", {"query": "/orders?status=n", "rows": None}),
        ("olga@example.com", "/orders.json", {"query": "/orders?total=gte:1", "rows": 3}),
    ]
