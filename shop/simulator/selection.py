"""Which orders, customers and products a request asks for: filters over a shop that keeps none of them in memory."""

from collections.abc import Callable, Iterator

from shop.simulator.baskets import Draft
from shop.simulator.living import LivingShop
from shop.simulator.queries import Query
from shop.simulator.receipts import method_guid

TIMES = frozenset({"creationTimeFrom", "creationTimeTo", "changeTimeFrom", "changeTimeTo"})
ORDER_FILTERS = TIMES | {
    "orderCodes", "statusId", "shippingGuid", "shippingCompanyCode", "paymentMethodGuid", "codeFrom", "codeTo",
    "customerGuid", "email", "phone", "productCode", "sourceId",
}  # fmt: skip
PRODUCT_FILTERS = TIMES | {"productCodes", "productGuids", "visibility", "type", "brandName", "brandCode"}

Test = Callable[[Draft], bool]
WORDS: dict[str, Callable[[Draft], str | None]] = {
    "statusId": lambda draft: str(draft.status),
    "shippingGuid": lambda draft: draft.shipping and method_guid(draft.shipping),
    "shippingCompanyCode": lambda draft: None,  # noqa: ARG005 - no made-up shop has one
    "paymentMethodGuid": lambda draft: draft.payment and method_guid(draft.payment),
    "customerGuid": lambda draft: draft.customer_guid,
    "email": lambda draft: draft.email and draft.email.strip().lower(),
    "phone": lambda draft: draft.person.phone if draft.person else None,
    "sourceId": lambda draft: "1000" if draft.cash_desk else "-1",
}


def orders(shop: LivingShop, query: Query) -> Iterator[Draft]:
    """Yield the orders that pass the filters, as they stand when their turn comes."""
    codes = query.codes("orderCodes")
    if codes is not None:  # overrides all other filters
        found = (shop.index_of(code) for code in codes)
        places: Iterator[int] = (index for index in found if index is not None)
        tests: list[Test] = []
    else:
        places = order_places(shop, query)
        tests = order_tests(query)
    for index in places:
        draft = shop.order(index)
        if draft and all(test(draft) for test in tests):
            yield draft


def order_places(shop: LivingShop, query: Query) -> Iterator[int]:
    """Yield where such orders can be, as narrowly as the times tell without drawing them."""
    placed = shop.between(query.time("creationTimeFrom"), query.time("creationTimeTo"))
    changed_from = query.time("changeTimeFrom")
    if changed_from is None:
        return iter(placed)
    return (index for index in shop.perhaps_changed_since(changed_from) if index in placed)


def order_tests(query: Query) -> list[Test]:
    tests: list[Test] = []
    since, until = query.time("changeTimeFrom"), query.time("changeTimeTo")
    if since:
        tests.append(lambda draft: draft.changed_at >= since)
    if until:
        tests.append(lambda draft: draft.changed_at <= until)
    for name, word in WORDS.items():
        if (wanted := query.text(name)) is not None:
            tests.append(is_word(word, wanted.strip().lower() if name == "email" else wanted))
    if (low := query.text("codeFrom")) is not None:
        tests.append(lambda draft: draft.code >= low)
    if (high := query.text("codeTo")) is not None:
        tests.append(lambda draft: draft.code <= high)
    if (sku := query.text("productCode")) is not None:
        tests.append(lambda draft: any(row.variant and row.variant.sku == sku for row in draft.rows))
    return tests


def is_word(word: Callable[[Draft], str | None], wanted: str) -> Test:
    return lambda draft: word(draft) == wanted


def is_plain(query: Query) -> bool:
    """Say whether nothing is asked but time of placing: then no order needs to be drawn to count them."""
    return not set(query.values) & (ORDER_FILTERS - {"creationTimeFrom", "creationTimeTo"})


def customers(shop: LivingShop, query: Query) -> Iterator[int]:
    """Yield the people with an account that pass the filters."""
    placed = shop.between(query.time("creationTimeFrom"), query.time("creationTimeTo"))
    since, until = query.time("changeTimeFrom"), query.time("changeTimeTo")
    email, phone = query.text("email"), query.text("phone")
    for index in list(shop.registered()):
        changed_at = shop.customer_changed_at(index)
        if (
            shop.made.people.first_order(index) in placed
            and (since is None or changed_at >= since)
            and (until is None or changed_at <= until)
            and (email is None or has_account(shop, index, "email", email.strip().lower()))
            and (phone is None or has_account(shop, index, "phone", phone))
        ):
            yield index


def has_account(shop: LivingShop, index: int, key: str, wanted: str) -> bool:
    return any(account[key] == wanted for account in shop.customer(index)["accounts"])


def products(shop: LivingShop, query: Query) -> Iterator[int]:
    """Yield the places of the products that pass the filters."""
    skus, guids = query.codes("productCodes"), query.codes("productGuids")
    since, until = query.time("changeTimeFrom"), query.time("changeTimeTo")
    made_from, made_to = query.time("creationTimeFrom"), query.time("creationTimeTo")
    kind, visibility, brand = query.text("type"), query.text("visibility"), query.text("brandName")
    for place, product in enumerate(shop.products):
        changed_at = shop.product_changed_at(place)
        if (
            (skus is None or any(variant.sku in skus for variant in product.variants))
            and (guids is None or guid_of(shop, place) in guids)
            and (since is None or changed_at >= since)
            and (until is None or changed_at <= until)
            and (made_from is None or shop.made.opened >= made_from)
            and (made_to is None or shop.made.opened <= made_to)
            and kind in (None, product.type)
            and visibility in (None, "visible")
            and brand in (None, product.brand)
            and query.text("brandCode") in (None, (product.brand or "").lower().replace(" ", "-"))
        ):
            yield place


def guid_of(shop: LivingShop, place: int) -> str:
    return shop.products[place].guid
