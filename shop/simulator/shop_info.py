"""What a shop says of itself: who it is, its currencies, statuses, ways to pay and ship, and what a token may call."""

from typing import Any

from shop.simulator.baskets import CANCELLED
from shop.simulator.language import Method
from shop.simulator.profiles import ShopProfile
from shop.simulator.receipts import method_guid

ESHOP_INCLUDES = frozenset(
    {
        "orderAdditionalFields",
        "orderStatuses",
        "paymentMethods",
        "shippingMethods",
        "imageCuts",
        "countries",
        "cashDesk",
    }
)
NAMES = {"CZ": "Česká republika", "SK": "Slovensko", "DE": "Deutschland", "IE": "Ireland"}
GRANTED = (
    ("eshop", "Shop information", "Eshop"), ("orders", "List of orders", "Orders"), ("order", "Order detail", "Orders"),
    ("customers", "List of customers", "Customers"), ("customer", "Customer detail", "Customers"),
    ("products", "List of products", "Products"), ("product", "Product detail", "Products"),
    ("jobs", "List of jobs", "System"), ("webhooks", "Webhooks", "Webhooks"),
)  # fmt: skip


def eshop(profile: ShopProfile, slug: str, eshop_id: int, includes: set[str]) -> dict[str, Any]:
    """Return who the shop is."""
    host = f"https://{slug}.shop.example"
    answer = {
        "contactInformation": contact(slug, eshop_id, host),
        "billingInformation": billing(profile, slug),
        "settings": settings(profile),
        "currencies": currencies(profile),
        "taxClasses": [
            {"title": f"{rate}", "rates": [{"zone": "default", "vatRate": f"{rate:.2f}"}], "isDefault": rate == profile.vat}
            for rate in (profile.vat, profile.reduced_vat)
        ],
        "activeModules": [{"title": "API", "name": "api"}],
        "urls": [{"ident": "admin-orders-list", "url": f"https://{profile.name}.shop.example/admin/orders/"}],
        "socialNetworks": dict.fromkeys(("facebookUrl", "facebookText", "twitterAccount", "instagramAccount")),
        "languages": [{
            "code": profile.language.code, "currencyCode": profile.currency, "dateFormat": "j.n.Y", "timeFormat": "H:i",
            "isVisible": True, "isDefault": True, "priority": 1,
        }],
        "trial": False,
    }  # fmt: skip
    sections = optional_sections(profile)
    return answer | {name: section for name, section in sections.items() if name.lower() in includes}


def contact(slug: str, eshop_id: int, host: str) -> dict[str, Any]:
    return {
        "eshopId": eshop_id, "eshopName": slug, "eshopCategory": None, "url": host, "eshopTitle": slug, "eshopSubtitle": None,
        "contactPerson": None, "email": f"info@{slug}.example", "phone": None, "mobilePhone": None, "skypeAccount": None,
        "contactPhotoUrl": None,
    }  # fmt: skip


def billing(profile: ShopProfile, slug: str) -> dict[str, Any]:
    city, postcode = profile.language.cities[0]
    return {
        "billingName": slug, "company": {"companyId": None, "vatId": None, "taxId": None},
        "address": {"streetAddress": profile.language.streets[0], "city": city, "zip": postcode},
        "country": {"countryCode": profile.country, "countryName": NAMES[profile.country]}, "registration": None,
        "evNumber": None, "phone": None, "email": f"billing@{slug}.example", "billingEmail": None,
    }  # fmt: skip


def settings(profile: ShopProfile) -> dict[str, Any]:
    return {
        "vatPayer": True, "cashDeskOnly": False, "trackStockClaims": True, "maxProductAmount": 100_000,
        "maxEmailAmount": 1000, "defaultPricelist": {"id": 1, "name": "1"}, "eshopLanguage": profile.language.code,
        "timezone": profile.timezone, "dateFormat": "j.n.Y", "timeFormat": "H:i", "internals": profile.language.code,
        "exchangeRateFlip": False, "negativeStockAmount": "allowed", "oss": False, "stockControlDisabled": False,
        "wholesaleSplitActive": False,
    }  # fmt: skip


