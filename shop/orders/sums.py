"""What an order adds up to: its lines against the total the shop sent, and the total against its parts in our books."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shop.formatting import amount, plural
from shop.orders.models import Order, OrderItem

ZERO = Decimal(0)
CASH_ROUNDING = {"HUF": Decimal("2.50")}  # the most that rounding for cash moves a total
USUAL_ROUNDING = Decimal("0.50")

Sum = tuple[str, str] | tuple[str, str, bool]  # words, amount, whether it is a total


@dataclass(frozen=True)
class Proof:
    """Two numbers that must agree, in words, and whether they do."""

    words: str
    holds: bool


@dataclass(frozen=True)
class Sums:
    """`lines` in the order's currency with VAT; `books` in the shop's currency, each part without VAT."""

    lines: list[Sum]
    lines_proof: Proof
    books: list[Sum]
    books_proof: Proof


def sums_of(order: Order, lines: Sequence[OrderItem], shop_currency: str) -> Sums:
    """Return both additions of one order, each with its proof."""
    added = sum((line.total for line in lines if line.kind != "part"), ZERO)
    return Sums(
        line_sums(order, lines, order.total - added),
        lines_proof(order, added),
        book_sums(order, shop_currency),
        books_proof(order, shop_currency),
    )


def line_sums(order: Order, lines: Sequence[OrderItem], difference: Decimal) -> list[Sum]:
    def of(*kinds: str, positive: bool | None = None) -> Decimal:
        wanted = [line.total for line in lines if line.kind in kinds]
        return sum((total for total in wanted if positive is None or (total >= 0) is positive), ZERO)

    def written(value: Decimal) -> str:
        return amount(value, order.currency)

    pieces = plural(int(order.units), "piece", "pieces") if order.units == int(order.units) else f"{order.units} units"
    parts = (
        (f"Goods, {pieces}", of("goods", positive=True)),
        ("Discounts", of("discount") + of("goods", positive=False)),
        (" ".join(filter(None, ("Delivery", order.shipping_method and f"by {order.shipping_method}"))), of("shipping")),
        (" ".join(filter(None, ("Payment", order.payment_method and f"by {order.payment_method}"))), of("fee")),
        ("Deposits", of("deposit")),
        ("Rounding", difference if is_rounding(order, difference) else ZERO),
    )
    shown: list[Sum] = [(words, written(value)) for words, value in parts if value or words.startswith("Goods")]
    tax = written(order.total - order.total_without_vat)
    shown.append((f"Total, of it VAT {tax}", written(order.total), True))
    if order.to_pay and order.to_pay != order.total:
        shown.append(("To pay", written(order.to_pay)))
    return shown


def is_rounding(order: Order, difference: Decimal) -> bool:
    return abs(difference) <= CASH_ROUNDING.get(order.currency, USUAL_ROUNDING)


def lines_proof(order: Order, added: Decimal) -> Proof:
    """Say whether the lines equal the header; where they do not, say by how much, and why that may be."""
    total, lines = amount(order.total, order.currency), amount(added, order.currency)
    if is_rounding(order, order.total - added):
        return Proof(
            f"Lines{' and rounding' if order.total != added else ''} equal the total the shop sent: {total}", holds=True
        )
    if not order.total and not order.counted:
        return Proof(
            f"The shop sent a total of {total} because the order does not count; its lines came to {lines}", holds=False
        )
    difference = amount(order.total - added, order.currency)
    return Proof(
        f"The lines add up to {lines}, but the shop sent {total}; the difference of {difference} is kept as rounding",
        holds=False,
    )


def book_sums(order: Order, currency: str) -> list[Sum]:
    parts = (
        ("Gross sales", order.gross_sales),
        ("Discounts", -order.discounts),
        ("Delivery", order.shipping),
        ("Fees", order.fees),
        ("VAT", order.tax),
        ("Rounding", order.rounding),
    )
    shown: list[Sum] = [(words, amount(value, currency)) for words, value in parts if value or words == "Gross sales"]
    return [*shown, ("Total", amount(order.total_shop, currency), True)]


def books_proof(order: Order, currency: str) -> Proof:
    added = order.gross_sales - order.discounts + order.shipping + order.fees + order.tax + order.rounding
    if added == order.total_shop:
        return Proof(
            f"Net sales of this order: {amount(order.gross_sales - order.discounts, currency)} without VAT", holds=True
        )
    parts, total = amount(added, currency), amount(order.total_shop, currency)
    return Proof(f"The parts add up to {parts}, but the total is {total}", holds=False)
