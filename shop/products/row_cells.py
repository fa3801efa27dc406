"""What stands in the cells of the list of products, put together before its template is: a page has hundreds of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from shop.formatting import UNKNOWN, number
from shop.languages import gettext as _
from shop.listing.links import Links
from shop.listing.marks import Marks
from shop.listing.scopes import ListedShop
from shop.products.queries import ProductRow
from shop.products.sheet import quantity


class Cells(NamedTuple):
    """One row as its template writes it. `orders_href` is the list of the orders behind the numbers."""

    name: str
    href: str
    sku: str
    brand: str
    shop: Markup
    orders_href: str
    orders: str
    units: str
    sold: str  # the units with their word, below the sales where their column has no room
    sales: Markup
    stock: str


def row_cells(
    rows: Sequence[ProductRow], shops: Mapping[int, ListedShop], links: Links, marks: Marks
) -> Iterator[Cells]:
    sold = _("%(units)s sold")
    for row in rows:
        units = quantity(row.units)
        shop = shops[row.shop_id]
        yield Cells(
            row.full_name,
            links.record(shop.slug, row.id),
            row.sku,
            row.brand or UNKNOWN,
            marks.shop(shop),
            f"/orders/?shop={shop.slug}&counted=yes&sku={quote(row.sku)}",
            number(row.orders),
            units,
            sold % {"units": units},
            marks.money(row.sales, shop.currency),
            quantity(row.stock),
        )
