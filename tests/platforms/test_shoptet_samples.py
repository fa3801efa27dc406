"""Every sample of the reference and the real shop's files are read."""

import gzip
import json
from decimal import Decimal
from itertools import islice

import pytest

from shop.platforms.records import Kind
from tests.platforms.lines import SHARED, SHOPTET, read_order

SAMPLES = SHARED / "reference" / "samples"
RETAIL = SHARED / "data" / "online-retail"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples do not lie beside the project")
needs_retail = pytest.mark.skipif(not RETAIL.is_dir(), reason="the shared retail files do not lie beside the project")

DETAILS = {"order": Kind.ORDERS, "customer": Kind.CUSTOMERS, "product": Kind.PRODUCTS}


@needs_samples
@pytest.mark.parametrize("kind", DETAILS)
@pytest.mark.parametrize("source", ["shoptet", "shoptet_postman"])
def test_every_detail_of_the_api_is_read(source: str, kind: str) -> None:
    line = (SAMPLES / f"{source}_{kind}_detail.json").read_bytes()
    record = SHOPTET.decode(DETAILS[kind])(line)
    peek = SHOPTET.peek(DETAILS[kind])(line)
    assert peek.key in (getattr(record, "code", None), record.guid)
    assert peek.changed_at == record.changed_at
    assert record.changes == []


@needs_samples
def test_the_sample_snapshot_is_read_with_all_its_oddities() -> None:
    plain = (SAMPLES / "shoptet_snapshot_orders.jsonl").read_bytes()
    assert gzip.decompress((SAMPLES / "shoptet_snapshot_orders.jsonl.gz").read_bytes()) == plain
    orders = [read_order(line) for line in plain.splitlines()]
    first, with_set, counter, foreign, cancelled, again = orders
    assert (first.email, first.total, first.lines[3].total) == ("buyer@example.com", Decimal(600), Decimal(-208))
    assert [(line.item_type, line.parent_line) for line in with_set.lines[2:]] == [("product-set-item", 1)] * 2
    assert (counter.email, counter.cash_desk, counter.paid) == (None, True, None)
    assert (foreign.guid, foreign.currency, foreign.lines[0].sku) == (None, "EUR", None)
    assert (cancelled.total, cancelled.lines[0].total) == (0, Decimal(350))
    assert (again.code, again.status_code) == (first.code, "70")
    assert again.changed_at is not None
    assert first.changed_at is not None
    assert again.changed_at > first.changed_at
    for order in orders:
        assert order.status_code == "-4" or sum(line.total for line in order.lines) == order.total


@needs_retail
@pytest.mark.parametrize(("kind", "known"), [(Kind.ORDERS, 2000), (Kind.CUSTOMERS, 4372), (Kind.PRODUCTS, 4059)])
def test_the_real_shops_lines_are_all_read(kind: Kind, known: int) -> None:
    """The first two thousand orders here; the pipeline's test loads them all and compares every figure."""
    read, peek = SHOPTET.decode(kind), SHOPTET.peek(kind)
    with gzip.open(RETAIL / f"{kind}.jsonl.gz") as file:
        count = 0
        for line in islice(file, known):
            record = read(line)
            assert record.changes == []
            assert peek(line).changed_at == record.changed_at
            count += 1
        assert kind is Kind.ORDERS or file.readline() == b"", "the file has more lines than were read"
    assert count == known


@needs_retail
def test_a_real_order_says_what_its_line_says() -> None:
    with gzip.open(RETAIL / "orders.jsonl.gz") as file:
        line = next(file)
    order, written = read_order(line), json.loads(line)
    assert [str(item.total) for item in order.lines] == [item["itemPrice"]["withVat"] for item in written["items"]]
    assert str(order.total) == written["price"]["withVat"]
    assert sum(item.total for item in order.lines) == order.total
