"""Bad values in real files, through the whole pipeline: each is set aside with its place, and the rest loads."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.orders.models import Order, OrderItem
from shop.shops.models import Shop
from shop.snapshots.models import QuarantinedRecord
from tests.snapshots.files import a_line, an_order_line, books, load, packed
from tests.snapshots.invariants import broken_invariants

PRICE = "$.items[0].itemPrice.withVat"


def bad(place: str, value: bytes) -> bytes:
    """An order of which one value is other bytes: the line total, the amount, the e-mail, the time, anything unread."""
    order = an_order_line("bad")
    line: dict[str, Any] = order["items"][0]
    holders: dict[str, tuple[dict[str, Any], str]] = {
        "total": (line["itemPrice"], "withVat"), "amount": (line, "amount"), "email": (order, "email"),
        "time": (order, "creationTime"), "unread": (order, "unheardOf"), "code": (order, "code"), "items": (order, "items"),
    }  # fmt: skip
    holder, key = holders[place]
    holder[key] = "HERE"
    return json.dumps(order, ensure_ascii=False).encode().replace(b'"HERE"', value)


BAD = [
    # F9: nesting, digits and keys without end
    ("unread", b"[" * 100_000 + b"]" * 100_000, "too_deep", "$"),
    ("amount", b"1" * 5000, "bad_number", "$.items[0].amount"),
    ("unread", json.dumps(dict.fromkeys(map(str, range(100_000)), 1)).encode(), "too_many_keys", "$.unheardOf"),
    # F10: other encodings in one line
    ("email", b'"\xff\xfe"', "not_utf8", "$"),
    ("email", '"příliš@posta.example"'.encode("iso8859-2"), "not_utf8", "$"),
    # F11: half a character, a control character that is not escaped
    ("email", rb'"\ud800"', "lone_surrogate", "$.email"),
    ("email", b'"a\x00b"', "not_json", "$"),
    # F12: what is no number
    ("total", b"NaN", "bad_number", PRICE),
    ("total", b"-Infinity", "bad_number", PRICE),
    ("total", b"1e400", "bad_number", PRICE),
    ("total", b'"1,5"', "bad_number", PRICE),
    ("total", b'""', "bad_number", PRICE),
    ("total", b'"0x10"', "bad_number", PRICE),
    ("total", b"true", "bad_value", PRICE),
    # F13: more than a column holds, parts of a penny
    ("total", b'"1000000000000.00"', "out_of_range", PRICE),
    ("total", b'"1.005"', "too_precise", PRICE),
    # F14: an amount that nobody buys
    ("amount", b"1000000001", "out_of_range", "$.items[0].amount"),
    # F15 and F16: times that no calendar has, that have no offset, that lie outside of what is kept
    ("time", b'"10000-01-01T00:00:00+0000"', "bad_date", "$.creationTime"),
    ("time", b'"2026-03-01T24:00:00+0100"', "bad_date", "$.creationTime"),
    ("time", b'"2026-03-01T10:00:00"', "bad_date", "$.creationTime"),
    ("time", b"null", "missing_field", "$.creationTime"),
    ("time", b'"0001-01-01T00:00:00+0000"', "out_of_range", "$.creationTime"),
    ("time", b'"1970-01-01T00:00:00+0000"', "out_of_range", "$.creationTime"),
    ("time", b'"9999-12-31T00:00:00+0000"', "out_of_range", "$.creationTime"),
    # F18: a key given twice
    ("email", b'"a@b.example", "email": "c@d.example"', "duplicate_key", "$.email"),
    # F21: another type than the field has
    ("items", b'{"0": {}}', "bad_value", "$.items"),
    ("code", b"[1]", "bad_value", "$.code"),
]


def test_every_bad_value_is_set_aside_with_its_place_and_the_rest_loads(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F9 to F16, F18, F21."""
    file = packed(an_order_line("first"), *(bad(place, value) for place, value, _, _ in BAD), an_order_line("last"))
    assert books(load(app, shop, file)) == {"lines": len(BAD) + 2, "inserted": 2, "quarantined": len(BAD)}
    aside = db.session.scalars(select(QuarantinedRecord).order_by(QuarantinedRecord.line)).all()
    assert [(row.line, row.error_code, row.path) for row in aside] == [
        (line, code, path) for line, (_, _, code, path) in enumerate(BAD, 2)
    ]
    assert all(row.reason.endswith(".") for row in aside)
    assert set(db.session.scalars(select(Order.code))) == {"first", "last"}
    assert broken_invariants(db) == []


def amounts(code: str, item: dict[str, Any] | None = None, repeated: int = 1, **price: str) -> dict[str, Any]:
    order = an_order_line(code, lines=[a_line() | (item or {})] * repeated)
    order["price"] |= {"withVat": "1.00", "vat": "0.00", "toPay": "1.00", **price}
    return order


MOST, ONE = "900000000000.00", "1.00"
BEYOND = [  # each number can be kept, and what is reckoned from them cannot
    (
        amounts("rate", {"itemPrice": {"withVat": ONE, "withoutVat": MOST, "vat": "0.00", "vatRate": "21.00"}}, exchangeRate="0.00000001"),
        "$.items[0].itemPrice.withoutVat",
    ),
    (amounts("net", withoutVat=MOST, exchangeRate="0.00000001"), "$.price"),
    (amounts("tax", withVat=MOST, withoutVat=f"-{MOST}"), "$.price"),
    (amounts("units", {"amount": "999999999.000"}, repeated=200), "$.items"),
]  # fmt: skip


