"""Order records as staged rows: shop-currency amounts, the parts of the total, search words, content hash."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shop.languages import gettext as _
from shop.platforms.records import BadRecord, LineRecord, OrderRecord
from shop.search import exactly, fold, marks, words
from shop.snapshots.copying import NULL, binary, flag, json, moment, number, text

CENT = Decimal("0.01")
ZERO = Decimal(0)
ONE = Decimal(1)
LARGEST = Decimal(10) ** 12  # what a column of money holds
MOST_UNITS = Decimal(10) ** 11  # what a column of pieces holds
MOST_REMEMBERED = 16_384  # lines, and names with their search words, that are kept at hand
MOST_LEXEMES = 1_000  # of one order; one with more SKUs is found by the first of them

ORDER_COLUMNS = (
    "line", "source_hash", "content_hash", "code", "changed_at", "guid", "external_code", "status_code", "status_name",
    "placed_at", "local_day", "customer_guid", "email", "name", "company", "phone", "country", "currency",
    "exchange_rate", "total", "total_without_vat", "to_pay", "paid", "total_shop", "gross_sales", "discounts",
    "shipping", "fees", "tax", "rounding", "items", "units", "cash_desk", "source", "language", "payment_method",
    "shipping_method", "particulars", "search", "buyer",
)  # fmt: skip
ITEM_COLUMNS = (
    "src", "line", "fresh", "sales", "item_type", "kind", "product_guid", "sku", "name", "variant_name", "quantity", "unit",
    "unit_price", "total", "total_without_vat", "vat_rate", "purchase_price", "parent_line",
)  # fmt: skip


class Written(NamedTuple):
    """What a line of an order is written as wherever it stands; made once for all the orders that hold it."""

    line: LineRecord  # kept, so that its identity stays its own
    kind: str
    words: tuple[str, ...]
    body: str  # the columns after its amount in the shop's currency


class OrderMapper:
    """Turns the orders of one shop into rows of COPY text. One instance serves one run."""

    def __init__(self, zone: ZoneInfo, line_kind: Callable[[str], str]) -> None:
        self.zone = zone
        self.line_kind = line_kind
        self.kinds: dict[str, tuple[str, str]] = {}
        self.words_of = lru_cache(maxsize=MOST_REMEMBERED)(quoted_words)
        self.marks_of = lru_cache(maxsize=1024)(quoted_marks)
        self.written: dict[int, Written] = {}

    def rows(self, order: OrderRecord, line: int, source_hash: bytes, *, plain: bool) -> tuple[str, str]:
        """Return the staged order and its staged items, each row with its line feed.

        `plain` says that the source held no backslash, so that no value can need escaping. Raises BadRecord where an
        amount is more than can be kept once it is reckoned in the shop's currency.
        """
        sums = Sums()
        bodies, lexemes = self.items(order, sums)
        body = self.order_body(order, sums, text if not plain else unescaped)
        content = blake2b(body.encode(), digest_size=16)
        content.update("".join(bodies).encode())
        search = self.search(order, lexemes)
        row = f"{line}\t{binary(source_hash)}\t{binary(content.digest())}\t{body}\t{search}\n"
        prefix = f"{line}\t"
        return row, prefix + prefix.join(bodies) if bodies else ""

    def items(self, order: OrderRecord, sums: "Sums") -> tuple[list[str], set[str]]:
        """Return the staged items without their first column, and the search words they bring; books their amounts."""
        rate = order.exchange_rate
        same_currency = rate == ONE
        written, add = self.written, sums.add
        bodies: list[str] = []
        seen: set[str | None] = set()
        lexemes: set[str] = set()
        for place, item in enumerate(order.lines, 1):
            _, kind, words_found, body = written.get(id(item)) or self.write(item)
            net, sku = item.total_without_vat, item.sku
            sales = net if same_currency else (net / rate).quantize(CENT, ROUND_HALF_UP)
            if not -LARGEST < sales < LARGEST:
                raise beyond(f"$.items[{place - 1}].itemPrice.withoutVat", sales)
            add(kind, sales, item.quantity)
            fresh = "f"  # whether this is the order's first line of goods with this SKU
            if kind == "goods" and sku not in seen:
                fresh = "t"
                seen.add(sku)
            lexemes.update(words_found)
            bodies.append(f"{place}\t{fresh}\t{sales!s}\t{body}")
        return bodies, lexemes

    def write(self, item: LineRecord) -> Written:
        kind, word = self.kinds.get(item.item_type) or self.learn_kind(item.item_type)
        bought, parent = item.purchase_price, item.parent_line
        body = "\t".join((
            text(item.item_type), kind, text(item.product_guid), text(item.sku), text(item.name), text(item.variant_name),
            number(item.quantity), text(item.unit), number(item.unit_price), number(item.total),
            number(item.total_without_vat), number(item.vat_rate), number(bought), number(parent),
        ))  # fmt: skip
        words_found = (word,) if item.sku is None else (word, exactly("#" + fold(item.sku)))
        if len(self.written) >= MOST_REMEMBERED:
            self.written.clear()
        return self.written.setdefault(id(item), Written(item, kind, words_found, body + "\n"))

    def learn_kind(self, item_type: str) -> tuple[str, str]:
        return self.kinds.setdefault(item_type, (self.line_kind(item_type), exactly("%" + fold(item_type))))

    def search(self, order: OrderRecord, lexemes: set[str]) -> str:
        """Return the last two columns: by what words the order is found, and by which of them its buyer."""
        buyer: set[str] = set()
        if order.email:
            buyer.add(exactly(order.email))
        for name in (order.name, order.company):
            if name:
                buyer |= self.words_of(name)
        lexemes |= buyer
        lexemes |= self.marks_of(order.country, order.currency, order.paid)
        lexemes.add(exactly(fold(order.code)))
        kept = lexemes if len(lexemes) <= MOST_LEXEMES else sorted(lexemes)[:MOST_LEXEMES]
        return f"{text(' '.join(kept))}\t{text(' '.join(buyer))}"

    def order_body(self, order: OrderRecord, sums: "Sums", escaped: Callable[[str | None], str]) -> str:
        """Return the columns between the hashes and the search words."""
        rate = order.exchange_rate
        total_shop = in_shop_currency(order.total, rate)
        tax = in_shop_currency(order.total - order.total_without_vat, rate)
        rounding = total_shop - (sums.gross - sums.discounts + sums.shipping + sums.fees + tax)
        for amount in (total_shop, sums.gross, sums.discounts, sums.shipping, sums.fees, tax, rounding):
            if not -LARGEST < amount < LARGEST:
                raise beyond("$.price", amount)
        if not -MOST_UNITS < sums.units < MOST_UNITS:
            raise BadRecord(
                "out_of_range",
                "$.items",
                _("This comes to %(units)s pieces, more than can be kept.", units=f"{sums.units:.2E}"),
            )
        return "\t".join((
            escaped(order.code), moment(order.changed_at), escaped(order.guid), escaped(order.external_code),
            escaped(order.status_code), escaped(order.status_name), moment(order.placed_at),
            self.local_day(order.placed_at).isoformat(), escaped(order.customer_guid), escaped(order.email),
            escaped(order.name), escaped(order.company), escaped(order.phone), escaped(order.country), order.currency,
            str(rate), str(order.total), str(order.total_without_vat), str(order.to_pay),
            flag(order.paid), str(total_shop), str(sums.gross), str(sums.discounts), str(sums.shipping),
            str(sums.fees), str(tax), str(rounding), str(len(order.lines)), str(sums.units),
            flag(order.cash_desk), escaped(order.source), escaped(order.language), escaped(order.payment_method),
            escaped(order.shipping_method), json(particulars(order)),
        ))  # fmt: skip

    def local_day(self, placed_at: datetime) -> date:
        return placed_at.astimezone(self.zone).date()


def quoted_words(name: str) -> frozenset[str]:
    return frozenset(map(exactly, words(name)))


def quoted_marks(country: str | None, currency: str, paid: bool | None) -> frozenset[str]:
    return frozenset(map(exactly, marks(country, currency, paid)))


class Sums:
    """The parts of an order's total, without VAT, in the shop's currency."""

    __slots__ = ("discounts", "fees", "gross", "shipping", "units")

    def __init__(self) -> None:
        self.gross = self.discounts = self.shipping = self.fees = self.units = ZERO

    def add(self, kind: str, amount: Decimal, quantity: Decimal) -> None:
        """Book one line. A negative line of goods is a discount, not a return; deposits are left to the rounding."""
        if kind == "goods":
            self.units += quantity
            if amount < ZERO:
                self.discounts -= amount
            else:
                self.gross += amount
        elif kind == "shipping":
            self.shipping += amount
        elif kind == "fee":
            self.fees += amount
        elif kind == "discount":
            self.discounts -= amount


def beyond(path: str, amount: Decimal) -> BadRecord:
    return BadRecord(
        "out_of_range",
        path,
        _("This comes to %(amount)s in the shop’s currency, more than can be kept.", amount=f"{amount:.2E}"),
    )


def unescaped(value: str | None) -> str:
    return NULL if value is None else value


def in_shop_currency(amount: Decimal, rate: Decimal) -> Decimal:
    """`rate` is order currency for one unit of the shop's currency, at the time of the order."""
    return amount if rate == ONE else (amount / rate).quantize(CENT, ROUND_HALF_UP)


def particulars(order: OrderRecord) -> dict[str, object]:
    """What is shown on the order's page and nowhere summed or sorted."""
    kept = {
        "billing_address": order.billing_address,
        "delivery_address": order.delivery_address,
        "customer_note": order.customer_note,
        "shop_note": order.shop_note,
        "tracking_number": order.tracking_number,
        "vat": None if order.vat is None else str(order.vat),
        "changes": order.changes or None,
    }
    return {key: value for key, value in kept.items() if value is not None}
