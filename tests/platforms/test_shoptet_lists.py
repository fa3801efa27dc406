"""Lists read page by page: the end, rows that shift, pages that repeat, and one page in memory."""

from collections.abc import Iterator
from typing import Any

import pytest

from shop.platforms import failures
from shop.platforms.failures import PlatformFailure
from shop.platforms.shoptet.answers import OrderRow
from shop.platforms.shoptet.paging import Listing, Walk
from tests.platforms.scripted import Asked, Clock, Say, Script, a_shop_at, bad, good, html, page

ORDERS = Listing("/api/orders", "orders", OrderRow, key=lambda row: row.code, per_page=50)
ASK = "GET /api/orders"


def codes(script: Script, clock: Clock, listing: Listing[OrderRow] = ORDERS) -> Iterator[str]:
    return (row.code for row in Walk(a_shop_at(script, clock.timing()).api, listing, {"statusId": "-1"}))


def rows(*names: str) -> list[dict[str, Any]]:
    return [{"code": name, "more": 1} for name in names]


def orders(names: str, number: int, of: int, total: int, size: int = 2) -> Say:
    return page("orders", rows(*names), number, of, total, size)


def test_every_page_is_read_once_and_the_filters_go_along(script: Script, clock: Clock) -> None:
    script.expect(ASK, orders("ab", 1, 3, 5), orders("cd", 2, 3, 5), orders("e", 3, 3, 5))
    assert "".join(codes(script, clock)) == "abcde"
    assert [asked.query for asked in script.asked] == [
        {"statusId": "-1", "itemsPerPage": "50", "page": str(number)} for number in (1, 2, 3)
    ]


def test_a_page_is_asked_for_only_when_the_one_before_is_used_up(script: Script, clock: Clock) -> None:
    script.expect(ASK, orders("ab", 1, 3, 5))
    walked = codes(script, clock)
    assert [next(walked), next(walked)] == ["a", "b"]
    assert len(script.asked) == 1


def test_an_empty_list_is_one_call(script: Script, clock: Clock) -> None:
    script.expect(ASK, orders("", 1, 0, 0))
    assert list(codes(script, clock)) == []


@pytest.mark.parametrize("status", [404, 400])
def test_page_not_found_at_the_end_is_the_end(script: Script, clock: Clock, status: int) -> None:
    """The last page's rows were deleted meanwhile, and what was pulled onto the page before is read there."""
    gone = bad(status, "page-not-found", "Page 2 not found, max page is 1.")
    script.expect(ASK, orders("ab", 1, 2, 3), gone, orders("bc", 1, 1, 2))
    assert "".join(codes(script, clock)) == "abc"


def test_an_empty_404_for_the_last_page_is_the_end_and_for_another_it_is_not(script: Script, clock: Clock) -> None:
    script.expect(ASK, orders("ab", 1, 2, 3), Say(404), orders("ab", 1, 1, 2))
    assert "".join(codes(script, clock)) == "ab"
    script.expect(ASK, orders("ab", 1, 9, 18), Say(404))
    with pytest.raises(failures.NotThere):
        list(codes(script, clock))


def test_a_page_not_found_where_the_list_begins_is_a_failure(script: Script, clock: Clock) -> None:
    script.expect(ASK, bad(404, "page-not-found"))
    with pytest.raises(failures.NotThere):
        list(codes(script, clock))


def test_f25_a_row_added_before_our_place_doubles_nothing(script: Script, clock: Clock) -> None:
    """F25. b is pushed to the second page by a new row on the first."""
    script.expect(ASK, orders("ab", 1, 2, 4), orders("bc", 2, 3, 5), orders("d", 3, 3, 5))
    assert "".join(codes(script, clock)) == "abcd"


def test_f25_a_row_deleted_before_our_place_loses_nothing(script: Script, clock: Clock) -> None:
    """F25. a goes, c is pulled to the first page: the total shrinks, and that page is read once more."""
    script.expect(ASK, orders("ab", 1, 3, 5), orders("de", 2, 2, 4), orders("bc", 1, 2, 4))
    assert sorted(codes(script, clock)) == list("abcde")


def test_the_page_that_was_to_be_read_again_may_be_gone(script: Script, clock: Clock) -> None:
    script.expect(ASK, orders("ab", 1, 2, 3), bad(404, "page-not-found"), bad(404, "page-not-found"))
    assert "".join(codes(script, clock)) == "ab"


@pytest.mark.parametrize("number", [1, 2])
def test_f26_the_same_page_for_ever_is_noticed(script: Script, clock: Clock, number: int) -> None:
    """F26. A list that loops on one page ends as a failure that passes."""
    script.expect(ASK, orders("ab", 1, 99, 198), orders("ab", number, 99, 198))
    with pytest.raises(failures.ListShifted) as caught:
        list(codes(script, clock))
    assert (caught.value.code, caught.value.transient) == ("list_unsteady", True)


def test_f26_two_pages_in_turn_for_ever_are_noticed(script: Script, clock: Clock) -> None:
    """F26. So does one that loops over two."""
    script.expect(ASK, orders("ab", 1, 99, 198), orders("cd", 2, 99, 198), orders("ab", 3, 99, 198))
    with pytest.raises(failures.ListShifted):
        list(codes(script, clock))


def test_the_size_of_a_page_is_read_and_never_assumed(script: Script, clock: Clock) -> None:
    script.expect(ASK, orders("ab", 1, 2, 3), orders("c", 2, 2, 3))
    assert "".join(codes(script, clock)) == "abc", "fifty were asked for, two came on each"
    script.expect(ASK, orders("ab", 1, 2, 3), orders("c", 2, 3, 3, size=1))
    with pytest.raises(failures.ListShifted, match="size"):
        list(codes(script, clock))


def test_a_size_that_is_refused_is_left_to_the_platform(script: Script, clock: Clock) -> None:
    script.expect(ASK, bad(400, "invalid-parameter"), orders("ab", 1, 2, 3), orders("c", 2, 2, 3))
    assert "".join(codes(script, clock)) == "abc"
    assert ["itemsPerPage" in asked.query for asked in script.asked] == [True, False, False]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(good({"paginator": {}}), failures.ContractBroken), (good({"orders": {}}), failures.ContractBroken),
     (good({"orders": [{}]}), failures.ContractBroken), (good({"orders": [], "paginator": {}}), failures.ContractBroken),
     (good([]), failures.ContractBroken), (html(200), failures.ContractBroken), (Say(404), failures.NotThere)],
)  # fmt: skip
def test_what_is_no_list_is_told(script: Script, clock: Clock, answer: Say, kind: type[PlatformFailure]) -> None:
    script.expect(ASK, answer)
    with pytest.raises(kind):
        list(codes(script, clock))


def test_a_failure_in_the_middle_reaches_whoever_reads(script: Script, clock: Clock) -> None:
    script.expect(ASK, orders("ab", 1, 2, 4), bad(401, "invalid-token", "Invalid access token"))
    walked = codes(script, clock)
    assert next(walked) == "a"
    with pytest.raises(failures.BadCredentials):
        list(walked)


def test_a_list_of_any_length_leaves_one_page_and_a_window_in_memory(script: Script, clock: Clock) -> None:
    pages = 300

    def answer(asked: Asked) -> Say:
        number = int(asked.query["page"])
        return page("orders", rows(*(f"{number}-{row}" for row in range(50))), number, pages, pages * 50, 50)

    script.expect(ASK, *[answer] * pages)
    walk = Walk(a_shop_at(script, clock.timing()).api, ORDERS, {})
    assert sum(1 for _ in walk) == pages * 50
    assert len(walk.seen) == 5_000
