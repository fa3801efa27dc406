"""Lists, details and what is refused: limits of pages, the page after the last, unknown parameters and includes."""

from urllib.parse import quote

import pytest

from shop.simulator.simulator import Simulator
from tests.simulator.asking import Client


@pytest.mark.parametrize(("path", "name", "default"), [("orders", "orders", 50), ("customers", "customers", 20),
                                                      ("products", "products", 20), ("system/jobs", "jobs", 100),
                                                      ("webhooks", "webhooks", 20)])  # fmt: skip
def test_a_list_has_its_default_size_and_an_end(client: Client, path: str, name: str, default: int) -> None:
    data = client.get(f"/api/{path}").data
    numbers = data["paginator"]
    assert numbers["itemsPerPage"] == default
    assert numbers["itemsOnPage"] == len(data[name]) == min(default, numbers["totalCount"])
    assert numbers["pageCount"] == max(-(-numbers["totalCount"] // default), 1)
    after = client.get(f"/api/{path}", page=numbers["pageCount"] + 1)
    assert (after.status, after.error) == (404, "page-not-found")
    assert f"max page is {numbers['pageCount']}" in after.json["errors"][0]["message"]


def test_all_pages_together_have_every_row_once(client: Client) -> None:
    made = client.shop.living
    orders = client.all("/api/orders", "orders", itemsPerPage=30)
    assert sorted(row["code"] for row in orders) == sorted(draft.code for draft in made.drafts())
    customers = client.all("/api/customers", "customers", itemsPerPage=7)
    assert len({row["guid"] for row in customers}) == len(customers) == client.shop.expected.customers
    products = client.all("/api/products", "products", itemsPerPage=1000)
    assert len({row["guid"] for row in products}) == client.shop.expected.products


def test_orders_are_not_sorted(client: Client) -> None:
    times = [row["creationTime"] for row in client.get("/api/orders").data["orders"]]
    assert times != sorted(times)
    assert times != sorted(times, reverse=True)
    assert client.get("/api/orders").data["orders"] == client.get("/api/orders").data["orders"]


def test_rows_of_lists_are_thin(client: Client) -> None:
    assert "items" not in client.get("/api/orders").data["orders"][0]
    assert "accounts" not in client.get("/api/customers").data["customers"][0]
    assert "variants" not in client.get("/api/products").data["products"][0]


def test_too_large_pages_are_refused_for_orders_and_capped_for_others(client: Client) -> None:
    refused = client.get("/api/orders", itemsPerPage=100)
    assert (refused.status, refused.error) == (400, "invalid-parameter")
    assert client.get("/api/products", itemsPerPage=5000).data["paginator"]["itemsPerPage"] == 1000


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/api/orders?sort=code", "unsupported-query-parameters"),
        ("/api/customers?changeTimeFrom=2026-01-01T00:00:00%2B0100", "unsupported-query-parameters"),
        ("/api/orders?page=0", "invalid-parameter"),
        ("/api/orders?page=two", "invalid-parameter"),
        ("/api/orders?changeTimeFrom=2026-01-01T00:00:00+0100", "invalid-parameter"),
        ("/api/orders?changeTimeFrom=yesterday", "invalid-parameter"),
        ("/api/orders/changes", "invalid-parameter"),
        ("/api/orders/changes?from=2026-01-01T00:00:00%2B0100&changeType=all", "invalid-parameter"),
        (f"/api/orders?orderCodes={','.join(map(str, range(55)))}", "invalid-parameter"),
        ("/api/eshop?include=secrets", "invalid-include"),
        ("/api/system/jobs?status=done", "invalid-parameter"),
    ],
)
def test_what_the_shop_does_not_know_is_refused(client: Client, path: str, error: str) -> None:
    got = client.get(path)
    assert (got.status, got.error) == (400, error)


def test_unknown_paths_and_methods(client: Client) -> None:
    assert (client.get("/api/nothing").status, client.get("/api/nothing").error) == (404, "endpoint-not-found")
    assert client.send("DELETE", "/api/orders").status == 405
    assert client.get("/admin").status == 404


