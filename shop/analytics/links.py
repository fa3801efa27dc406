"""Addresses of the rows behind a number: the same shops, the same days, the same condition as the number itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from shop.analytics.periods import Choice, Period

Parameter = tuple[str, str]


@dataclass(frozen=True)
class Links:
    """`slugs` are the shops that rows must name, `asked` those that the page's own address names; none means all.

    `currency` is the one that the page was asked for, if any.
    """

    slugs: Sequence[str]
    asked: Sequence[str] = ()
    currency: str = ""

    def orders(self, period: Period, *more: Parameter, shop: str = "") -> str:
        """Return the list of all orders placed in the days."""
        return address("/orders/", [*self.shops(shop), ("placed", period.words), *more])

    def counted_orders(self, period: Period, *more: Parameter, shop: str = "") -> str:
        """Return the list of the orders placed in the days that count as sales."""
        return self.orders(period, ("counted", "yes"), *more, shop=shop)

    def new_customers(self, period: Period) -> str:
        return address("/customers/", [*self.shops(), ("first_order", period.words)])

    def returning_customers(self, period: Period, newest: date) -> str:
        """Return the list of those who ordered before the days and in them.

        A list knows only everybody's last order, so there is none for days that others lie behind.
        """
        if period.end < newest:
            return ""
        first = ("first_order", f"..{period.start - timedelta(days=1)}")
        return address("/customers/", [*self.shops(), ("last_order", f"{period.start}.."), first])

    def products(self) -> str:
        return address("/products/", [*self.shops(), ("sort", "-sales")])

    def overview(self, choice: Choice, **changed: str) -> str:
        """Return this page with something changed; an empty value takes it away."""
        known = {"currency": self.currency, "compare": choice.compare if choice.compare != "previous" else ""}
        if choice.word:
            known["period"] = choice.word if choice.word != "28d" else ""
        elif "period" not in changed:
            known |= {"from": str(choice.period.start), "to": str(choice.period.end)}
        asked = [] if "shop" in changed else [("shop", slug) for slug in self.asked]
        return address("/", [*asked, *((name, text) for name, text in (known | changed).items() if text)])

    @property
    def kept(self) -> list[Parameter]:
        """Return what a form on the page must send along."""
        return [*(("shop", slug) for slug in self.asked), *([("currency", self.currency)] if self.currency else [])]

    def shops(self, shop: str = "") -> list[Parameter]:
        return [("shop", slug) for slug in ([shop] if shop else self.slugs)]


def address(path: str, parameters: Sequence[Parameter]) -> str:
    return f"{path}?{urlencode(parameters, safe=':')}" if parameters else path
