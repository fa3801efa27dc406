"""Lines without the people in them: what is recognised, what stays, and that no amount changes with its line."""

import json
from hashlib import blake2b

import pytest

from shop.customers.tombstones import Known, mark, without_person
from shop.platforms.people import People
from shop.platforms.records import Kind
from shop.platforms.registry import platform
from shop.snapshots.mapper_process import Processes
from shop.snapshots.mapping import Line, LineMapper
from tests.snapshots.files import a_customer_line, a_line, an_order_line

KEY = b"k" * 32
GUID = "erased-0123456789abcdef"
ORDERS: People = platform("shoptet").people[Kind.ORDERS]
CUSTOMERS: People = platform("shoptet").people[Kind.CUSTOMERS]


def erased(**values: str) -> Known:
    """Who was erased, by one or several of their names."""
    return Known("dilna", [(KEY, {mark(KEY, "dilna", kind, value): GUID for kind, value in values.items()})])


def left(line: dict[str, object] | bytes, people: People, known: Known) -> dict[str, object] | None:
    raw = line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode()
    found = without_person(raw, people, known)
    assert found is None or len(found) >= len(raw), "what follows in the file stays where it is"
    return None if found is None else json.loads(found)


@pytest.mark.parametrize(
    ("known", "is_known"),
    [
        ({"email": "Jana@Example.com "}, True),
        ({"guid": "G-1"}, True),
        ({"code": "1001"}, True),
        ({"guid": "g-1"}, False),
        ({"code": "SKU-1"}, False),
        ({"guid": "1001"}, False),
        ({"email": "jana@example.co"}, False),
    ],
    ids=["e-mail", "guid", "code", "guid in other letters", "code of an item", "code as a guid", "another e-mail"],
)
def test_an_order_is_hers_by_any_of_its_names(known: dict[str, str], is_known: bool) -> None:
    line = an_order_line("1001", email="jana@example.com", customerGuid="G-1", clientIPAddress="203.0.113.77")
    found = left(line, ORDERS, erased(**known))
    assert (found is not None) == is_known
    if found:
        assert found["customerGuid"] == ("G-1" if "email" in known else GUID), (
            "an e-mail alone makes nobody's order hers"
        )
        assert found["billingAddress"] == {"countryCode": "CZ"}
        (item,) = found["items"]  # type: ignore[misc]  # a list of one
        assert item | {"amount": 1.0} == line["items"][0]
        assert not {"clientIPAddress", "phone", "notes"} & found.keys()
        assert "Nováková" not in json.dumps(found, ensure_ascii=False)


def test_a_guests_order_goes_to_the_anonymous_identity() -> None:
    found = left(an_order_line("1", email="jana@example.com"), ORDERS, erased(email="jana@example.com"))
    assert found is not None
    assert (found["customerGuid"], found["email"]) == (GUID, None)


def test_amounts_are_written_as_they_were_read() -> None:
    raw = (
        json.dumps(an_order_line("1", lines=[a_line(quantity=1.5)]))
        .replace('"121.00"', "121.00000000000000001")
        .encode()
    )
    found = without_person(raw, ORDERS, erased(code="1"))
    assert found is not None
    assert b'"withVat":"121.00000000000000001"' in found
    assert b'"amount":"1.5"' in found


def test_a_customer_is_known_by_any_account() -> None:
    line = a_customer_line("G-1", "jana@example.com")
    for known in (erased(guid="G-1"), erased(guid="G-1-a"), erased(email="jana@example.com")):
        found = left({"data": {"customer": line}}, CUSTOMERS, known)
        assert found == {"guid": GUID, "changeTime": line["changeTime"], "accounts": []}
    assert left(line, CUSTOMERS, erased(code="G-1")) is None


def test_of_what_is_no_json_nothing_is_left() -> None:
    assert left(b'{"email": "jana@example.com", ', ORDERS, erased(email="jana@example.com")) == {"erased": GUID}
    assert left(b'{"email": "eva@example.com", ', ORDERS, erased(email="jana@example.com")) is None


def test_a_shop_knows_only_its_own() -> None:
    elsewhere = Known("jinde", erased(email="jana@example.com").marks)
    assert left(an_order_line("1", email="jana@example.com"), ORDERS, elsewhere) is None


def test_a_process_of_its_own_maps_the_same() -> None:
    raw = json.dumps(an_order_line("1", email="jana@example.com")).encode()
    line = Line(1, 0, raw, blake2b(raw, digest_size=16).digest(), whole=True)
    known = erased(email="jana@example.com")
    here = LineMapper("shoptet", Kind.ORDERS, "Europe/Prague", known).map([line])
    with Processes("shoptet", Kind.ORDERS, "Europe/Prague", 1, known) as mapper:
        there = mapper.submit([line]).result()
    assert (there.parts, there.bad, there.erased) == (here.parts, here.bad, here.erased)
    assert there.main.split(b"\t")[:-2] == here.main.split(b"\t")[:-2], "the search words come in any order"
    assert here.erased == 1
    assert GUID.encode() in here.main
    assert b"jana" not in here.main
