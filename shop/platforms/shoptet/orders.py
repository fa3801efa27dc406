"""One line of Shoptet's order files as an OrderRecord."""

from datetime import datetime
from decimal import Decimal

from shop.languages import gettext as _
from shop.platforms.json_tree import shown
from shop.platforms.numbers import Numbers
from shop.platforms.records import BadRecord, LineRecord, OrderRecord
from shop.platforms.shoptet.fields import (
    LONGEST_KEY,
    LONGEST_NAME,
    bounded,
    changed_time,
    email_of,
    filled,
    key_of,
    moment_of,
    name_of,
    number_of,
)
from shop.platforms.shoptet.lines import ZERO, LineReader
from shop.platforms.shoptet.payloads import Order, OrderHead, OrderInPieces, Status, Total
from shop.platforms.strict_json import LineDecoder
from shop.platforms.times import is_plausible

NO_STATUS = "none"  # of an order that has no status at all, which Shoptet allows
LARGEST = Decimal(10) ** 12  # what the database keeps of money, in any currency


class OrderReader:
    """Reads lines of one file. It learns from them, so use one for each run, and in one thread at a time."""

    def __init__(self) -> None:
        self.decoder = LineDecoder(Order, ("order",))
        self.quick_decoder = LineDecoder(OrderInPieces, ("order",))
        self.line_reader = LineReader()
        self.money = Numbers(places=2, below=10**12)  # of headers: not the same ones again and again
        self.rate = Numbers(places=8, below=10**9, rounds=True)

    def __call__(self, raw: bytes) -> OrderRecord:
        """Return the order; raises BadRecord."""
        order, lines, changes = self.head_and_lines(raw)
        placed_at = placed(order.creation_time)
        changed_at = changed_time(order.change_time, "$.changeTime", changes)
        rate = self.exchange_rate(order.price)
        total, without_vat, vat, to_pay = self.header(order.price, lines, changes)
        of_lines = self.line_reader.money
        if self.money.large or of_lines.large or rate < 1:
            self.money.large = of_lines.large = False
            keep_within_bounds(total, lines, rate)
        billing, delivery = filled(order.billing_address), filled(order.delivery_address)
        where, notes = billing or delivery or {}, order.notes
        return OrderRecord(
            key_of(order.code, "$.code"),
            identifier(order.guid, "$.guid"),
            identifier(order.external_code, "$.externalCode"),
            placed_at,
            changed_at,
            identifier(status_code(order.status), "$.status.id") or NO_STATUS,
            order.status.name if order.status else None,
            identifier(order.customer_guid, "$.customerGuid"),
            email_of(order.email, "$.email"),
            order.phone or None,
            person(where),
            where.get("company", "")[:LONGEST_NAME] or None,
            where.get("countryCode", "").upper() or None,
            currency(order.price.currency_code),
            rate,
            total,
            without_vat,
            vat,
            to_pay,
            order.paid,
            order.cash_desk_order,
            name_of(order.source),
            order.language or None,
            name_of(order.payment_method) or name_of(order.billing_method),
            name_of(order.shipping),
            billing,
            delivery,
            (notes and notes.customer_remark) or None,
            (notes and notes.eshop_remark) or None,
            (notes and notes.tracking_number) or None,
            lines,
            changes,
        )

    def head_and_lines(self, raw: bytes) -> tuple[OrderHead, list[LineRecord], list[str]]:
        """Return the order, its lines and what had to be changed; an order of items met before costs a third."""
        quick = self.quick_decoder.read_quickly(raw)
        lines = None if quick is None else self.line_reader.known_lines(quick)
        if quick is not None and lines is not None:
            return quick, lines, []
        order, changes = self.decoder.read(raw)
        return order, self.line_reader.lines(order, changes), changes

    def exchange_rate(self, price: Total) -> Decimal:
        """Return order currency for one unit of the shop's. Guessing 1 would count euros as crowns: no rate, no order."""
        rate = number_of(price.exchange_rate, self.rate, "$.price.exchangeRate")
        if rate is None or rate <= 0:
            raise BadRecord(
                "out_of_range",
                "$.price.exchangeRate",
                _("The exchange rate is zero or less: nothing can be divided by it."),
            )
        return rate

    def header(
        self, price: Total, lines: list[LineRecord], changes: list[str]
    ) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """Return total, total without VAT, VAT and what is to be paid; what is null follows from the lines."""
        total = number_of(price.with_vat, self.money, "$.price.withVat")
        without = number_of(price.without_vat, self.money, "$.price.withoutVat")
        vat = number_of(price.vat, self.money, "$.price.vat")
        to_pay = number_of(price.to_pay, self.money, "$.price.toPay")
        if total is None:
            total = sum((line.total for line in lines), ZERO)
            changes.append(_("%(place)s: null, summed from the lines", place="price.withVat"))
        if without is None:
            without = sum((line.total_without_vat for line in lines), ZERO)
            changes.append(_("%(place)s: null, summed from the lines", place="price.withoutVat"))
        if vat is None:
            vat = total - without
            changes.append(_("%(place)s: null, taken as the difference", place="price.vat"))
        if to_pay is None:
            to_pay = total
            changes.append(_("%(place)s: null, taken as the total", place="price.toPay"))
        return total, without, vat, to_pay


def placed(given: str) -> datetime:
    moment = moment_of(given, "$.creationTime")
    if not is_plausible(moment):
        raise BadRecord(
            "out_of_range",
            "$.creationTime",
            _("The order was placed on %(day)s: orders are kept from 2000 to a year ahead.", day=given[:10]),
        )
    return moment


def keep_within_bounds(total: Decimal, lines: list[LineRecord], rate: Decimal) -> None:
    """Refuse amounts that are kept each for itself but not their sum, or not in the shop's currency."""
    largest = max((abs(line.total) for line in lines), default=ZERO)
    if max(abs(total), largest * len(lines)) >= LARGEST * min(rate, Decimal(1)):
        raise BadRecord("out_of_range", "$.price", _("The amounts of this order add up to more than can be kept."))


def status_code(status: Status | None) -> str:
    return NO_STATUS if status is None or status.id is None else str(status.id)


def identifier(given: str | None, path: str) -> str | None:
    return bounded(given.strip(), LONGEST_KEY, path) or None if given else None


def person(where: dict[str, str]) -> str | None:
    """Return who bought, else the company; cut to what a name can be, the address keeps it whole."""
    name = where.get("fullName") or where.get("company")
    return name[:LONGEST_NAME] if name else None


def currency(given: str) -> str:
    code = given.strip().upper()
    if len(code) != 3 or not (code.isascii() and code.isalpha()):
        raise BadRecord("bad_value", "$.price.currencyCode", _("%(value)s is not a currency.", value=shown(given)))
    return code
