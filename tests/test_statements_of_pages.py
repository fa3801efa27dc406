"""How many statements a page sends: each costs it a part of a millisecond twice, here and in PostgreSQL."""

from datetime import timedelta
from urllib.parse import quote

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, update

from shop.staff.models import SignIn
from tests.builders import a_manager, a_product, a_shop, a_snapshot, signed_in
from tests.listing.rows import MORNING, buyer, fold_all, know_statuses, ordered
from tests.statements import statements

EMAIL = "jana@posta.example"
PAGES = {  # one statement tells who it is, their shops and the numbers of all
    "/orders/": 8,  # who, options (no copy yet), statuses, total, settings, walk, rows, freshness
    "/orders/?before=end": 8,
    f"/orders/?email={quote(EMAIL)}": 7,
    "/orders/wool/{order}": 14,
    "/customers/": 9,
    f"/customers/?email={quote(EMAIL)}": 6,
    "/products/": 11,
    "/": 11,
    "/?period=all": 11,
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


def test_to_note_that_a_session_is_used_does_not_read_its_shops_one_by_one(app: Flask, db: SQLAlchemy) -> None:
    """The commit of the note would let each of them be read anew."""
    shops = [a_shop(f"shop-{number}") for number in range(6)]
    know_statuses(*shops)
    adam = signed_in(app.test_client(), a_manager(shops))
    db.session.execute(update(SignIn).values(seen_at=func.now() - timedelta(hours=1)))
    db.session.commit()
    with statements("shops.slug") as reading:
        assert adam.get("/orders/").status_code == 200
    assert len(reading) == 2, "with the person, and all of them at once after the commit"
