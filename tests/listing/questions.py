"""Every question that the lists can be asked: each offered order with each filter, in both directions, from both ends."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qs, urlencode

from flask import current_app

from shop import boundaries
from shop.customers.lists import CUSTOMERS
from shop.customers.views import customer_page
from shop.listing.filters import Choice, Filter, Lexemes
from shop.listing.listing import Spec
from shop.listing.page import Page
from shop.listing.reading import read
from shop.orders.lists import ORDERS
from shop.orders.models import OrderStatus
from shop.orders.views import order_page
from shop.products.lists import PRODUCTS
from shop.products.views import product_page
from shop.shops.models import Shop

LISTS = {spec.path: spec for spec in (ORDERS, CUSTOMERS, PRODUCTS)}
ENDS: tuple[tuple[tuple[str, str], ...], ...] = ((), (("before", "end"),))
ONE_SHOP = "bench-cz"

# What to ask of the rows of bench/seeding.py where a filter does not say itself which values it takes: something rare first,
# then something that most rows have.
SAMPLES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("/orders", "status"): ("Cancelled", "Returned", "Delivered", "unpaid"),
    ("/orders", "placed"): ("2023-05-05", "2024-12-28..", "2022-06-01.."),
    ("/orders", "total"): ("gte:2990", "gte:100", "eq:0"),
    ("/orders", "q"): ("buyer17@example.com", "first1 last17", "o", "example"),
    ("/orders", "sku"): ("s5", "s1"),
    ("/orders", "item_type"): ("gift", "product"),
    ("/orders", "email"): ("buyer3@example.com",),
    ("/orders", "customer"): ("17",),
    ("/orders", "currency"): ("USD", "EUR", "CZK"),
    ("/orders", "country"): ("IS", "SK", "CZ"),
    ("/customers", "q"): ("buyer77@example.com", "first1 last17", "b", "last17"),
    ("/customers", "email"): ("buyer3@example.com",),
    ("/customers", "orders_count"): ("gte:40", "gte:1", "eq:0"),
    ("/customers", "total_spent"): ("gte:20000", "gte:100"),
    ("/customers", "last_order"): ("2022-01-01..2022-01-02", "2024-12-30..", "2023-01-01.."),
    ("/customers", "ordered"): ("2023-05-05", "2023-05-01..2023-05-07", "2024-12-28..", "..2023-01-01"),
    ("/customers", "first_order"): ("2023-01-01..2023-01-02", "2022-06-01.."),
    ("/customers", "created"): ("2022-05-01..2022-05-02", "2023-01-01.."),
    ("/products", "q"): ("brand 7", "thing", "t"),
    ("/products", "sku"): ("s5",),
    ("/products", "units"): ("gte:499", "gte:5", "eq:0"),
    ("/products", "sales"): ("gte:200000", "gte:20"),
}


def values_of(spec: Spec, known: Filter) -> tuple[str, ...]:
    """Return what to ask of a filter: all it takes where that is said, samples where it takes many things."""
    if isinstance(known, Choice):
        return tuple(known.options)
    if isinstance(known, Lexemes) and known.fixed:
        return tuple(known.fixed)
    assert (spec.path, known.name) in SAMPLES, f"say what to ask of the filter “{known.name}” of {spec.path}"
    return SAMPLES[spec.path, known.name]


def orders_of(spec: Spec) -> list[str]:
    """Return each order of a list in both directions, as an address names it."""
    return [f"{sign}{sort.name}" for sort in spec.sorts for sign in ("", "-")]


def questions(spec: Spec, order: str) -> Iterator[str]:
    """Yield the addresses that ask for one order: with each filter and without, in one shop and in all, from both ends.

    The descending order is asked with every value: from its two ends that is a walk down and a walk up. The ascending one and
    one shop, which take the same two walks, are asked with the rarest value of each filter alone.
    """
    sort, descending = spec.sort(order.removeprefix("-")), order.startswith("-")
    days = ((("at", "2023-05-05"),),) if sort.by_day else ()
    for shop in ((), (("shop", ONE_SHOP),)) if descending else ((),):
        most = None if descending and not shop else 1
        for chosen in [
            (),
            *(((known.name, value),) for known in spec.filters for value in values_of(spec, known)[:most]),
        ]:
            for end in (*ENDS, *(() if chosen else days)):
                asked = urlencode([*shop, *chosen, ("sort", order), *end])
                yield f"{spec.path}/?{asked}"


def page_asked(address: str, shops: Sequence[Shop], statuses: Sequence[OrderStatus]) -> Page:
    """Return the page that an address of these asks for, as its view does: under the role of pages, held to these shops."""
    path, _, query = address.partition("/?")
    listing = read(LISTS[path], parse_qs(query), "a secret")
    chosen = [shop for shop in shops if not listing.shops or shop.slug in listing.shops]
    with current_app.test_request_context():
        boundaries.enter([shop.id for shop in shops])
        if path == "/orders":
            return order_page(listing, chosen, statuses)
        return customer_page(listing, chosen) if path == "/customers" else product_page(listing, chosen)
