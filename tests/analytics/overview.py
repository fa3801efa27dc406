"""The overview as its tests read it: opened, its figures, the rows behind a number, a shop that sells."""

import re
from datetime import UTC, date, datetime, timedelta

from flask.testing import FlaskClient

from shop.formatting import day
from shop.shops.models import Shop
from tests.analytics.ledger import fold, sold
from tests.builders import a_customer
from tests.html_tree import Node
from tests.page import Page


def opened(client: FlaskClient, path: str = "/") -> Page:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return Page(answer.text)


def words(of: date) -> str:
    """Return a day as a page's plain text has it."""
    return " ".join(day(of).split())


def today(shop: Shop) -> date:
    return datetime.now(UTC).astimezone(shop.zone).date()


def figures(page: Page) -> dict[str, Node]:
    cards = [node for node in page.root.all("li") if node.get("class") == "figure"]
    return {card.all("a", "span")[0].text: card for card in cards}


def value(card: Node) -> str:
    return next(node.text for node in card.all("a", "span") if "figure__value" in node.get("class"))


def rows_behind(client: FlaskClient, href: str) -> int:
    """Ask the list that a number leads to how many rows it has."""
    path, _, query = href.partition("?")
    answer = client.get(f"{path.rstrip('/')}.json?{query}")
    assert answer.status_code == 200, href
    total = answer.get_json()["total"]
    assert total["exact"]
    return int(total["value"])


def count(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def sell(shop: Shop) -> None:
    end = today(shop)
    returning, new = a_customer(shop), a_customer(shop)
    sold(shop, end - timedelta(days=40), "50.00", customer=returning)
    for ago in range(28):
        sold(shop, end - timedelta(days=ago), "100.00", discounts="10.00", shipping="5.00", customer=returning)
    sold(shop, end - timedelta(days=3), "100.00", customer=new, status="-1")
    sold(shop, end - timedelta(days=3), "900.00", customer=new, status="-4")
    fold()
