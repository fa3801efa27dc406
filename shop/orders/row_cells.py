"""What stands in the cells of the list of orders, put together before its template is: a page has hundreds of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from shop.formatting import UNKNOWN, moment, number
from shop.fragments import component
from shop.listing.links import Links
from shop.listing.marks import Marks
from shop.listing.scopes import ListedShop
from shop.orders.queries import OrderRow


class Cells(NamedTuple):
    """One row as its template writes it. `theirs` is the page of the customer, empty where there is none."""

    code: str
    href: str
    who: str
    theirs: str
    shop: Markup
    items: str
    total: Markup
    narrow: str  # what stands below the total where its columns have no room
    payment: Markup
    status: Markup
    placed: Markup


def row_cells(rows: Sequence[OrderRow], shops: Mapping[int, ListedShop], links: Links, marks: Marks) -> Iterator[Cells]:
    status, payment = component("status"), component("payment")
    for row in rows:
        shop = shops[row.shop_id]
        zone = shop.timezone
        yield Cells(
            row.code,
            links.record(shop.slug, row.id),
            row.name or row.company or row.email or UNKNOWN,
            f"/customers/{shop.slug}/{row.customer_id}" if row.customer_id else "",
            marks.shop(shop),
            number(row.items),
            marks.money(row.total, row.currency),
            f"{row.status_name}, {moment(row.placed_at, zone, marks.now)}",
            payment(row.paid),
            status(row.status_name, row.category),
            marks.ago(row.placed_at, zone),
        )
