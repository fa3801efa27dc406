"""Every answer has the keys and the types of the reference's sample payloads."""

import json
from typing import Any

import pytest

from tests.platforms.lines import SHARED
from tests.simulator.asking import Client, ask

SAMPLES = SHARED / "reference" / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples do not lie beside the project")

OPTIONAL = {  # keys that the reference marks as optional, or that come only when they are asked for
    "invoicingExchangeRate", "partialPaymentAmount", "partialPaymentType", "preAuthorization", "salesChannelGuid",
    "paymentMethods", "shippings", "shippingDetails", "paymentTransactions", "notes", "mainImage", "stockLocation",
    "supplierName", "surchargeParametersTexts", "surchargeParameters", "specificSurchargeParameters", "productFlags",
    "consumptionTax", "itemPriceVatBreakdown", "parentProductSetItemId", "vatIdValidationStatus", "language", "images",
    "indexName", "conditionGrade", "conditionDescription", "internalNote", "preauthorizationRequired", "categories",
    "descriptiveParameters", "additionalName", "xmlFeedName", "metaTitle", "adult", "atypicalBilling", "atypicalShipping",
    "allowIPlatba", "allowOnlinePayments", "sizeIdName", "voteAverageScore", "voteCount", "flags", "setItems", "warranty",
    "filteringParameters", "gifts", "alternativeProducts", "relatedProducts", "relatedFiles", "relatedVideos", "image",
    "isProductDefaultImage", "measureUnit", "availability", "availabilityWhenSoldOut", "recyclingFee", "heurekaCPC",
    "zboziCZ", "heureka", "boxRestriction", "perStockAmounts", "perPricelistPrices", "ossVatLevels", "parameters",
}  # fmt: skip
PER_ENTRY = {"name": "variants", "url": "variants"}  # optional in there alone
LEFT_OUT = {  # nullable, and left out by the generator's orders and variants
    "district", "additional", "regionName", "regionShortcut", "companyId", "vatId", "taxId", "variantName",
    "manufacturerCode", "pluCode", "isbn", "serialNo", "mpn",
}  # fmt: skip


def differences(ours: Any, sample: Any, at: str = "$") -> list[str]:
    """Return what is not as in the sample: keys of ours that it does not have, its keys that we lack, other types."""
    if ours is None or sample is None:
        return []
    if isinstance(sample, dict):
        if not isinstance(ours, dict):
            return [f"{at}: {type(ours).__name__}"]
        parent = at.rstrip("[]").rpartition(".")[2]
        free = OPTIONAL | LEFT_OUT | {name for name, place in PER_ENTRY.items() if place == parent}
        wrong = [f"{at}.{name}: unknown" for name in ours.keys() - sample.keys()]
        wrong += [f"{at}.{name}: missing" for name in sample.keys() - ours.keys() - free]
        return wrong + [
            w for name in ours.keys() & sample.keys() for w in differences(ours[name], sample[name], f"{at}.{name}")
        ]
    if isinstance(sample, list):
        if not isinstance(ours, list):
            return [f"{at}: {type(ours).__name__}"]
        return [wrong for one in ours for wrong in differences(one, sample[0], f"{at}[]")] if sample else []
    kinds = (int, float) if isinstance(sample, int | float) and not isinstance(sample, bool) else (type(sample),)
    either = at.lower().endswith(("amount", "amountcompleted", "vatrate"))  # the reference has texts and numbers there
    return [] if type(ours) in kinds or either else [f"{at}: {type(ours).__name__}"]


def test_the_comparison_sees_what_differs() -> None:
    sample = {"code": "1", "rows": [{"id": 1, "paid": True}]}
    assert differences({"code": "2", "rows": []}, sample) == []
    assert differences({"code": 2, "rows": [{"id": "1", "paid": 1, "more": None}]}, sample) != []
    assert differences({"rows": None}, sample) == ["$.code: missing"]
    assert "$.rows[].more: unknown" in differences({"code": "2", "rows": [{"id": 1, "paid": True, "more": 1}]}, sample)


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"shoptet_{name}.json").read_bytes())


