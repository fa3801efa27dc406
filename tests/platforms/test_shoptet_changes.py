"""Feeds of changes, single entities, and the slow walk of a shop that cannot have exports."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shop.platforms import failures
from shop.platforms.records import Kind
from shop.platforms.remote import Change
from tests.platforms.lines import SHOPTET, a_product, an_order
from tests.platforms.scripted import Clock, Script, a_shop_at, bad, eshop, good, page

NOW = datetime(2026, 9, 21, 18, 0, tzinfo=UTC)


def a_change(key: str, what: str = "edit", minute: int = 0, **more: Any) -> dict[str, Any]:
    return {"code": key, "changeTime": f"2026-09-21T19:{minute:02}:00+0200", "changeType": what} | more


def test_changes_are_read_from_the_platforms_clock_with_an_overlap(script: Script, clock: Clock) -> None:
    script.date = NOW + timedelta(hours=1)  # theirs is an hour ahead
    script.expect("GET /api/eshop", good(eshop()))
    shop = a_shop_at(script, clock.timing())
    feed = shop.changes(Kind.ORDERS, NOW)
    assert feed.next_since == NOW + timedelta(minutes=55)
    first = page("changes", [a_change("1"), a_change("2/x", "delete")], 1, 2, 3)
    script.expect("GET /api/orders/changes", first, page("changes", [a_change("3", "add")], 2, 2, 3))
    at = datetime(2026, 9, 21, 17, 0, tzinfo=UTC)
    assert list(feed.changes) == [Change("1", at, False), Change("2/x", at, True), Change("3", at, False)]
    assert script.asked[1].query == {"from": "2026-09-21T18:00:00+0000", "itemsPerPage": "1000", "page": "1"}


@pytest.mark.parametrize(("kind", "size"), [(Kind.CUSTOMERS, "20"), (Kind.PRODUCTS, "1000")])
def test_customers_and_products_change_by_their_guid(script: Script, clock: Clock, kind: Kind, size: str) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    row = {"guid": "g-1", "changeTime": None, "changeType": "merged"}
    script.expect(f"GET /api/{kind}/changes", page("changes", [row]))
    feed = a_shop_at(script, clock.timing()).changes(kind, datetime.now(UTC))
    assert list(feed.changes) == [Change("g-1", None, False)], "a word that nobody knows is a change"
    assert script.asked[-1].query["itemsPerPage"] == size


def test_an_entity_that_changes_again_while_the_feed_is_read_is_told_twice(script: Script, clock: Clock) -> None:
    script.date = NOW
    script.expect("GET /api/eshop", good(eshop()))
    first = page("changes", [a_change("1"), a_change("2")], 1, 2, 3)
    script.expect("GET /api/orders/changes", first, page("changes", [a_change("2"), a_change("1", minute=9)], 2, 2, 4))
    feed = a_shop_at(script, clock.timing()).changes(Kind.ORDERS, NOW)
    assert [change.key for change in feed.changes] == ["1", "2", "1"]


def test_a_feed_does_not_reach_beyond_what_the_platform_remembers(script: Script, clock: Clock) -> None:
    script.date = NOW
    script.expect("GET /api/eshop", good(eshop()))
    with pytest.raises(failures.FeedTooOld, match="complete snapshot"):
        a_shop_at(script, clock.timing()).changes(Kind.ORDERS, NOW - timedelta(days=30))


def test_entities_are_lines_that_our_decoder_reads_and_the_deleted_ones_are_none(script: Script, clock: Clock) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    script.expect("GET /api/orders/1%2Fx", good({"order": an_order(code="1/x")}))
    script.expect("GET /api/orders/gone", bad(404, "order-not-found"))
    shop = a_shop_at(script, clock.timing())
    (key, line), gone = shop.details(Kind.ORDERS, ["1/x", "gone"])
    assert (key, gone) == ("1/x", ("gone", None))
    assert line is not None
    assert SHOPTET.decode(Kind.ORDERS)(line).code == "1/x"
    assert script.asked[1].query == {"include": "notes"}
    script.expect("GET /api/products/p", good(a_product(guid="p")))
    ((_, line),) = shop.details(Kind.PRODUCTS, ["p"])
    assert line is not None
    assert SHOPTET.decode(Kind.PRODUCTS)(line).guid == "p"


def test_a_walk_yields_every_entity_and_leaves_out_what_went_meanwhile(script: Script, clock: Clock) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    script.expect("GET /api/orders", page("orders", [{"code": "1"}, {"code": "2"}]))
    script.expect("GET /api/orders/1", good({"order": an_order(code="1")}))
    script.expect("GET /api/orders/2", bad(404, "order-not-found"))
    lines = list(a_shop_at(script, clock.timing()).walk(Kind.ORDERS, NOW))
    assert [json.loads(line)["order"]["code"] for line in lines] == ["1"]
    assert script.asked[1].query["changeTimeFrom"] == "2026-09-21T18:00:00+0000"


def test_a_walk_of_customers_compares_their_times_itself(script: Script, clock: Clock) -> None:
    rows = [
        {"guid": "old", "changeTime": "2026-09-21T19:59:59+0200"},
        {"guid": "new", "changeTime": "2026-09-21T20:00:00+0200"},
        {"guid": "unknown", "changeTime": None},
    ]
    script.expect("GET /api/eshop", good(eshop()))
    script.expect("GET /api/customers", page("customers", rows))
    script.expect("GET /api/customers/new", good({"customer": {"guid": "new"}}))
    script.expect("GET /api/customers/unknown", good({"customer": {"guid": "unknown"}}))
    assert len(list(a_shop_at(script, clock.timing()).walk(Kind.CUSTOMERS, NOW))) == 2
    assert "changeTimeFrom" not in script.asked[1].query