def currencies(profile: ShopProfile) -> list[dict[str, Any]]:
    rates = {profile.currency: 1.0}
    if profile.foreign_currency:
        rates[profile.foreign_currency] = profile.foreign_rate
    return [
        {
            "code": code, "title": code, "isDefault": place == 1, "isDefaultAdmin": place == 1,
            "isDefaultDocuments": place == 1, "isVisible": True, "exchangeRate": f"{rate:.8f}", "priority": place,
            "display": {"text": code, "location": "right", "decimalsSeparator": ",", "thousandsSeparator": " "},
            "priceDecimalPlaces": 2, "documentPriceDecimalPlaces": 2, "rounding": "math", "minimalOrderValue": None,
            "bankAccount": dict.fromkeys(("accountNumber", "iban", "bic", "ownerName")),
        }
        for place, (code, rate) in enumerate(rates.items(), 1)
    ]  # fmt: skip


def optional_sections(profile: ShopProfile) -> dict[str, Any]:
    words = profile.language
    statuses = [
        {"id": number, "order": place, "name": name, "markAsPaid": number == -3}
        for place, (number, name) in enumerate(words.statuses.items(), 1)
    ]
    return {
        "orderAdditionalFields": [],
        "orderStatuses": {"statuses": statuses, "defaultStatus": -1},
        "paymentMethods": methods(words.payment, "defaultPayment"),
        "shippingMethods": methods(words.shipping, "defaultShipping"),
        "imageCuts": [],
        "countries": [
            {
                "countryCode": code, "countryName": NAMES[code], "companyIdPattern": None, "companyIdExample": None,
                "zipCodePattern": None,
            }
            for code in (profile.country, profile.foreign_country) if code
        ],
        "cashDesk": {"defaultOrderStatusId": -3},
    }  # fmt: skip


def methods(known: tuple[Method, ...], default: str) -> dict[str, Any]:
    listed = [
        {"guid": method_guid(method.name), "order": place, "name": method.name, "visible": True}
        for place, method in enumerate(known, 1)
    ]
    first = method_guid(known[0].name)
    return {
        "retail": {"methods": listed, default: first}, "wholesale": {"methods": [], default: None}, "wholesaleActive": False,
    }  # fmt: skip


def order_statuses(profile: ShopProfile) -> dict[str, Any]:
    """Return the statuses with what each of them does. Names are the shop's own and can be edited."""
    papers = ("generateProformaInvoice", "generateInvoice", "generateDeliveryNote", "generateProofPayment")
    return {
        "defaultStatus": -1,
        "statuses": [
            {
                "id": number, "name": name, "system": number < 0, "order": place, "markAsPaid": number == -3,
                "color": "#ffffff", "backgroundColor": "#336699", "changeOrderItems": number not in (-3, CANCELLED),
                "stockClaimResolved": number in (-3, CANCELLED), "documents": dict.fromkeys(papers, False),
            }
            for place, (number, name) in enumerate(profile.language.statuses.items(), 1)
        ],
    }  # fmt: skip


def order_sources(profile: ShopProfile) -> dict[str, Any]:
    words = profile.language
    return {"sources": [{"id": -1, "name": words.web}, {"id": 1000, "name": words.counter}]}


def granted(status: str | None) -> dict[str, Any]:
    """Return what the token may call; nothing waits for approval."""
    groups = list(dict.fromkeys(group for *_, group in GRANTED))
    approved = [
        {
            "endpoint": name, "description": description, "access": "both" if name == "webhooks" else "read",
            "group": {"id": groups.index(group) + 1, "description": group}, "action": None,
        }
        for name, description, group in GRANTED
    ]  # fmt: skip
    return {"endpoints": [] if status == "pending" else approved}
