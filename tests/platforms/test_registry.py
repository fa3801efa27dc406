"""The platforms by name, what their words mean, and the quick look at a line."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shop.errors import ShopError
from shop.platforms.failures import Refused
from shop.platforms.records import BadRecord, Kind, Peek
from shop.platforms.registry import PLATFORMS, platform
from shop.platforms.remote import Access, Remote
from shop.platforms.shoptet.connection import ShoptetShop
from shop.platforms.tokens import MemoryTokens
from tests.platforms.lines import SHOPTET, a_customer, a_product, an_order, raw


def test_every_platform_reads_every_kind() -> None:
    for known in PLATFORMS.values():
        for kind in Kind:
            assert callable(known.decode(kind))
            assert callable(known.peek(kind))


def test_an_unknown_platform_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ShopError, match="shoptet"):
        platform("magento")


@pytest.mark.parametrize(
    ("code", "category", "counted"),
    [
        ("-1", "new", True),
        ("-2", "open", True),
        ("-3", "done", True),
        ("-4", "cancelled", False),
        ("70", "open", True),
        ("none", "open", True),
    ],
)
def test_statuses_of_the_system_have_a_meaning_and_own_ones_are_open(code: str, category: str, counted: bool) -> None:
    assert (SHOPTET.status_category(code), SHOPTET.counted_by_default(code)) == (category, counted)


@pytest.mark.parametrize(
    ("item_type", "kind"),
    [("product", "goods"), ("bazar", "goods"), ("service", "goods"), ("gift", "goods"), ("gift-certificate", "goods"),
     ("generic-item", "goods"), ("product-set", "goods"), ("never-heard-of", "goods"), ("shipping", "shipping"),
     ("billing", "fee"), ("discount-coupon", "discount"), ("volume-discount", "discount"), ("product-set-item", "part"),
     ("deposit", "deposit")],
)  # fmt: skip
def test_every_word_for_a_line_has_a_kind(item_type: str, kind: str) -> None:
    assert SHOPTET.line_kind(item_type, Decimal("1.00")) == SHOPTET.line_kind(item_type) == kind


def test_negative_goods_are_a_discount_and_negative_shipping_is_still_shipping() -> None:
    assert SHOPTET.line_kind("product", Decimal("-0.01")) == "discount"
    assert SHOPTET.line_kind("shipping", Decimal("-0.01")) == "shipping"


@pytest.mark.parametrize(
    ("kind", "line", "key"),
    [(Kind.ORDERS, an_order(code=" 1/x "), "1/x"), (Kind.ORDERS, {"order": an_order(code=7)}, "7"),
     (Kind.CUSTOMERS, a_customer(guid="g"), "g"), (Kind.CUSTOMERS, {"data": {"customer": a_customer(guid="g")}}, "g"),
     (Kind.PRODUCTS, a_product(guid="p"), "p"), (Kind.PRODUCTS, {"data": a_product(guid="p")}, "p")],
)  # fmt: skip
def test_a_peek_has_the_key_and_the_age_that_the_record_has(kind: Kind, line: object, key: str) -> None:
    peek, record = SHOPTET.peek(kind)(raw(line)), SHOPTET.decode(kind)(raw(line))
    assert peek == Peek(key, record.changed_at)
    assert key == (record.code if kind is Kind.ORDERS else record.guid)


@pytest.mark.parametrize("changed", [None, "9999-01-01T00:00:00+0000", "soon"])
def test_a_peek_at_an_impossible_age_says_nothing_of_it(changed: str | None) -> None:
    assert SHOPTET.peek(Kind.ORDERS)(raw(an_order(changeTime=changed))) == Peek("126000101", None)


def test_a_peek_at_what_has_no_key_is_refused() -> None:
    for line in (b"", b"{}", b"[]", b"\xff", raw({"code": ""}), raw({"code": None})):
        with pytest.raises(BadRecord):
            SHOPTET.peek(Kind.ORDERS)(line)


def test_a_peek_understands_both_forms_of_an_offset() -> None:
    for given in ("2025-09-22T12:14:17+0200", "2025-09-22T12:14:17+02:00", "2025-09-22T10:14:17Z"):
        peek = SHOPTET.peek(Kind.ORDERS)(raw(an_order(changeTime=given)))
        assert peek.changed_at == datetime(2025, 9, 22, 10, 14, 17, tzinfo=UTC)


def test_a_platform_that_is_not_called_says_so() -> None:
    files = replace(SHOPTET, name="files", remote=None, notices=None)
    with pytest.raises(Refused, match="files"):
        files.connect(Access({}, MemoryTokens(lambda: datetime.now(UTC))))
    with pytest.raises(Refused, match="files"):
        files.notice({}, b"", [])


def test_shoptet_is_called_at_its_public_address_unless_told_otherwise() -> None:
    tokens = MemoryTokens(lambda: datetime.now(UTC))
    remote: Remote = SHOPTET.connect(Access({"token": "t"}, tokens))
    assert isinstance(remote, ShoptetShop)
    assert remote.api.base == "https://api.myshoptet.com"
    remote.close()
