"""How many statements a page sends: each costs it a part of a millisecond twice, here and in PostgreSQL."""

from datetime import timedelta
from urllib.parse import quote

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests.builders import a_manager, a_product, a_shop, a_snapshot, signed_in
from tests.listing.rows import MORNING, buyer, fold_all, know_statuses, ordered
from tests.statements import statements

EMAIL = "jana@posta.example"
PAGES = {  # for a manager of both shops: one statement tells their shops, one the numbers of all
    "/orders/": 9,  # who, shops, numbers, statuses, total, settings, walk, rows, freshness
    "/orders/?before=end": 9,
    f"/orders/?email={quote(EMAIL)}": 9,
    "/orders/wool/{order}": 15,
    "/customers/": 10,
    f"/customers/?email={quote(EMAIL)}": 8,
    "/products/": 12,
    "/": 12,
    "/?period=all": 12,
}


def test_each_page_sends_no_more_than_it_did(app: Flask, db: SQLAlchemy) -> None:
    shops = [a_shop("linen"), a_shop("wool")]
    know_statuses(*shops)
    for shop in shops:
        a_snapshot(shop)
        a_product(shop, "S1")
        jana = buyer(shop, EMAIL)
        orders = [ordered(shop, MORNING + timedelta(days=day), skus=["S1"], customer=jana) for day in range(3)]
    fold_all()
    adam = signed_in(app.test_client(), a_manager(shops))
    sent = {}
    for page in PAGES:
        path = page.format(order=orders[1].id)
        assert adam.get(path).status_code == 200, path
        with statements() as seen:
            adam.get(path)
        sent[page] = len(seen)
    assert sent == PAGES