def test_details_are_found_by_their_keys(client: Client) -> None:
    shop = client.shop.living
    for draft in shop.drafts():
        if "/" in draft.code:
            break
    detail = client.get(f"/api/orders/{quote(draft.code, safe='')}").data["order"]
    assert detail["code"] == draft.code
    assert detail["items"]
    assert "notes" not in detail
    assert "notes" in client.get(f"/api/orders/{quote(draft.code, safe='')}", include="Notes").data["order"]
    guid = client.get("/api/customers").data["customers"][3]["guid"]
    assert client.get(f"/api/customers/{guid}").data["customer"]["guid"] == guid
    product = client.get("/api/products").data["products"][0]["guid"]
    assert client.get(f"/api/products/{product}").data["guid"] == product
    sku = client.get(f"/api/products/{product}").data["variants"][0]["code"]
    assert client.get(f"/api/products/code/{quote(sku, safe='')}").data["guid"] == product


@pytest.mark.parametrize("kind", ["order", "customer", "product"])
def test_what_is_not_there_is_told_by_its_name(client: Client, kind: str) -> None:
    for key in ("990000001", "none", "²"):
        got = client.get(f"/api/{kind}s/{quote(key)}")
        assert (got.status, got.error) == (404, f"{kind}-not-found")


def test_an_include_of_a_module_that_is_off_is_refused(client: Client) -> None:
    guid = client.get("/api/products").data["products"][0]["guid"]
    got = client.get(f"/api/products/{guid}", include="perStockAmounts")
    assert (got.status, got.error) == (403, "missing-module")


def test_filters_of_orders_agree_with_the_rows(client: Client) -> None:
    rows = client.all("/api/orders", "orders")
    by_time = sorted(rows, key=lambda row: row["creationTime"][:19])
    low, high = by_time[50]["creationTime"], by_time[60]["creationTime"]
    found = client.all("/api/orders", "orders", creationTimeFrom=low, creationTimeTo=high)
    assert {row["code"] for row in found} == {row["code"] for row in by_time[50:61]}, "both ends are included"
    cancelled = client.all("/api/orders", "orders", statusId=-4)
    assert {row["code"] for row in cancelled} == {row["code"] for row in rows if row["status"]["id"] == -4}
    one = next(row for row in rows if row["email"] and row["shipping"])
    for name, value in (
        ("email", one["email"].strip().lower()), ("shippingGuid", one["shipping"]["guid"]), ("phone", one["phone"]),
        ("paymentMethodGuid", one["paymentMethod"]["guid"]),
    ):  # fmt: skip
        found = client.all("/api/orders", "orders", **{name: value})
        assert one["code"] in {row["code"] for row in found}
        assert len(found) < len(rows)
    codes = [one["code"], "990000001"]
    overriding = client.all("/api/orders", "orders", orderCodes=",".join(codes), statusId=12345)
    assert [row["code"] for row in overriding] == [one["code"]]


def test_what_the_token_may_call_and_what_the_shop_is(simulator: Simulator, client: Client) -> None:
    assert {row["endpoint"] for row in client.get("/api/system/endpoints").data["endpoints"]} > {"orders", "webhooks"}
    assert client.get("/api/system/endpoints", status="pending").data["endpoints"] == []
    about = client.get("/api/eshop", include="orderStatuses,paymentMethods").data
    assert about["settings"]["timezone"] == "Europe/Prague"
    assert [row["code"] for row in about["currencies"] if row["isDefault"]] == ["CZK"]
    assert {row["id"] for row in about["orderStatuses"]["statuses"]} == {-1, -2, -3, -4, 17, 30, 70}
    assert "shippingMethods" not in about
    statuses = client.get("/api/orders/statuses").data["statuses"]
    assert [row["id"] for row in statuses if row["markAsPaid"]] == [-3]
    assert [row["id"] for row in client.get("/api/orders/sources").data["sources"]] == [-1, 1000]
