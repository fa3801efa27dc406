"""Every key number once: its words, the columns it adds up, and how. Pages, JSON and help read it from here."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from shop.analytics.queries import Sales
from shop.languages import N_

Value = Decimal | int | None
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Figure:
    """One key number: what it takes from `columns` of daily_sales and, for an average, what it divides that by."""

    name: str
    label: str
    kind: Literal["money", "count"]
    meaning: str
    adds: tuple[str, ...] = ()
    takes_off: tuple[str, ...] = ()
    divided_by: str = ""
    counted_in: str = ""  # for people: the column that decides

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of daily_sales that it reads."""
        return self.adds + self.takes_off + ((self.divided_by,) if self.divided_by else ())

    @property
    def source(self) -> str:
        """Say which columns make the number: (daily_sales.gross_sales − daily_sales.discounts) ÷ daily_sales.orders."""
        if self.counted_in:
            return self.counted_in
        added = " + ".join(f"daily_sales.{name}" for name in self.adds)
        sums = added + "".join(f" − daily_sales.{name}" for name in self.takes_off)
        return f"({sums}) ÷ daily_sales.{self.divided_by}" if self.divided_by else sums

    def of(self, sales: Sales) -> Value:
        """Return the number of some sales; an average over no orders does not exist and is None."""
        found: Decimal | int = sum(getattr(sales, name) for name in self.adds)
        found -= sum(getattr(sales, name) for name in self.takes_off)
        if not self.divided_by:
            return found
        by: int = getattr(sales, self.divided_by)
        return (Decimal(found) / by).quantize(CENT, ROUND_HALF_UP) if by else None


TOTAL_SALES = Figure(
    "total_sales",
    N_("Total sales"),
    "money",
    N_(
        "What customers owe for counted orders placed in the period: goods less discounts, shipping, fees, VAT and rounding."
    ),
    adds=("total_sales",),
)
NET_SALES = Figure(
    "net_sales",
    N_("Net sales"),
    "money",
    N_(
        "Gross sales of goods less discounts and returns, without VAT, shipping and fees. Refunds are not loaded yet, so "
        "returns are 0 here."
    ),
    adds=("gross_sales",),
    takes_off=("discounts",),
)
ORDERS = Figure(
    "orders",
    N_("Orders"),
    "count",
    N_(
        "Orders placed in the period whose status counts as a sale now. Cancelled orders do not count; a later refund takes "
        "no order away."
    ),
    adds=("orders",),
)
AOV = Figure(
    "aov",
    N_("Average order"),
    "money",
    N_("Gross sales less discounts, without VAT, for one counted order. Without orders there is no average."),
    adds=("gross_sales",),
    takes_off=("discounts",),
    divided_by="orders",
)
NEW_CUSTOMERS = Figure(
    "new_customers",
    N_("New customers"),
    "count",
    N_(
        "People whose first counted order ever was placed in the period. A person is one e-mail in one shop; orders without "
        "a customer count as orders only."
    ),
    counted_in="customer_metrics.first_order_day",
)
RETURNING_CUSTOMERS = Figure(
    "returning_customers",
    N_("Returning customers"),
    "count",
    N_(
        "People with a counted order in the period who first ordered before it. New and returning together are all who "
        "ordered."
    ),
    counted_in="customer_metrics.last_order_day, orders.customer_id",
)
CHARTED = (TOTAL_SALES, NET_SALES, ORDERS, AOV)
PEOPLE = (NEW_CUSTOMERS, RETURNING_CUSTOMERS)
ALL = CHARTED + PEOPLE

# From gross to total, line by line: the words, the column, and its sign.
LADDER = (
    (N_("Gross sales"), "gross_sales", 1),
    (N_("Discounts"), "discounts", -1),
    (N_("Shipping"), "shipping", 1),
    (N_("Fees"), "fees", 1),
    (N_("VAT"), "tax", 1),
    (N_("Rounding"), "rounding", 1),
)


def ladder_sum(sales: Sales) -> Decimal:
    """Add the lines up; the sum must be the total sales."""
    return sum((sign * getattr(sales, column) for _, column, sign in LADDER), start=Decimal(0))
