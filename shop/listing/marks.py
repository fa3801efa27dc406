"""Components as the rows of a list need them by the hundred: looked up once a page, called without a template in between."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from markupsafe import Markup

from shop.formatting import UNKNOWN, ago, moment_in_full
from shop.fragments import component
from shop.listing.scopes import ListedShop

NOTHING = Markup(UNKNOWN)  # noqa: S704 - a dash of our own


class Marks:
    """What stands in the cells of one page's rows. `numbers` give each shop its colour; all words are as of `now`."""

    def __init__(self, numbers: Mapping[int, int], now: datetime) -> None:
        self.numbers, self.now = numbers, now
        self.money_of, self.shop_of = component("money"), component("shop")
        self.marked = component("moment", "moment_mark")

    def money(self, value: Decimal | None, currency: str) -> Markup:
        return self.money_of(value, currency)

    def shop(self, shop: ListedShop) -> Markup:
        return self.shop_of(shop.name, self.numbers[shop.id])

    def ago(self, at: datetime | None, zone: str) -> Markup:
        """Return a moment in a shop's zone, “3 min ago” up to a day."""
        if at is None:
            return NOTHING
        return self.marked(at.isoformat(), moment_in_full(at, zone), ago(at, zone, self.now))
