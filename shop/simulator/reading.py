"""Lists page by page, details one by one, and the feeds of what changed."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from shop.simulator import selection
from shop.simulator.answers import Refusal
from shop.simulator.calls import Call, Reply
from shop.simulator.entities import (
    NEED_A_MODULE,
    customer_row,
    order_detail,
    order_row,
    product_detail,
    product_row,
)
from shop.simulator.faults import FaultName
from shop.simulator.living import LivingShop
from shop.simulator.queries import Limits, paginator, refuse_past_end

ORDERS = Limits(50, 50, refuses=True)
CUSTOMERS = Limits(20, 1000)
PRODUCTS = Limits(20, 1000)
ORDER_CHANGES = Limits(20, 1000)
CUSTOMER_CHANGES = Limits(20, 20)
PRODUCT_CHANGES = Limits(1000, 1000)
HISTORY = timedelta(days=30)
KINDS_OF_CHANGE = ("add", "edit", "delete")

Change = tuple[datetime, str, str]  # when, what, how


def paged(call: Call, name: str, limits: Limits, found: Sequence[Any], row: Callable[[Any], Any]) -> Reply:
    """Return one page of what was found."""
    page, size = call.query.page(limits)
    shown = page
    again = call.fault(FaultName.PAGE_REPEATED)
    if again:
        shown = 1
    else:
        refuse_past_end(len(found), page, size)
    start = (shown - 1) * size
    if page > 1 and (shift := call.fault(FaultName.PAGE_SHIFT)):
        start = max(start - shift.amount, 0)
    rows = [row(one) for one in found[start : start + size]]
    numbers = paginator(len(found), page, size, len(rows))
    if again:
        numbers["pageCount"] = page + 1
    return Reply({name: rows, "paginator": numbers}, cost=1 + len(rows) / 50)


def orders(call: Call) -> Reply:
    """List orders, those that came last on the first page, and within a page in no order at all."""
    shop = call.shop.living
    reply = paged(call, "orders", ORDERS, call.found(listed_orders), lambda index: order_row_at(shop, index))
    reply.data["orders"] = [row for row in reply.data["orders"] if row]
    Random(shop.made.seed).shuffle(reply.data["orders"])  # noqa: S311 - repeatable, not secret
    return reply


def listed_orders(call: Call) -> list[int]:
    shop = call.shop.living
    if selection.is_plain(call.query):
        places = selection.order_places(shop, call.query)
        found = [index for index in places if index not in shop.deleted]
    else:
        found = [draft.index for draft in selection.orders(shop, call.query)]
    return found[::-1]


def order_row_at(shop: LivingShop, index: int) -> dict[str, Any] | None:
    draft = shop.order(index)
    return order_row(shop, draft) if draft else None


def customers(call: Call) -> Reply:
    shop = call.shop.living
    filtered = set(call.query.values) & {"email", "phone"}
    found = call.found(lambda call: list(selection.customers(shop, call.query))) if filtered else shop.registered()
    return paged(call, "customers", CUSTOMERS, found, lambda index: customer_row(shop, index))


def products(call: Call) -> Reply:
    shop = call.shop.living
    found = list(selection.products(shop, call.query))
    return paged(call, "products", PRODUCTS, found, lambda place: product_row(shop, place))


def order(call: Call) -> Reply:
    shop, code = call.shop.living, call.parts["code"]
    index = shop.index_of(code)
    draft = shop.order(index) if index is not None else None
    if draft is None:
        raise Refusal(404, "order-not-found", f'Order with code "{code}" not found.', code)
    return Reply({"order": order_detail(shop, draft, call.query.includes)})


def customer(call: Call) -> Reply:
    shop, guid = call.shop.living, call.parts["guid"]
    for index in shop.registered():
        if shop.made.people.guid(index) == guid:
            return Reply({"customer": shop.customer(index)})
    raise Refusal(404, "customer-not-found", f'Customer with guid "{guid}" not found.', guid)


def product(call: Call) -> Reply:
    """Return a product; unlike orders and customers it is not wrapped."""
    shop = call.shop.living
    guid, code = call.parts.get("guid"), call.parts.get("code")
    refuse_modules(call)
    for place, one in enumerate(shop.products):
        if one.guid == guid or any(variant.sku == code for variant in one.variants):
            return Reply(product_detail(shop, place, call.query.includes))
    raise Refusal(404, "product-not-found", f'Product "{guid or code}" not found.', guid or code or "")


def refuse_modules(call: Call) -> None:
    """Refuse an include that needs a module which no made-up shop has."""
    for module in sorted(NEED_A_MODULE):
        if module.lower() in call.query.includes:
            message = f'Unable to process request with {module} include as "{module}" module is not active.'
            raise Refusal(403, "missing-module", message, module)


def order_changes(call: Call) -> Reply:
    return changes(call, "code", ORDER_CHANGES, changed_orders)


def customer_changes(call: Call) -> Reply:
    return changes(call, "guid", CUSTOMER_CHANGES, changed_customers)


def product_changes(call: Call) -> Reply:
    return changes(call, "guid", PRODUCT_CHANGES, changed_products)


def changed_orders(shop: LivingShop, since: datetime) -> Iterator[Change]:
    for index, gone in list(shop.deleted.items()):
        yield gone.at, shop.drawn(index).code, "delete"
    for index in shop.perhaps_changed_since(since):
        if draft := shop.order(index):
            yield draft.changed_at, draft.code, "edit"


def changed_customers(shop: LivingShop, since: datetime) -> Iterator[Change]:  # noqa: ARG001 - one of three alike
    for index in list(shop.registered()):
        yield shop.customer_changed_at(index), shop.made.people.guid(index), "edit"


def changed_products(shop: LivingShop, since: datetime) -> Iterator[Change]:  # noqa: ARG001
    for place, product in enumerate(shop.products):
        yield shop.product_changed_at(place), product.guid, "edit"


def beginning(call: Call) -> datetime:
    """Return since when; what is older than thirty days is forgotten."""
    return max(call.query.needed_time("from"), call.shop.around.clock.now() - HISTORY)


def changes(
    call: Call, key: str, limits: Limits, changed: Callable[[LivingShop, datetime], Iterator[Change]]
) -> Reply:  # fmt: skip
    """Return a page of the last change of each, the oldest first."""
    wanted = call.query.one_of("changeType", KINDS_OF_CHANGE)

    def listed(call: Call) -> list[Change]:
        since = beginning(call)
        found = changed(call.shop.living, since)
        return sorted(change for change in found if change[0] >= since and wanted in (None, change[2]))

    return paged(
        call, "changes", limits, call.found(listed),
        lambda change: {key: change[1], "changeTime": call.shop.text(change[0]), "changeType": change[2]},
    )  # fmt: skip
