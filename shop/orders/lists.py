"""The list of orders: its filters, its orders, and which rows of which shops it means."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, false

from shop.languages import N_, said
from shop.languages import gettext as _
from shop.listing.days import DayRange
from shop.listing.filters import Choice, Emails, Identifier, Lexemes, Named, Search, matches
from shop.listing.listing import Listing, Spec
from shop.listing.page import Total
from shop.listing.ranges import Amounts, Days
from shop.listing.refusal import refused
from shop.listing.scopes import ListedShop, Scope, scopes
from shop.listing.sorts import AMOUNT, MOMENT, Segment, Sort
from shop.listing.withheld import Code, Withheld, without_people
from shop.listing.wording import either
from shop.orders.models import OWN_WORDS, Order
from shop.orders.queries import Status, folded_orders
from shop.personal import is_seen
from shop.search import COUNTRY, CURRENCY, ITEM_TYPE, PAID, SKU, exactly, fold, of_shop

PAYMENTS = {"paid": "yes", "unpaid": "no"}
CATEGORIES = {
    "new": N_("new"),
    "open": N_("open"),
    "done": N_("done"),
    "cancelled": N_("cancelled"),
    "returned": N_("returned"),
}
SAID_OF_PAYMENT = {"yes": N_("paid"), "no": N_("unpaid"), "unknown": N_("payment not known")}
NOT_KNOWN = ("unknown",)
BY_STATUS = ("status", "category", "counted")  # what only picks some of a shop's statuses
FOLDED = frozenset({*BY_STATUS, "placed"})  # what the daily folds are cut by


def is_unpaid() -> ColumnElement[bool]:
    return Order.paid == false()


def is_unknown() -> ColumnElement[bool]:
    return Order.paid.is_(None)


RARE = {("no",): is_unpaid, NOT_KNOWN: is_unknown}


@dataclass(frozen=True)
class Statuses(Named):
    """A status by its code or name; “paid” and “unpaid” mean the payment where no shop has a status of that name."""

    def words(self, value: tuple[str, ...]) -> str:
        return either(said(text) if text in PAYMENTS else text for text in value)

    def asks(self, value: tuple[str, ...]) -> Sequence[str]:
        return ("status", "paid") if PAYMENTS.keys() & set(value) else ("status",)

    def condition(self, value: tuple[str, ...], zone: ZoneInfo) -> ColumnElement[bool] | None:  # noqa: ARG002
        return None  # resolved for each shop in `order_scopes`


@dataclass(frozen=True)
class Payment(Lexemes):
    """Whether an order is paid. Those that are not, or of which nothing is known, are few and have indexes of their own."""

    def condition(self, value: tuple[str, ...], zone: ZoneInfo) -> ColumnElement[bool]:
        return RARE[value]() if value in RARE else super().condition(value, zone)

    def within(self, value: tuple[str, ...], shop_id: int) -> ColumnElement[bool] | None:
        return None if value == NOT_KNOWN else super().within(value, shop_id)


def is_deleted() -> ColumnElement[bool]:
    return Order.deleted_at.is_not(None)


def is_kept() -> ColumnElement[bool]:
    return Order.deleted_at.is_(None)


SEGMENT: dict[str, Any] = {
    "source": Order.__table__,
    "shop": Order.shop_id,
    "row": Order.id,
    "tie": Order.id,
    "part": Order.status_code,
    "measure": Order.total_shop,
}

ORDERS = Spec(
    path="/orders",
    one="order",
    many="orders",
    filters=(
        Statuses("status", N_("Status")),
        Choice("category", N_("State"), {name: (words, lambda: None) for name, words in CATEGORIES.items()}),
        Choice(
            "counted",
            N_("Sales"),
            {"yes": (N_("counted as sales"), lambda: None), "no": (N_("not counted as sales"), lambda: None)},
        ),
        Days("placed", N_("Placed"), Order.placed_at, verb=N_("placed")),
        Amounts("total", N_("Total"), Order.total_shop),
        Payment("paid", N_("Payment"), Order.search, lambda text: PAID + text, SAID_OF_PAYMENT, "", OWN_WORDS),
        Search("q", N_("Search"), Order.search, OWN_WORDS),
        Lexemes("sku", N_("SKU"), Order.search, lambda text: SKU + fold(text), spoken=N_("with SKU {}"), own=OWN_WORDS),
        Lexemes(
            "item_type",
            N_("Item type"),
            Order.search,
            lambda text: ITEM_TYPE + fold(text),
            spoken=N_("with an item of type {}"),
            own=OWN_WORDS,
        ),
        Emails("email", N_("E-mail"), Order.search, fold, spoken=N_("of {}"), own=OWN_WORDS),
        Identifier("customer", N_("Customer"), Order.customer_id, spoken=N_("of customer {}")),
        Lexemes(
            "currency",
            N_("Currency"),
            Order.search,
            lambda text: CURRENCY + fold(text),
            spoken=N_("in {}"),
            own=OWN_WORDS,
        ),
        Lexemes(
            "country", N_("Country"), Order.search, lambda text: COUNTRY + fold(text), spoken=N_("to {}"), own=OWN_WORDS
        ),
        Choice("deleted", N_("Deleted"), {"only": (N_("deleted in the shop"), is_deleted)}, usual=is_kept),
    ),
    sorts=(
        Sort(
            "placed",
            N_("oldest first"),
            N_("newest first"),
            (Segment(key=Order.placed_at, key_codec=MOMENT, divided=True, **SEGMENT),),
            serves=FOLDED,
            by_day=True,
        ),
        Sort(
            "total",
            N_("lowest total first"),
            N_("highest total first"),
            (Segment(key=Order.total_shop, key_codec=AMOUNT, divided=True, **SEGMENT),),
            serves=frozenset({*BY_STATUS, "total"}),
        ),
    ),
    default_sort="-placed",
    by_shop=True,
)

WITHOUT_PEOPLE = without_people(ORDERS, Code("q", N_("Search"), Order.code), Withheld("email", N_("E-mail")))


def listed() -> Spec:
    """Return the list as the running request may ask it."""
    return ORDERS if is_seen() else WITHOUT_PEOPLE


def order_scopes(listing: Listing, shops: Sequence[ListedShop], statuses: Sequence[Status]) -> list[Scope]:
    """Return where to look. `statuses` are those of every shop the person may see. Raises BadListing for an unknown status."""
    chosen = listing.chosen
    payment = payment_meant(listing, statuses)
    if not any(name in chosen for name in BY_STATUS) or (payment and not {"category", "counted"} & chosen.keys()):
        found = scopes(listing, shops)
    else:
        codes = meant_codes(listing, statuses)
        found = scopes(listing, shops, lambda shop_id: codes.get(shop_id, ()))
    if not payment:
        return found
    return [paid_in(scope, payment) for scope in found]


def paid_in(scope: Scope, payment: str) -> Scope:
    """Return the scope of those of its orders that are known to be paid, or not to be."""

    def own(shop_id: int) -> tuple[ColumnElement[bool], ...]:
        return *scope.within(shop_id), matches(OWN_WORDS, exactly(PAID + payment, of_shop(shop_id)))

    found = RARE[payment,]() if (payment,) in RARE else matches(Order.search, exactly(PAID + payment))
    conditions = (*scope.conditions, found)
    return replace(scope, conditions=conditions, within=own, made_of=("payment", payment))


def payment_meant(listing: Listing, statuses: Sequence[Status]) -> str | None:
    """Return which payment `status=paid` or `status=unpaid` asks for, None where a status is asked for."""
    asked = listing.chosen.get("status", ())
    words = [
        fold(text) for text in asked if fold(text) in PAYMENTS and not any(is_named(known, text) for known in statuses)
    ]
    if not words:
        return None
    if len(asked) > 1:
        raise refused(
            "status", asked[0], _("“paid” or “unpaid” only by itself; add “paid=yes” or “paid=no” to ask for both")
        )
    return PAYMENTS[words[0]]


def meant_codes(listing: Listing, statuses: Sequence[Status]) -> dict[int, tuple[str, ...]]:
    """Return the codes of the statuses that are asked for, by shop."""
    chosen = listing.chosen
    asked = [] if payment_meant(listing, statuses) else chosen.get("status", ())
    for text in asked:
        if statuses and not any(is_named(known, text) for known in statuses):
            names = sorted({known.name for known in statuses})
            raise refused(
                "status", text, _("a status of your shops (%(names)s), or paid or unpaid", names=", ".join(names))
            )
    found: dict[int, tuple[str, ...]] = {}
    for known in statuses:
        meant = not asked or any(is_named(known, text) for text in asked)
        meant = meant and known.category in chosen.get("category", (known.category,))
        counted = "yes" if known.counted else "no"
        if meant and counted in chosen.get("counted", (counted,)):
            found[known.shop_id] = (*found.get(known.shop_id, ()), known.code)
    return found


def is_named(status: Status, text: str) -> bool:
    return fold(text) in (fold(status.code), fold(status.name))


def folded_total(listing: Listing, found: Sequence[Scope], statuses: Sequence[Status]) -> Total | None:
    """Return the exact total and the sums from the daily folds, None where a filter goes deeper than they do."""
    if not listing.chosen.keys() <= FOLDED or payment_meant(listing, statuses):
        return None
    days: DayRange = listing.chosen.get("placed", DayRange(None, None))
    shop_ids = [shop_id for scope in found for shop_id in scope.shop_ids]
    pairs = [pair for scope in found for pair in scope.pairs(shop_ids)] if any(scope.parts for scope in found) else None
    folded = folded_orders(shop_ids, pairs, days.first, days.last)
    sums: dict[int, Decimal] = {row.shop_id: row.total_sales for row in folded}
    return Total(sum(row.orders for row in folded), exact=True, sums=sums)
