"""The list of products: one row for each SKU, what it brought first, what was never sold last."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Numeric,
    Text,
    and_,
    cast,
    column,
    join,
    null,
    or_,
    outerjoin,
    table,
)

from shop.languages import N_
from shop.listing.filters import Choice, Exact, Search
from shop.listing.listing import Spec, Whole
from shop.listing.ranges import Amounts
from shop.listing.sorts import AMOUNT, TEXT, Segment, Sort
from shop.products.models import Product, ProductVariant

# What all orders brought for each SKU, by the name of its table: this domain comes before the folds.
METRICS = table(
    "product_metrics",
    column("shop_id", Integer),
    column("sku", Text),
    column("orders", Integer),
    column("units", Numeric(16, 3)),
    column("sales", Numeric(16, 2)),
)
ITS_METRICS = and_(METRICS.c.shop_id == ProductVariant.shop_id, METRICS.c.sku == ProductVariant.sku)
ITS_PRODUCT = and_(Product.shop_id == ProductVariant.shop_id, Product.id == ProductVariant.product_id)
SOLD = join(join(METRICS, ProductVariant.__table__, ITS_METRICS), Product.__table__, ITS_PRODUCT)
EVERY = outerjoin(join(ProductVariant.__table__, Product.__table__, ITS_PRODUCT), METRICS, ITS_METRICS)
BY_NAME = outerjoin(join(Product.__table__, ProductVariant.__table__, ITS_PRODUCT), METRICS, ITS_METRICS)


def by_metric(key: ColumnElement[Any]) -> tuple[Segment, Segment]:
    """Return what was sold in the order of a metric, and after it what never was, by SKU.

    The mark has an index; without it, the end of the list is looked for among everything that was sold. The metrics have
    the last word, for a sale that is being written does not see a variant that is being written, and marks it not.
    """
    sold = Segment(
        source=SOLD, shop=METRICS.c.shop_id, row=ProductVariant.id, key=key, tie=METRICS.c.sku,
        key_codec=AMOUNT, tie_codec=TEXT, measure=METRICS.c.sales,
    )  # fmt: skip
    unsold = Segment(
        source=EVERY, shop=ProductVariant.shop_id, row=ProductVariant.id, key=cast(null(), key.type), tie=ProductVariant.sku,
        key_codec=AMOUNT, tie_codec=TEXT, known=False, where=(~ProductVariant.sold, METRICS.c.sku.is_(None)),
    )  # fmt: skip
    return sold, unsold


PRODUCTS = Spec(
    path="/products",
    one="product",
    many="products",
    filters=(
        Search("q", N_("Search"), Product.search),
        Exact("sku", N_("SKU"), ProductVariant.sku, spoken=N_("with SKU {}")),
        Amounts("units", N_("Units"), METRICS.c.units, spoken=N_("with {} units sold")),
        Amounts("sales", N_("Sales"), METRICS.c.sales, spoken=N_("with sales of {}")),
        Choice(
            "listed",
            N_("In the shop"),
            {
                "yes": (N_("in the catalogue"), lambda: and_(Product.guid.is_not(None), Product.deleted_at.is_(None))),
                "no": (N_("not in the catalogue"), lambda: or_(Product.guid.is_(None), Product.deleted_at.is_not(None))),
            },
        ),
    ),
    sorts=(
        Sort("sales", N_("lowest sales first"), N_("best sales first"), by_metric(METRICS.c.sales), serves=frozenset({"sales"})),
        Sort("units", N_("fewest units first"), N_("most units first"), by_metric(METRICS.c.units), serves=frozenset({"units"})),
        Sort(
            "name",
            N_("by name"),
            N_("by name from the end"),
            (
                Segment(
                    source=BY_NAME, shop=Product.shop_id, row=ProductVariant.id, key=Product.name, tie=ProductVariant.id,
                    key_codec=TEXT, apart=True, measure=METRICS.c.sales,
                ),
            ),
        ),
        Sort(
            "sku",
            N_("by SKU"),
            N_("by SKU from the end"),
            (
                Segment(
                    source=EVERY, shop=ProductVariant.shop_id, row=ProductVariant.id, key=ProductVariant.sku,
                    tie=ProductVariant.id, key_codec=TEXT, apart=True, measure=METRICS.c.sales,
                ),
            ),
        ),
    ),
    default_sort="-sales",
    whole=Whole(ProductVariant.__table__, ProductVariant.shop_id),
)  # fmt: skip

FIELDS = ("sku", "units", "sales", "listed")