@pytest.fixture
def lively(client: Client) -> Client:
    """A shop with a webhook, a job, a notification and changes."""
    client.hook("job:finished")
    client.shop.step(30)
    client.finished("/api/orders/snapshot")
    return client


SINCE = "from=2026-01-01T00:00:00%2B0100"
PATHS = {
    "orders_list": "/api/orders", "customers_list": "/api/customers", "products_list": "/api/products",
    "orders_changes": f"/api/orders/changes?{SINCE}", "customers_changes": f"/api/customers/changes?{SINCE}",
    "products_changes": f"/api/products/changes?{SINCE}", "jobs_list": "/api/system/jobs",
    "webhooks_list": "/api/webhooks", "webhook_notifications": "/api/webhooks/notifications",
    "order_statuses": "/api/orders/statuses", "order_sources": "/api/orders/sources",
    "system_endpoints": "/api/system/endpoints", "eshop": "/api/eshop",
}  # fmt: skip


@pytest.mark.parametrize("name", PATHS)
def test_lists_and_what_the_shop_tells_of_itself(lively: Client, name: str) -> None:
    everything = (
        "?include=orderAdditionalFields,orderStatuses,paymentMethods,shippingMethods,imageCuts,countries,cashDesk"
    )
    answer = lively.get(PATHS[name] + (everything if name == "eshop" else ""))
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    rows = [value for value in answer.data.values() if isinstance(value, list)]
    assert all(rows) or name == "eshop", "there is something to compare"
    assert differences(answer.json, sample(name)) == []


@pytest.mark.parametrize("kind", ["order", "customer", "product"])
def test_details(lively: Client, kind: str) -> None:
    key = "code" if kind == "order" else "guid"
    for row in lively.get(f"/api/{kind}s").data[f"{kind}s"][:20]:
        got = lively.get(f"/api/{kind}s/{row[key].replace('/', '%2F')}")
        assert differences(got.json, sample(f"{kind}_detail")) == []


def test_jobs_and_the_acceptance_of_one(lively: Client) -> None:
    accepted = lively.get("/api/orders/snapshot")
    assert differences(accepted.json, sample("snapshot_accepted_202")) == []
    lively.simulator.settle()
    job = lively.get(f"/api/system/jobs/{accepted.data['jobId']}")
    assert differences(job.json, sample("job_detail_completed")) == []


def test_lines_of_a_snapshot(lively: Client) -> None:
    whole = sample("order_detail")["data"]["order"]
    for line in lively.snapshot("/api/orders/snapshot", include="notes"):
        assert differences(line, whole) == []


def test_tokens_and_registrations(client: Client) -> None:
    bearer = {"Authorization": f"Bearer {client.shop.oauth_token}"}
    token = ask(client.simulator.base_url, "/action/ApiOAuthServer/getAccessToken", bearer).json
    assert differences(token, sample("oauth_tokens")["api_access_token_response"]) == []
    made = client.send("POST", "/api/webhooks", [{"event": "order:create", "url": "https://a.example/"}])
    assert set(made.data["webhooks"][0]) >= set(sample("postman_webhook_registered_201")["data"]["webhooks"][0])
    key = client.send("POST", "/api/webhooks/renew-signature-key").data
    assert differences(key, sample("postman_signature_key")["data"]) == []


def test_errors_have_the_codes_and_shape_of_the_reference(client: Client) -> None:
    errors = sample("errors")
    ways = {
        "403_job_finished_webhook_required": "/api/orders/snapshot",
        "404_job": "/api/system/jobs/1xv8s4c",
        "404_customer": "/api/customers/157e7215-9035-11e4-a769-ac162d8a2454",
        "page_past_end": "/api/orders?page=9",
        "400_invalid_parameter": f"/api/orders?orderCodes={'1,' * 54}1",
    }
    for case, path in ways.items():
        got = client.get(path)
        assert got.error == errors[case]["errors"][0]["errorCode"]
        assert got.json["errors"][0]["instance"] == errors[case]["errors"][0]["instance"] or case == "page_past_end"
        assert differences(got.json, errors[case]) == []
