"""The list of customers: its filters and its orders."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    and_,
    column,
    exists,
    join,
    not_,
    table,
)

from shop.customers.models import Customer, CustomerMetrics
from shop.languages import N_, NN_
from shop.listing.days import DayRange
from shop.listing.filters import Choice, Emails, Search
from shop.listing.listing import Spec, Whole
from shop.listing.ranges import Amounts, Days, LocalDays
from shop.listing.sorts import AMOUNT, COUNT, MOMENT, Segment, Sort
from shop.listing.withheld import Withheld, without_people
from shop.personal import is_seen
from shop.search import fold

SAME = and_(Customer.shop_id == CustomerMetrics.shop_id, Customer.id == CustomerMetrics.customer_id)
BY_METRICS: dict[str, Any] = {
    "source": join(CustomerMetrics.__table__, Customer.__table__, SAME),
    "shop": CustomerMetrics.shop_id,
    "row": CustomerMetrics.customer_id,
    "tie": CustomerMetrics.customer_id,
    "measure": CustomerMetrics.total_spent,
}
BY_PERSON: dict[str, Any] = {
    "source": join(Customer.__table__, CustomerMetrics.__table__, SAME),
    "shop": Customer.shop_id,
    "row": Customer.id,
    "tie": Customer.id,
    "measure": CustomerMetrics.total_spent,
}


# The orders of a customer, by the name of their table: this domain comes before theirs.
ORDERS = table(
    "orders",
    column("shop_id", Integer),
    column("customer_id", BigInteger),
    column("placed_at", DateTime(timezone=True)),
    column("counted", Boolean),
)


@dataclass(frozen=True)
class Ordered(Days):
    """Customers with a counted order in the days. Where one end is open, their first or last order tells."""

    def condition(self, value: DayRange, zone: ZoneInfo) -> ColumnElement[bool]:
        start, stop = value.instants(zone)
        known = [CustomerMetrics.last_order_at >= start] if start else []
        known += [CustomerMetrics.first_order_at < stop] if stop else []
        if not (start and stop):
            return and_(*known)
        theirs = (ORDERS.c.shop_id == CustomerMetrics.shop_id, ORDERS.c.customer_id == CustomerMetrics.customer_id)
        within = exists().where(*theirs, ORDERS.c.counted, super().condition(value, zone))
        return and_(*known, within)


def is_here() -> ColumnElement[bool]:
    return and_(Customer.deleted_at.is_(None), Customer.merged_into.is_(None))


def is_gone() -> ColumnElement[bool]:
    return and_(Customer.deleted_at.is_not(None), Customer.merged_into.is_(None))


def segments(key: Any, shape: dict[str, Any]) -> tuple[Segment, Segment]:
    """Return the customers who have such a moment, and after them those who have not."""
    known, unknown = (Segment(key=key, key_codec=MOMENT, known=known, **shape) for known in (True, False))
    return known, unknown


COUNTED = NN_("customer", "customers")
CUSTOMERS = Spec(
    path="/customers",
    one=COUNTED[0],
    many=COUNTED[1],
    filters=(
        Search("q", N_("Search"), Customer.search),
        Emails("email", N_("E-mail"), Customer.search, fold, spoken=N_("with e-mail")),
        Amounts("orders_count", N_("Orders"), CustomerMetrics.orders_count, spoken=N_("with {} orders")),
        Amounts("total_spent", N_("Total spent"), CustomerMetrics.total_spent, spoken=N_("who spent {}")),
        Days("last_order", N_("Last order"), CustomerMetrics.last_order_at, verb=N_("who last ordered")),
        Ordered("ordered", N_("Ordered"), ORDERS.c.placed_at, verb=N_("who ordered")),
        LocalDays("first_order", N_("First order"), CustomerMetrics.first_order_day, verb=N_("who first ordered")),
        Days("created", N_("Registered"), Customer.created_at, verb=N_("registered")),
        Choice(
            "registered",
            N_("Account"),
            {
                "yes": (N_("registered"), lambda: Customer.registered.is_(True)),
                "no": (N_("guests"), lambda: not_(Customer.registered)),
            },
        ),
        Choice("deleted", N_("Deleted"), {"only": (N_("deleted in the shop"), is_gone)}, usual=is_here),
    ),
    sorts=(
        Sort(
            "total_spent",
            N_("least spent first"),
            N_("most spent first"),
            (Segment(key=CustomerMetrics.total_spent, key_codec=AMOUNT, **BY_METRICS),),
            serves=frozenset({"total_spent"}),
        ),
        Sort(
            "orders_count",
            N_("fewest orders first"),
            N_("most orders first"),
            (Segment(key=CustomerMetrics.orders_count, key_codec=COUNT, **BY_METRICS),),
            serves=frozenset({"orders_count"}),
        ),
        Sort(
            "last_order",
            N_("longest without an order first"),
            N_("latest order first"),
            segments(CustomerMetrics.last_order_at, BY_METRICS),
            serves=frozenset({"last_order"}),
            by_day=True,
        ),
        Sort(
            "created",
            N_("longest registered first"),
            N_("newest registered first"),
            segments(Customer.created_at, BY_PERSON),
            serves=frozenset({"created"}),
            by_day=True,
        ),
    ),
    default_sort="-total_spent",
    whole=Whole(Customer.__table__, Customer.shop_id),
)

WITHOUT_PEOPLE = without_people(CUSTOMERS, Withheld("q", N_("Search")), Withheld("email", N_("E-mail")))


def listed() -> Spec:
    """Return the list as the running request may ask it."""
    return CUSTOMERS if is_seen() else WITHOUT_PEOPLE


def place_of(customer: Customer, metrics: CustomerMetrics, sort: Sort) -> tuple[int, Any]:
    """Return the segment and the key of one customer in an order of the list."""
    keys: dict[str, Any] = {
        "total_spent": metrics.total_spent,
        "orders_count": metrics.orders_count,
        "last_order": metrics.last_order_at,
        "created": customer.created_at,
    }
    key = keys[sort.name]
    return (1 if key is None else 0), key


FIELDS = ("email", "orders_count", "total_spent", "last_order", "first_order", "ordered", "registered", "deleted")
