"""The paths that the shop answers, with the methods, parameters and sections that each of them knows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from shop.simulator import exports, reading, registrations, shop_info
from shop.simulator.answers import Refusal
from shop.simulator.calls import Answering, Call, Reply
from shop.simulator.entities import NEED_A_MODULE, ORDER_INCLUDES, PRODUCT_INCLUDES
from shop.simulator.faults import FaultName
from shop.simulator.queries import PAGING
from shop.simulator.selection import ORDER_FILTERS, PRODUCT_FILTERS, TIMES

CHANGES = PAGING | {"from", "changeType"}
NUMBER = re.compile(r"[0-9]{1,18}")
PRODUCT_SECTIONS = PRODUCT_INCLUDES | NEED_A_MODULE


@dataclass(frozen=True)
class Endpoint:
    method: str
    pattern: str
    answer: Answering
    parameters: frozenset[str] = frozenset()
    includes: frozenset[str] = frozenset()

    def check(self, call: Call) -> None:
        known = self.parameters | {"language"} | ({"include"} if self.includes else frozenset())
        call.query.check(known, self.includes)


def eshop(call: Call) -> Reply:
    """Return who the shop is; under a fault, that it is another one."""
    wrong = 1 if call.fault(FaultName.IDENTITY_OF_ANOTHER_SHOP) else 0
    shop = call.shop
    return Reply(shop_info.eshop(shop.living.profile, shop.slug, shop.eshop_id + wrong, call.query.includes))


def statuses(call: Call) -> Reply:
    return Reply(shop_info.order_statuses(call.shop.living.profile))


def sources(call: Call) -> Reply:
    return Reply(shop_info.order_sources(call.shop.living.profile))


def granted(call: Call) -> Reply:
    return Reply(shop_info.granted(call.query.one_of("status", ("approved", "pending"))))


JOB_FILTERS = PAGING | {"status", "creationTimeFrom", "creationTimeTo", "completionTimeFrom", "completionTimeTo"}
ENDPOINTS = (
    Endpoint("GET", "/api/eshop", eshop, includes=shop_info.ESHOP_INCLUDES),
    Endpoint("GET", "/api/system/endpoints", granted, frozenset({"status"})),
    Endpoint("GET", "/api/system/jobs", exports.jobs, JOB_FILTERS),
    Endpoint("GET", "/api/system/jobs/{job_id}", exports.job),
    Endpoint("GET", "/api/orders", reading.orders, PAGING | ORDER_FILTERS),
    Endpoint("GET", "/api/orders/changes", reading.order_changes, CHANGES),
    Endpoint("GET", "/api/orders/statuses", statuses),
    Endpoint("GET", "/api/orders/sources", sources),
    Endpoint("GET", "/api/orders/snapshot", exports.snapshot, ORDER_FILTERS, ORDER_INCLUDES),
    Endpoint("GET", "/api/orders/{code}", reading.order, includes=ORDER_INCLUDES | {"paymentTransactions"}),
    Endpoint("GET", "/api/customers", reading.customers, PAGING | {"email", "phone"}),
    Endpoint("GET", "/api/customers/changes", reading.customer_changes, CHANGES),
    Endpoint("GET", "/api/customers/snapshot", exports.snapshot, TIMES),
    Endpoint("GET", "/api/customers/{guid}", reading.customer),
    Endpoint("GET", "/api/products", reading.products, PAGING | PRODUCT_FILTERS),
    Endpoint("GET", "/api/products/changes", reading.product_changes, CHANGES),
    Endpoint("GET", "/api/products/snapshot", exports.snapshot, PRODUCT_FILTERS, PRODUCT_SECTIONS),
    Endpoint("GET", "/api/products/code/{code}", reading.product, includes=PRODUCT_SECTIONS),
    Endpoint("GET", "/api/products/{guid}", reading.product, includes=PRODUCT_SECTIONS),
    Endpoint("GET", "/api/webhooks", registrations.listed, PAGING),
    Endpoint("POST", "/api/webhooks", registrations.register),
    Endpoint("GET", "/api/webhooks/notifications", registrations.notifications, PAGING | {"status"}),
    Endpoint("POST", "/api/webhooks/renew-signature-key", registrations.renew_key),
    Endpoint("GET", "/api/webhooks/{number}", registrations.shown),
    Endpoint("PATCH", "/api/webhooks/{number}", registrations.change),
    Endpoint("DELETE", "/api/webhooks/{number}", registrations.delete),
)


def matches(path: str) -> Iterator[tuple[Endpoint, dict[str, str]]]:
    """Yield the endpoints of a path with its parts, the most literal one first. A `%2F` in a code stays in it."""
    steps = path.split("/")
    for endpoint in ENDPOINTS:
        pattern = endpoint.pattern.split("/")
        if len(pattern) == len(steps):
            parts = {name[1:-1]: unquote(step) for name, step in zip(pattern, steps, strict=True) if name[:1] == "{"}
            literal = all(name[:1] == "{" or name == step for name, step in zip(pattern, steps, strict=True))
            if literal and all(parts.values()) and NUMBER.fullmatch(parts.get("number", "0")):
                if steps[-1] == "snapshot":
                    parts["kind"] = steps[2]
                yield endpoint, parts


def pattern_of(path: str) -> str:
    """Return the path as it is counted."""
    return next((endpoint.pattern for endpoint, _ in matches(path)), path)


def endpoint_for(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    found = list(matches(path))
    for endpoint, parts in found:
        if endpoint.method == method and endpoint.pattern == found[0][0].pattern:
            return endpoint, parts
    if found:
        raise Refusal(405, "method-not-allowed", f"{method} is not allowed here.", path)
    raise Refusal(404, "endpoint-not-found", f"Endpoint {path} not found.", path)
