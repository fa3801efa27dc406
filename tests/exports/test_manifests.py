"""Every exported file has a manifest, and a file is compared with it later, by its bytes and by what it adds up to."""

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.audit.models import AuditEntry
from shop.audit.recording import Action
from shop.exports import keeping
from shop.exports.models import Export
from shop.shops.models import Shop
from tests.builders import a_manager, a_shop, a_status, an_operator, an_order, an_owner, bearer, posted, signed_in
from tests.page import Page


@pytest.fixture
def shop(db: SQLAlchemy) -> Shop:
    shop = a_shop("praha")
    a_status(shop, "-3", "Done")
    for number, (total, currency, name) in enumerate(
        [("10.10", "CZK", "=1+1"), ("-2.05", "CZK", "@risk"), ("7.00", "EUR", "Žofie")]
    ):
        values = {"total": Decimal(total), "total_shop": Decimal(total) * (25 if currency == "EUR" else 1)}
        an_order(
            shop,
            f"N{number}",
            currency=currency,
            name=name,
            placed_at=datetime(2026, 3, number + 1, tzinfo=UTC),
            **values,
        )
    return shop


def exported(client: FlaskClient, address: str = "/orders.csv") -> tuple[bytes, int]:
    with client.get(address) as answer:
        assert answer.status_code == 200
        return answer.data, int(answer.headers["X-Pult-Export"])


def newest(db: SQLAlchemy) -> Export:
    return db.session.scalars(select(Export).order_by(Export.id.desc())).first()  # type: ignore[return-value]  # there is one


def test_a_manifest_holds_what_the_file_holds(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    browser = signed_in(app.test_client(), a_manager([shop]))
    content, number = exported(browser, "/orders.csv?sort=placed")
    kept = newest(db)
    assert (kept.id, kept.state, kept.actor, kept.query) == (
        number,
        "whole",
        "adam@example.com",
        "/orders/?sort=placed",
    )
    assert (kept.rows, kept.bytes, kept.sha256) == (3, len(content), hashlib.sha256(content).hexdigest())
    assert kept.sums == {"total": {"CZK": "8.05", "EUR": "7.00"}, "total_shop_currency": {"CZK": "183.05"}}
    assert kept.ended_at is not None
    lines = content.decode().split("\r\n")
    assert "'=1+1" in lines[1]
    assert ",-2.05," in lines[2], "a negative amount stays a number"
    assert "'@risk" in lines[2]
    marked, _ = exported(browser, "/orders.csv?sort=placed&bom=1")
    assert marked == b"\xef\xbb\xbf" + content
    assert newest(db).sha256 == hashlib.sha256(marked).hexdigest()
    assert newest(db).rows == 3


def test_every_list_has_one(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    browser = signed_in(app.test_client(), an_owner())
    for path in ("/orders.csv", "/customers.csv", "/products.csv", "/snapshots.csv", "/audit.csv"):
        content, number = exported(browser, path)
        kept = db.session.get_one(Export, number)
        assert (kept.state, kept.sha256) == ("whole", hashlib.sha256(content).hexdigest()), path
        assert kept.rows == content.count(b"\r\n") - 1
        db.session.rollback()


def test_a_reader_who_leaves_has_a_file_that_is_cut(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    browser = signed_in(app.test_client(), a_manager([shop]))
    answer = browser.get("/orders.csv", buffered=False)
    assert newest(db).state == "sending"
    db.session.rollback()
    answer.close()
    assert (newest(db).state, newest(db).sha256) == ("cut", None)


def test_a_file_whose_manifest_cannot_be_kept_does_not_end_whole(
    app: Flask, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in(app.test_client(), a_manager([shop]))
    answer = browser.get("/orders.csv", buffered=False)

    def away(_sums: object) -> None:
        raise ConnectionError("the database went away")

    monkeypatch.setattr(keeping, "written", away)
    with pytest.raises(ConnectionError):
        b"".join(answer.response)  # type: ignore[arg-type]  # bytes
    answer.close()
    assert newest(db).state == "sending"


def test_a_file_is_checked_by_command(app: Flask, shop: Shop, runner: FlaskCliRunner, tmp_path: Path) -> None:
    content, number = exported(signed_in(app.test_client(), a_manager([shop])))

    def said(name: str, holds: bytes, *more: str) -> tuple[int, str]:
        (tmp_path / name).write_bytes(holds)
        result = runner.invoke(args=["exports", "check", str(tmp_path / name), *more])
        return result.exit_code, result.output

    code, words = said("renamed.csv", content)
    assert (code, f"byte for byte what was sent as export {number}" in words) == (0, True)
    code, words = said("renamed.csv", content.replace(b"10.10", b"11.10"))
    assert (code, "No export is known" in words) == (1, True)
    code, words = said("renamed.csv", content.replace(b"CZK,10.10,", b"CZK,11.10,"), "--export", str(number))
    assert (code, "adds up to 9.05 CZK; 8.05 CZK were sent" in words) == (1, True)
    code, words = said("renamed.csv", content.rsplit(b"\r\n", 2)[0] + b"\r\n", "--export", str(number))
    assert (code, "It has 2 rows; 3 were sent." in words) == (1, True)
    code, words = said("renamed.csv", content.replace(b"\r\n", b"\n"), "--export", str(number))
    assert (code, "as many rows and the same sums" in words) == (1, True)
    code, words = said("renamed.csv", content[:-5] + b"\xff\xfe", "--export", str(number))
    assert (code, "cannot be read as a table" in words) == (1, True)
    assert f"{number}  " in runner.invoke(args=["exports", "list"]).output


def test_people_see_their_own_and_owners_all(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    adam = a_manager([shop])
    browser = signed_in(app.test_client(), adam)
    content, number = exported(browser)
    assert len(Page(browser.get("/exports/").text).rows()) == 1
    shown = Page(browser.get(f"/exports/{number}").text).text
    assert hashlib.sha256(content).hexdigest() in shown
    others = signed_in(app.test_client(), an_operator([shop]))
    assert browser.get("/exports/?who=ota@example.com").status_code == 200
    assert others.get(f"/exports/{number}").status_code == 404
    assert "adam@example.com" not in others.get("/exports/").text
    assert app.test_client().get("/exports.json", headers=bearer(adam)).json["rows"][0]["rows"] == 3  # type: ignore[index]  # it is JSON
    olga = signed_in(app.test_client(), an_owner())
    assert "adam@example.com" in olga.get("/exports/").text
    checked = posted(olga, "/exports/checks", file=(BytesIO(content), "anything.csv"))
    assert checked.location == f"/exports/{number}"
    assert "byte for byte" in olga.get(checked.location).text
    changed = posted(olga, "/exports/checks", file=(BytesIO(content + b"x"), newest(db).file_name))
    assert "not what was sent" in olga.get(changed.location).text
    assert posted(others, "/exports/checks", file=(BytesIO(content), "anything.csv")).location == "/exports/"
    entries = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == Action.EXPORT_CHECKED).order_by(AuditEntry.id)
    )
    assert [entry.details["same"] for entry in entries] == [True, False, False]
