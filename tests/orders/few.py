"""A few orders of all sorts, and the codes that a list of them answers with."""

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient

from shop.shops.models import Shop
from tests.listing.rows import MORNING, asked, buyer, fold_all, ordered


def a_few(shop: Shop) -> None:
    anna = buyer(shop, "anna@posta.example", "Anna Žluťoučká")
    ordered(shop, MORNING, "1500.00", code="A1", status="n", skus=["LP-140"], customer=anna, name="Anna Žluťoučká")
    ordered(
        shop,
        MORNING + timedelta(days=1),
        "99.90",
        code="A2",
        status="s",
        paid=False,
        skus=["UB/1 x"],
        email="petr@posta.example",
    )
    ordered(
        shop,
        MORNING + timedelta(days=2),
        "0.00",
        code="A3",
        status="c",
        paid=None,
        country="SK",
        types=["gift-certificate"],
    )
    ordered(shop, MORNING + timedelta(days=3), "1000.00", code="A4", currency="EUR", country=None, name="Žaneta Nová")
    ordered(shop, MORNING + timedelta(days=4), "5.00", code="A5", deleted_at=datetime.now(UTC))
    fold_all()


def codes(client: FlaskClient, query: str) -> list[str]:
    return [row["code"] for row in asked(client, f"/orders.json?{query}")["rows"]]
