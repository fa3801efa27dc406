"""What stands in the cells of the list of customers, put together before its template is: a page has hundreds of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from shop.customers.queries import CustomerRow
from shop.formatting import UNKNOWN, number, plural
from shop.languages import gettext as _
from shop.listing.links import Links
from shop.listing.marks import Marks
from shop.listing.scopes import ListedShop


class Cells(NamedTuple):
    """One row as its template writes it. `orders_href` is the list of the orders behind the numbers."""

    called: str
    href: str
    narrow: str  # what stands below the name where its column has no room
    email: str
    shop: Markup
    orders_href: str
    orders: str
    spent: Markup
    narrow_orders: str
    last_order: Markup
    registered: Markup | str


def row_cells(
    rows: Sequence[CustomerRow], shops: Mapping[int, ListedShop], links: Links, marks: Marks
) -> Iterator[Cells]:
    no_email, registered, guest = _("no e-mail"), _("registered"), _("guest")
    for row in rows:
        shop = shops[row.shop_id]
        yield Cells(
            row.name or row.company or row.email or _("Customer %(number)s", number=row.id),
            links.record(shop.slug, row.id),
            row.email or no_email,
            row.email or UNKNOWN,
            marks.shop(shop),
            f"/orders/?shop={shop.slug}&customer={row.id}&counted=yes",
            number(row.orders_count),
            marks.money(row.total_spent, shop.currency),
            plural(row.orders_count, "order", "orders"),
            marks.ago(row.last_order_at, shop.timezone),
            marks.ago(row.created_at, shop.timezone) if row.created_at else registered if row.registered else guest,
        )