def test_f13_what_comes_to_too_much_when_it_is_mapped_is_set_aside_as_well(
    app: Flask, db: SQLAlchemy, shop: Shop
) -> None:
    """F13: the numbers of a line are fine one by one; it is refused where it is made into rows, and the rest loads."""
    file = packed(an_order_line("first"), *(order for order, _ in BEYOND), an_order_line("last"))
    assert books(load(app, shop, file)) == {"lines": len(BEYOND) + 2, "inserted": 2, "quarantined": len(BEYOND)}
    aside = db.session.scalars(select(QuarantinedRecord).order_by(QuarantinedRecord.line)).all()
    assert [(row.line, row.error_code, row.path) for row in aside] == [
        (line, "out_of_range", path) for line, (_, path) in enumerate(BEYOND, 2)
    ]
    assert "9.00E+19 in the shop’s currency" in aside[0].reason
    assert broken_invariants(db) == []


LEGAL = ["😀 👩‍👩‍👧", "\u05e2\u05d1\u05e8\u05d9\u05ea \u200f\u202e", "e\u0301 and \u00e9", "a\u2028b\u2029c\x85d", "\x7f\x80\x9f", "tab\tline\nfeed"]  # fmt: skip


def test_f10_f11_legal_text_comes_back_to_the_byte_and_what_is_changed_is_noted(
    app: Flask, db: SQLAlchemy, shop: Shop
) -> None:
    """F10: a mark of byte order in front is no part of the text. F11: NUL and its like are replaced, never dropped."""
    lines = [a_line(f"SKU-{number}", name=name) for number, name in enumerate([*LEGAL, "a\0b\x1f"])]
    file = b"\xef\xbb\xbf" + json.dumps(an_order_line("1", lines=lines)).encode() + b"\n"
    assert books(load(app, shop, file)) == {"lines": 1, "inserted": 1}
    stored = db.session.scalars(select(OrderItem.name).order_by(OrderItem.line)).all()
    assert stored == [*LEGAL, "a\ufffdb\ufffd"]
    changes = db.session.scalars(select(Order)).one().particulars["changes"]
    assert [change for change in changes if change.startswith("items[6].name")]


def test_f19_the_same_number_of_an_order_is_the_same_order(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F19: a number or its text, with or without blanks around; noughts in front and capitals make another one."""
    load(app, shop, packed(an_order_line("7"), an_order_line("007"), an_order_line("a7"), an_order_line("A7")))
    ids = {order.code: order.id for order in db.session.scalars(select(Order))}
    assert set(ids) == {"7", "007", "a7", "A7"}
    again = [an_order_line(code) for code in ("7", "007", "a7", "A7")]
    again[0]["code"], again[2]["code"] = 7, " a7 "
    assert load(app, shop, packed(*again)).inserted == 0
    assert {order.code: order.id for order in db.session.scalars(select(Order))} == ids
    assert broken_invariants(db) == []


@pytest.mark.parametrize("quantity", [-3, 0, "0.250", 1_000_000_000])
def test_f14_quantities_are_kept_as_they_are(app: Flask, db: SQLAlchemy, shop: Shop, quantity: Any) -> None:
    """F14: a refund is negative, nothing is nothing, and a thousand million is not clipped."""
    amount = "-121.00" if quantity == -3 else "121.00"
    load(app, shop, packed(an_order_line("1", lines=[a_line("SKU-1", amount, quantity)])))
    item = db.session.scalars(select(OrderItem)).one()
    assert (item.quantity, item.total) == (Decimal(str(quantity)), Decimal(amount))
    assert db.session.scalars(select(Order.total)).one() == Decimal(amount)
    assert broken_invariants(db) == []


def test_f13_sums_of_awkward_amounts_are_exact(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F13: what floats would get wrong, and 30 noughts behind the point."""
    lines = [a_line(f"SKU-{number}", amount) for number, amount in enumerate(["0.10", "0.20", "0.70", "1.10", "2.20"])]
    lines[0]["itemPrice"] = dict(lines[0]["itemPrice"], withVat="0.1" + "0" * 29)
    load(app, shop, packed(an_order_line("1", lines=lines), an_order_line("2", lines=lines)))
    assert db.session.scalars(select(Order.total)).all() == [Decimal("4.30")] * 2
    assert sum(db.session.scalars(select(OrderItem.total))) == Decimal("8.60")
    assert broken_invariants(db) == []


def test_f15_a_day_is_the_shops_day_also_when_its_clock_jumps(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F15: the hour that spring leaves out, the hour that autumn has twice."""
    times = {
        "gap": ("2025-03-30T02:30:00+0100", datetime(2025, 3, 30, 1, 30, tzinfo=UTC), date(2025, 3, 30)),
        "once": ("2025-10-26T02:30:00+0200", datetime(2025, 10, 26, 0, 30, tzinfo=UTC), date(2025, 10, 26)),
        "twice": ("2025-10-26T02:30:00+0100", datetime(2025, 10, 26, 1, 30, tzinfo=UTC), date(2025, 10, 26)),
        "eve": ("2025-03-29T23:30:00Z", datetime(2025, 3, 29, 23, 30, tzinfo=UTC), date(2025, 3, 30)),
    }
    load(app, shop, packed(*(an_order_line(code, creationTime=given) for code, (given, _, _) in times.items())))
    found = {order.code: (order.placed_at, order.local_day) for order in db.session.scalars(select(Order))}
    assert found == {code: (at, day) for code, (_, at, day) in times.items()}
    assert broken_invariants(db) == []
