"""What a product's page says besides its numbers: where it is offered, and its prices with their VAT."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from shop.formatting import number
from shop.languages import N_, said
from shop.languages import gettext as _
from shop.products.models import Product
from shop.products.queries import ProductRow

TYPES = {
    "product": N_("Product"),
    "product-set": N_("Set"),
    "service": N_("Service"),
    "gift-certificate": N_("Gift certificate"),
    "unlisted": N_("Known from orders only"),
}
VISIBILITIES = {  # by Shoptet's names
    "visible": N_("Visible"),
    "hidden": N_("Hidden"),
    "blocked": N_("Visible, cannot be bought"),
    "show-registered": N_("Visible to registered customers"),
    "block-unregistered": N_("Visible, bought by registered customers"),
    "cash-desk-only": N_("At the till only"),
    "detail-only": N_("By its address only"),
}
Offer = Literal["listed", "gone", "unlisted"]


def offer(product: Product) -> Offer:
    """Say whether the shop has the product in its catalogue now, had it once, or it is only known from orders."""
    if product.guid is None:
        return "unlisted"
    return "listed" if product.deleted_at is None else "gone"


def particulars(product: Product) -> list[tuple[str, str]]:
    known = (
        (_("Type"), said(TYPES.get(product.type, product.type))),
        (_("Brand"), product.brand),
        (_("Supplier"), product.supplier),
        (_("Category"), product.category),
        (_("Visibility"), product.visibility and said(VISIBILITIES.get(product.visibility, product.visibility))),
        (_("Id in the shop"), product.guid),
    )
    return [(label, text) for label, text in known if text]


def quantity(value: Decimal | None) -> str:
    """Write a quantity without needless decimals: 2; 0,75."""
    return number(value, 0 if value is None else max(0, -int(value.normalize().as_tuple().exponent)))


def summed(variants: Sequence[ProductRow]) -> tuple[Decimal, Decimal]:
    """Return the units and the sales of all SKUs together."""
    zero = Decimal(0)
    return sum((row.units for row in variants), zero), sum((row.sales for row in variants), zero)


def stock_of(variants: Sequence[ProductRow]) -> Decimal | None:
    """Return what is in stock of all variants together, None where the shop does not track it."""
    tracked = [row.stock for row in variants if row.stock is not None]
    return sum(tracked, Decimal(0)) if tracked else None


def each(sales: Decimal, units: Decimal) -> Decimal | None:
    """Return what one unit brings on average; None while none is sold."""
    return (sales / units).quantize(Decimal("0.01")) if units > 0 else None


def address(product: Product) -> str | None:
    """Return the product's page in the shop; what is no web address is not linked to."""
    return product.url if product.url and product.url.startswith(("https://", "http://")) else None
