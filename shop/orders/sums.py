"""What an order adds up to: its lines against the total the shop sent, and the total against its parts in our books."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shop.formatting import amount, plural
from shop.languages import gettext as _
from shop.orders.models import Order, OrderItem
from shop.orders.sheet import quantity

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

    delivery, payment = order.shipping_method, order.payment_method
    parts = (
        (_("Discounts"), of("discount") + of("goods", positive=False)),
        (_("Delivery by %(method)s", method=delivery) if delivery else _("Delivery"), of("shipping")),
        (_("Payment by %(method)s", method=payment) if payment else _("Payment"), of("fee")),
        (_("Deposits"), of("deposit")),
        (_("Rounding"), difference if is_rounding(order, difference) else ZERO),
    )
    shown: list[Sum] = [(_("Goods, %(pieces)s", pieces=pieces_of(order)), written(of("goods", positive=True)))]
    shown += [(words, written(value)) for words, value in parts if value]
    tax = written(order.total - order.total_without_vat)
    shown.append((_("Total, of it VAT %(tax)s", tax=tax), written(order.total), True))
    if order.to_pay and order.to_pay != order.total:
        shown.append((_("To pay"), written(order.to_pay)))
    return shown


def pieces_of(order: Order) -> str:
    if order.units == int(order.units):
        return plural(int(order.units), "piece", "pieces")
    return _("%(units)s units", units=quantity(order.units))


def is_rounding(order: Order, difference: Decimal) -> bool:
    return abs(difference) <= CASH_ROUNDING.get(order.currency, USUAL_ROUNDING)


def lines_proof(order: Order, added: Decimal) -> Proof:
    """Say whether the lines equal the header; where they do not, say by how much, and why that may be."""
    total, lines = amount(order.total, order.currency), amount(added, order.currency)
    if is_rounding(order, order.total - added):
        if order.total == added:
            return Proof(_("Lines equal the total the shop sent: %(total)s", total=total), holds=True)
        return Proof(_("Lines and rounding equal the total the shop sent: %(total)s", total=total), holds=True)
    if not order.total and not order.counted:
        return Proof(
            _(
                "The shop sent a total of %(total)s because the order does not count; its lines came to %(lines)s",
                total=total, lines=lines,
            ),
            holds=False,
        )  # fmt: skip
    difference = amount(order.total - added, order.currency)
    return Proof(
        _(
            "The lines add up to %(lines)s, but the shop sent %(total)s; the difference of %(difference)s is kept as rounding",
            lines=lines, total=total, difference=difference,
        ),
        holds=False,
    )  # fmt: skip


def book_sums(order: Order, currency: str) -> list[Sum]:
    parts = (
        (_("Discounts"), -order.discounts),
        (_("Delivery"), order.shipping),
        (_("Fees"), order.fees),
        (_("VAT"), order.tax),
        (_("Rounding"), order.rounding),
    )
    shown: list[Sum] = [(_("Gross sales"), amount(order.gross_sales, currency))]
    shown += [(words, amount(value, currency)) for words, value in parts if value]
    return [*shown, (_("Total"), amount(order.total_shop, currency), True)]


def books_proof(order: Order, currency: str) -> Proof:
    added = order.gross_sales - order.discounts + order.shipping + order.fees + order.tax + order.rounding
    if added == order.total_shop:
        net = amount(order.gross_sales - order.discounts, currency)
        return Proof(_("Net sales of this order: %(net)s without VAT", net=net), holds=True)
    parts, total = amount(added, currency), amount(order.total_shop, currency)
    return Proof(_("The parts add up to %(parts)s, but the total is %(total)s", parts=parts, total=total), holds=False)
