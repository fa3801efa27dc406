"""How many orders a list has and what they add up to: exact, bounded or not told, never wrong."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import CTE, func, select

from shop.listing import gathering
from shop.listing import page as list_page
from shop.shops.models import Shop
from tests.listing.rows import MORNING, asked, fold_all, ordered, pages
from tests.orders.few import a_few
from tests.page import Page


def test_the_total_is_exact_from_the_folds_and_bounded_where_they_do_not_reach(
    shop: Shop, adam: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "MOST", 20)
    monkeypatch.setattr(list_page, "MOST", 20)
    for i in range(30):
        ordered(shop, MORNING + timedelta(hours=i), "10.00", code=f"A{i:02}", name="Jana", status="nd"[i % 2])
    fold_all()
    assert asked(adam, "/orders.json?")["total"] == {"value": 30, "exact": True}
    assert asked(adam, "/orders.json?status=New&placed=2026-03-02")["total"] == {"value": 8, "exact": True}
    assert asked(adam, "/orders.json?q=jana&total=gte:1")["total"] == {"value": 20, "exact": False}
    assert asked(adam, "/orders.json?q=jana&status=new")["total"] == {"value": 15, "exact": True}
    found = Page(adam.get("/orders/?q=jana").text)
    assert found.has("20+ orders")
    assert "Σ 300,00" in Page(adam.get("/orders/?").text).text.replace("\u00a0", " ")


def test_a_count_that_takes_too_long_is_not_told(
    shop: Shop, adam: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_whatever: object, **_more: object) -> CTE:
        return select(func.pg_sleep(2).label("slept")).cte("slow")

    a_few(shop)
    monkeypatch.setattr(gathering, "matching", slow)
    answer = asked(adam, "/orders.json?total=gte:1&sort=-total")
    assert answer["total"] == {"value": None, "exact": False}
    assert [row["code"] for row in answer["rows"]] == ["A1", "A4", "A2"]


def test_sums_and_proof_stand_where_they_are_known(shop: Shop, adam: FlaskClient) -> None:
    a_few(shop)
    page = Page(adam.get("/orders/").text)
    assert page.has("4 orders")
    assert page.has("these rows add up to the daily figures")
    assert page.text.replace("\u00a0", " ").count("2 599,90 Kč") == 2  # the whole list and the foot of the page
    assert not Page(adam.get("/orders/?q=anna").text).has("daily figures")


def test_pages_are_turned_forth_and_back_by_their_own_links(shop: Shop, adam: FlaskClient) -> None:
    for i in range(50):
        ordered(shop, MORNING + timedelta(minutes=i // 9), code=f"A{i:02}")
    fold_all()
    forth = list(pages(adam, "/orders.json?per_page=15&shop=linen"))
    assert [len(page["rows"]) for page in forth] == [15, 15, 15, 5]
    assert all("per_page=15" in page["next"] and "shop=linen" in page["next"] for page in forth[:-1])
    last = asked(adam, "/orders.json?per_page=15&before=end")
    back = list(pages(adam, last["previous"].removeprefix("http://localhost"), "previous"))
    assert last["rows"] == (forth[2]["rows"] + forth[3]["rows"])[-15:]
    rows = [row for page in [last, *back] for row in reversed(page["rows"])]
    assert rows[::-1] == [row for page in forth for row in page["rows"]]
