"""Where the list of orders ends: at one's own shops, at each shop's own days, at what SQL takes for text."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from shop.shops.models import Shop
from tests.builders import a_shop, an_operator, an_owner, signed_in
from tests.listing.rows import asked, buyer, fold_all, know_statuses, ordered
from tests.orders.few import a_few, codes
from tests.page import Page


def test_what_is_of_another_shop_is_in_no_list(db: SQLAlchemy, app: Flask, shop: Shop, adam: FlaskClient) -> None:
    other = a_shop("secret")
    know_statuses(other)
    ordered(shop, code="MINE", customer=buyer(shop, "mine@example.com"))
    ordered(other, code="THEIRS", name="Mine", skus=["X"], customer=buyer(other, "theirs@example.com"), country="IS")
    fold_all()
    for query in (
        "",
        "q=theirs",
        "sku=X",
        "country=IS",
        "total=gte:1",
        "sort=-total",
        "before=end",
        "status=d",
        "email=theirs@example.com",
    ):
        assert "THEIRS" not in codes(adam, query), query
        assert "THEIRS" not in adam.get(f"/orders.csv?{query}").text
        assert "THEIRS" not in Page(adam.get(f"/orders/?{query}").text).text
    for address in (
        "/orders/?shop=secret",
        "/orders.json?shop=secret",
        "/orders.csv?shop=linen,secret",
        "/orders/?shop=nowhere",
    ):
        assert adam.get(address).status_code == 404, address
    olga = signed_in(app.test_client(), an_owner())
    assert codes(olga, "") == ["THEIRS", "MINE"]
    assert codes(olga, "shop=secret") == ["THEIRS"]


def test_who_may_not_export_reads_only(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    a_few(shop)
    ota = signed_in(app.test_client(), an_operator([shop]))
    assert not [
        words
        for words in Page(ota.get("/orders/").text).links
        if words.startswith("Export") and not words.startswith("Exports")
    ]
    assert ota.get("/orders.csv").status_code == 403
    assert ota.get("/orders.json").status_code == 200
    assert app.test_client().get("/orders.json").status_code == 401
    assert app.test_client().get("/orders/").status_code == 303


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE orders; --",
        "a' OR '1'='1",
        "\\",
        "\\'",
        "%",
        "_",
        "' | ''",
        "zz:*",
        "!a & (b)",
        "<->",
        "\u202e",
        "a\u2028b",
        "😀",
        ":name",
        "%(x)s",
        "$1",
    ],
)
def test_what_looks_like_sql_is_only_text(shop: Shop, adam: FlaskClient, text: str) -> None:
    a_few(shop)
    for name in ("q", "sku", "email", "country", "currency", "item_type"):
        response = adam.get("/orders.json", query_string={name: text})
        assert response.status_code in (200, 400), (name, response.text)
        if response.status_code == 200:
            assert response.get_json()["rows"] == []
    assert adam.get("/orders/", query_string={"status": text}).status_code == 400
    assert len(codes(adam, "")) == 4


def test_days_are_those_of_each_shop_and_the_long_and_the_short_day_are_whole(db: SQLAlchemy, app: Flask) -> None:
    prague, auckland = a_shop("cz"), a_shop("nz", timezone="Pacific/Auckland")
    know_statuses(prague, auckland)
    client = signed_in(app.test_client(), an_owner())
    for shop, code, at in [
        (prague, "late", datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC)),
        (prague, "first", datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (prague, "last", datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC)),
        (prague, "after", datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (auckland, "nz-first", datetime(2026, 3, 28, 11, tzinfo=UTC)),
        (auckland, "nz-last", datetime(2026, 3, 29, 10, 59, 59, tzinfo=UTC)),
        (auckland, "nz-after", datetime(2026, 3, 29, 11, tzinfo=UTC)),
    ]:
        ordered(shop, at, code=code)
    fold_all()
    answer = asked(client, "/orders.json?placed=2026-03-29")
    assert [row["code"] for row in answer["rows"]] == ["last", "nz-last", "first", "nz-first"]
    assert answer["total"] == {"value": 4, "exact": True}
    assert {row["placed_at"][10:] for row in answer["rows"]} == {"T00:00:00+01:00", "T23:59:59+02:00", "T00:00:00+13:00", "T23:59:59+13:00"}  # fmt: skip
