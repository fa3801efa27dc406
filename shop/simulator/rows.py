"""The lines of receipts, written once and used again: what is sold often costs nothing to write."""

from dataclasses import dataclass
from decimal import Decimal

from shop.simulator.catalogue import Variant
from shop.simulator.language import Method
from shop.simulator.profiles import ShopProfile
from shop.simulator.writing import goods_row, part_row, price

MOST_KEPT = 4_096  # seven megabytes of text


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an order: its text around the itemId, its repetition in completion[], its money in hundredths."""

    head: str
    tail: str
    repeated: str  # empty for lines that are no goods
    parts: tuple[str, ...]
    gross: int
    net: int
    variant: Variant | None = None
    thousandths: int = 1000


class Till:
    """Writes the lines of one shop's receipts."""

    def __init__(self, profile: ShopProfile) -> None:
        self.profile = profile
        self.kept: dict[tuple[Variant, int, str], Row] = {}

    def goods(self, variant: Variant, thousandths: int, currency: str) -> Row:
        """Return the line of so many thousandths of a piece (or of a kilogram) of something."""
        key = (variant, thousandths, currency)
        if key not in self.kept:
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            self.kept[key] = self.written(variant, thousandths, currency)
        return self.kept[key]

    def written(self, variant: Variant, thousandths: int, currency: str) -> Row:
        each = variant.price if currency == self.profile.currency else variant.foreign_price
        gross = (each * thousandths + 500) // 1000
        net = without_vat(gross, variant.vat)
        unit = "kg" if variant.by_weight else self.profile.language.piece
        cost = (
            variant.cost if currency == self.profile.currency else variant.cost * variant.foreign_price // variant.price
        )
        bought = price(with_vat(cost, variant.vat), cost, variant.vat)
        amount = f"{thousandths // 1000}.{thousandths % 1000:03d}"
        head, tail, repeated = goods_row(
            "product-set" if variant.parts else "product",
            None if variant.deleted else variant.product_guid,
            None if variant.deleted else variant.sku,
            variant.name,
            (variant.variant_name, variant.brand, variant.ean),
            amount,
            unit,
            price(gross, net, variant.vat),
            price(each, without_vat(each, variant.vat), variant.vat),
            bought if len(variant.sku) % 7 else "null",
        )
        parts = tuple(
            part_row(part.product_guid, part.sku, part.name, amount, unit, 700 + place)
            for place, part in enumerate(variant.parts)
        )
        return Row(head, tail, repeated, parts, gross, net, variant, thousandths)

    def shipping(self, method: Method, currency: str, *, free: bool) -> Row:
        return self.charge("shipping", method.name, 0 if free else self.abroad(method.price * 100, currency))

    def payment(self, method: Method, currency: str) -> Row:
        return self.charge("billing", method.name, self.abroad(method.price * 100, currency))

    def coupon(self, gross: int) -> Row:
        return self.charge("discount-coupon", self.profile.language.coupon, gross)

    def volume_discount(self, gross: int) -> Row:
        return self.charge("volume-discount", self.profile.language.volume_discount, gross)

    def charge(self, item_type: str, name: str, gross: int) -> Row:
        """Return a line that is no goods; a discount has a negative price, also when its goods have two rates of VAT."""
        net = without_vat(gross, self.profile.vat)
        both = price(gross, net, self.profile.vat)
        head, tail, _ = goods_row(
            item_type, None, None, name, (None, None, None), "1.000", self.profile.language.piece, both, both, "null"
        )
        return Row(head, tail, "", (), gross, net)

    def abroad(self, hundredths: int, currency: str) -> int:
        if currency == self.profile.currency:
            return hundredths
        return int(hundredths * self.profile.foreign_rate)


def without_vat(gross: int, rate: Decimal) -> int:
    """Return the price without VAT, rounded half away from zero, as receipts are."""
    percent = int(rate)
    half = (100 + percent) // 2
    return (abs(gross) * 100 + half) // (100 + percent) * (1 if gross >= 0 else -1)


def with_vat(net: int, rate: Decimal) -> int:
    return (net * (100 + int(rate)) + 50) // 100
