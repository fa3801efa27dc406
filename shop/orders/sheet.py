"""What an order's page says besides its numbers: addresses as they stand on a parcel, notes, quantities."""

from decimal import Decimal

from shop.formatting import UNKNOWN, number, percent
from shop.languages import N_, said
from shop.languages import gettext as _
from shop.orders.models import Order

KINDS = {
    "goods": N_("goods"),
    "discount": N_("discount"),
    "shipping": N_("delivery"),
    "fee": N_("fee"),
    "deposit": N_("deposit"),
}
NOTES = (("customer_note", N_("Customer")), ("shop_note", N_("Shop")))


def addresses(order: Order) -> list[tuple[str, str, list[str]]]:
    """Return (id, title, lines) of the addresses; one that stands twice is shown once."""
    billing = order.particulars.get("billing_address") or {}
    delivery = order.particulars.get("delivery_address") or {}
    found = [
        ("delivery-address", _("Delivery address"), lines_of(delivery)),
        ("billing-address", _("Billing address"), lines_of(billing)),
    ]
    if lines_of(delivery) == lines_of(billing):
        found = [("billing-address", _("Billing and delivery address"), lines_of(billing))]
    return [(id_, title, lines) for id_, title, lines in found if lines]


def lines_of(address: dict[str, str]) -> list[str]:
    """Return an address as it stands on a parcel."""
    street = " ".join(filter(None, (address.get("street"), address.get("houseNumber"))))
    town = " ".join(filter(None, (address.get("zip"), address.get("city"))))
    district, region = address.get("district"), address.get("regionName")
    numbers = [
        f"{said(words)} {address[name]}"
        for name, words in (("companyId", N_("Company id")), ("vatId", N_("VAT id")))
        if name in address
    ]
    lines = [
        address.get("fullName"), address.get("company"), street, address.get("additional"), town, district, region,
        address.get("countryCode"), *numbers,
    ]  # fmt: skip
    return [line for line in lines if line]


def notes(order: Order) -> list[tuple[str, str]]:
    return [(said(words), order.particulars[name]) for name, words in NOTES if order.particulars.get(name)]


def quantity(value: Decimal) -> str:
    """Write a quantity without needless decimals: 2; 0,75."""
    return number(value, max(0, -int(value.normalize().as_tuple().exponent)))


def vat(rate: Decimal | None) -> str:
    """Write a VAT rate, which is kept in percent."""
    return UNKNOWN if rate is None else percent(rate / 100, 0 if rate == int(rate) else 1)


def rate_words(order: Order, currency: str) -> str:
    """Say what the shop's currency was worth, where the order has another."""
    if order.currency == currency:
        return ""
    return _(
        "1 %(currency)s = %(rate)s %(other)s at the time of the order",
        currency=currency,
        rate=number(order.exchange_rate, 4),
        other=order.currency,
    )
