"""Shoptet's lines without the person: by what a line names somebody, and what is left of it once they are erased."""

from collections.abc import Iterator, Mapping
from typing import Any

from shop.platforms.people import People, Tree

# Everything that is not listed goes, also what Shoptet adds to its files one day.
ORDER_KEPT = (
    "code", "guid", "externalCode", "creationTime", "changeTime", "cashDeskOrder", "stockId", "vatPayer", "paid", "source",
    "status", "billingMethod", "paymentMethod", "shipping", "language", "items", "completion", "price",
)  # fmt: skip
ADDRESSES = ("billingAddress", "deliveryAddress")


def order_names(order: Tree) -> Iterator[tuple[str, str]]:
    yield from named(order, code="code", customerGuid="guid", email="email")


def order_without(order: Tree, guid: str) -> Tree:
    kept = {key: order[key] for key in ORDER_KEPT if key in order}
    countries = {key: {"countryCode": address["countryCode"]} for key in ADDRESSES if (address := where(order, key))}
    return kept | {"customerGuid": guid, "email": None} | countries


def where(order: Tree, key: str) -> Mapping[str, Any] | None:
    """Return the address if it names a country, which the books need."""
    address = order.get(key)
    return address if isinstance(address, dict) and isinstance(address.get("countryCode"), str) else None


def customer_names(customer: Tree) -> Iterator[tuple[str, str]]:
    yield from named(customer, guid="guid")
    accounts = customer.get("accounts")
    for account in accounts if isinstance(accounts, list) else ():
        if isinstance(account, dict):
            yield from named(account, guid="guid", email="email")


def customer_without(customer: Tree, guid: str) -> Tree:
    return {"guid": guid, "changeTime": customer.get("changeTime"), "accounts": []}


def named(tree: Tree, **kinds: str) -> Iterator[tuple[str, str]]:
    for key, kind in kinds.items():
        if isinstance(value := tree.get(key), str) and value.strip():
            yield kind, value.strip()


ORDERS = People("order", order_names, order_without)
CUSTOMERS = People("customer", customer_names, customer_without)
