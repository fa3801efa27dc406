"""An address is read strictly, said in words, and written again as it was meant."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.customers.lists import CUSTOMERS
from shop.days import NotADay
from shop.languages import spoken
from shop.listing.cursor import Cursor, sealed
from shop.listing.days import DayRange
from shop.listing.listing import Listing, Position, Spec
from shop.listing.reading import is_plain, read
from shop.listing.refusal import BadListing
from shop.orders.lists import ORDERS
from shop.products.lists import PRODUCTS

SECRET = "a key that only the tests know"


def listing(spec: Spec = ORDERS, **given: str | list[str]) -> Listing:
    return read(spec, {name: [text] if isinstance(text, str) else text for name, text in given.items()}, SECRET)


def said(found: Listing) -> str:
    return str(found).replace("\u00a0", " ")


def test_a_list_says_what_it_is_asked_in_czech_too() -> None:
    found = listing(placed="2026-03-01..2026-03-07", total="gte:1000", q="jana", category=["new", "done"], sku="AB-1")
    with spoken("cs"):
        assert said(found) == (
            "objednávky nové nebo hotové, přijaté 1. 3. – 7. 3. 2026, alespoň 1 000, odpovídající „jana“, se SKU AB-1, od nejnovějších"
        )
        assert (
            said(listing(PRODUCTS, units="gte:5")) == "produkty s počtem prodaných kusů alespoň 5, od nejvyšších tržeb"
        )
        with pytest.raises(BadListing, match="není hodnota parametru „category“"):
            listing(category="x")


def test_amounts_and_days_are_typed_as_the_language_writes_them() -> None:
    with spoken("en"):
        found = listing(total_min="1,000.50", total_max="2,000", placed_from="1 Mar 2026")
    assert dict(found.values) == dict(listing(total="gte:1000.50,lte:2000", placed="2026-03-01..").values)


def test_a_list_says_what_it_is_asked() -> None:
    found = listing(placed="2026-03-01..2026-03-07", total="gte:1000", q="jana", status="New", paid="no", sku="AB-1")
    assert said(found) == (
        "orders status New, placed 1. 3. – 7. 3. 2026, at least 1 000, unpaid, matching “jana”, with SKU AB-1, newest first"
    )
    assert said(listing()) == "orders, newest first"
    assert said(listing(CUSTOMERS, orders_count="gte:2", sort="created")) == (
        "customers with at least 2 orders, longest registered first"
    )
    assert said(listing(PRODUCTS, sales="gt:10,lte:99.50", sort="name")) == (
        "products with sales of over 10 and at most 99,50, by name"
    )


def test_the_same_question_is_equal_however_it_was_asked() -> None:
    one = listing(total="gte:1000", status="New", per_page="50", q="")
    assert one == listing(status=" New ", total="gte:1000.00", sort="-placed")
    assert one != listing(total="gte:1000")
    assert hash(one) == hash(listing(status="New", total="gte:1000"))


def test_an_address_leaves_out_what_is_usual() -> None:
    assert listing(sort="-placed", per_page="50", q=" ", density="standard").address() == "/orders/"
    assert listing(total="gte:1000", sort="total", per_page="15").address() == (
        "/orders/?total=gte:1000&sort=total&per_page=15"
    )
    assert listing(shop="cz,sk").address(suffix=".csv") == "/orders.csv?shop=cz&shop=sk"


values: dict[str, st.SearchStrategy[Any]] = {
    "status": st.lists(st.sampled_from(["New", "paid", "Odesláno", "a&b=c"]), min_size=1, max_size=2, unique=True),
    "category": st.sampled_from(["new", "done"]),
    "placed": st.sampled_from(["2026-03-01..2026-03-07", "2026-03-01..", "..2026-03-07", "2026-03-01"]),
    "total": st.sampled_from(["gte:1000", "gt:1,lt:2", "eq:-0.50"]),
    "q": st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=20).filter(str.strip),
    "sku": st.lists(st.text("AB-#+% &", min_size=1, max_size=5).filter(str.strip), min_size=1, max_size=3),
    "paid": st.sampled_from(["yes", "no", "unknown"]),
    "customer": st.integers(0, 2**63 - 1).map(str),
    "deleted": st.just("only"),
    "sort": st.sampled_from(["placed", "-placed", "total", "-total"]),
    "per_page": st.integers(15, 100).map(str),
    "density": st.sampled_from(["compact", "comfortable"]),
    "shop": st.sampled_from(["cz", "cz,sk"]),
}


@given(st.fixed_dictionaries({}, optional=values))
def test_what_a_list_writes_it_reads_back(asked: dict[str, Any]) -> None:
    found = listing(**asked)
    written: dict[str, list[str]] = {}
    for name, text in found.parameters():
        written.setdefault(name, []).append(text)
    assert read(ORDERS, written, SECRET) == found
    assert is_plain(ORDERS, written)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("colour", "red", "“colour” is not a parameter of this list. It takes status, category"),
        ("total", "1000", "“1000” is not a value of “total”. It takes gte:1000"),
        ("total", "gte:1,lt:2,gt:3", "It takes gte:1000"),
        ("total", "gte:NaN", "It takes gte:1000"),
        ("total", "gte:1e9", "It takes gte:1000"),
        ("total", "gte:99999999999999", "It takes gte:1000"),
        ("placed", "2026-02-30..", "It takes days as 2026-03-01..2026-03-07"),
        ("category", "lost", "It takes new, open, done, cancelled or returned"),
        ("paid", "maybe", "It takes yes, no or unknown"),
        ("deleted", "yes", "It takes only"),
        ("customer", "-1", "It takes a whole number"),
        ("customer", "9" * 30, "It takes a whole number"),
        ("customer", "²", "It takes a whole number"),
        ("sort", "email", "It takes placed and -placed or total and -total"),
        ("sort", "--placed", "It takes placed"),
        ("per_page", "14", "It takes a number from 15 to 100"),
        ("per_page", "101", "It takes a number from 15 to 100"),
        ("per_page", "٣٠", "It takes a number from 15 to 100"),
        ("density", "tight", "It takes compact or standard or comfortable"),
        ("after", "made-up", "The place in “after” is damaged"),
        ("q", "a\0b", "“a�b” is not a value of “q”. It takes up to 200 printable characters"),
        ("q", "x" * 201, "It takes up to 200 printable characters"),
    ],
)
def test_what_a_list_does_not_take_is_refused_by_name(name: str, text: str, sentence: str) -> None:
    with pytest.raises(BadListing) as refused:
        listing(**{name: text})
    assert sentence in refused.value.message


def test_one_of_a_kind_may_not_stand_twice() -> None:
    with pytest.raises(BadListing, match="“total” stands in this address more than once"):
        listing(total=["gte:1", "gte:2"])
    assert listing(total=["gte:1", "gte:1"]) == listing(total="gte:1")
    with pytest.raises(BadListing, match="“after” and “before” cannot stand in one address"):
        listing(after="x", before="end")


def test_a_form_may_send_a_value_in_parts() -> None:
    found = listing(placed_from="1. 3. 2026", placed_to="2026-03-07", total_min="1 000,50", total_max="", status="")
    assert found.chosen["placed"] == DayRange(date(2026, 3, 1), date(2026, 3, 7))
    assert found.chosen["total"] == (("gte", Decimal("1000.50")),)
    assert found.address() == "/orders/?placed=2026-03-01..2026-03-07&total=gte:1000.50"
    assert listing(placed_to="7. 3. 2026").chosen["placed"] == DayRange(None, date(2026, 3, 7))
    assert listing(total_min="1", total_max="2").address() == "/orders/?total=gte:1,lte:2"
    with pytest.raises(NotADay):
        listing(placed_from="soon")
    with pytest.raises(BadListing, match="“gte:much” is not a value of “total”"):
        listing(total_min="much")


def test_an_address_is_plain_when_it_is_written_as_we_write_it() -> None:
    assert is_plain(ORDERS, {"placed": ["2026-03-01.."], "at": ["2026-03-01"]})
    assert not is_plain(ORDERS, {"placed_from": ["2026-03-01"]})
    assert not is_plain(ORDERS, {"status": [""]})
    assert not is_plain(ORDERS, {"at": ["1. 3. 2026"]})


def test_one_goes_to_a_day_only_where_days_give_the_order() -> None:
    assert listing(at="1. 3. 2026").position == Position(at=date(2026, 3, 1))
    with pytest.raises(BadListing, match="not in the order of days"):
        listing(sort="-total", at="2026-03-01")


CURSOR = Cursor(0, Decimal("12.50"), 3, 77, rank=51)


def place(order: str = "total", spec: Spec = ORDERS, secret: str = SECRET) -> str:
    return sealed(CURSOR, secret, spec.path, spec.sort(order.removeprefix("-")), descending=order.startswith("-"))


def test_a_place_is_read_back_by_the_list_and_order_that_gave_it() -> None:
    assert listing(sort="total", after=place()).position == Position(after=CURSOR)
    assert listing(sort="total", before=place(), q="any", per_page="15").position == Position(before=CURSOR)
    assert listing(before="end").position == Position(at_end=True)


def test_the_address_keeps_the_place() -> None:
    found = listing(sort="total", after=place())
    assert found.address(SECRET).endswith(f"?sort=total&after={place()}")


@pytest.mark.parametrize(
    "foreign", [place("-total"), place(spec=CUSTOMERS, order="total_spent"), place(secret="another key")]
)
def test_a_place_of_another_list_or_order_is_refused(foreign: str) -> None:
    with pytest.raises(BadListing, match="The place in “after”"):
        listing(sort="total", after=foreign)


@given(st.integers(0, len(place()) - 1), st.characters(categories=["L", "N"]))
def test_a_place_that_was_tampered_with_is_refused(at: int, letter: str) -> None:
    changed = place()[:at] + letter + place()[at + 1 :]
    try:
        found = listing(sort="total", after=changed)
    except BadListing:
        return
    assert found.position.after == CURSOR  # the same letter, or bits that Base64 does not use
