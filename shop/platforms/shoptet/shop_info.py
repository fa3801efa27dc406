"""Who a Shoptet shop is, what its token may do, where its orders come from."""

from urllib.parse import urlsplit

from shop.platforms.remote import Currency, Identity, OrderSource, OrderStatus, Right
from shop.platforms.shoptet.answers import Endpoints, Eshop, Settings, Sources, Status, Statuses
from shop.platforms.shoptet.api import Api


def read_identity(api: Api) -> Identity:
    shop = api.get("/api/eshop", {"include": "orderStatuses"}).read(Eshop)
    contact, settings = shop.contact_information, shop.settings or Settings()
    currencies = tuple(Currency(one.code, bool(one.is_default), one.exchange_rate) for one in shop.currencies or ())
    addresses = [contact.url, *(one.url or "" for one in shop.urls or ())]
    return Identity(
        shop_id=str(contact.eshop_id),
        name=contact.eshop_name,
        url=contact.url,
        hosts=frozenset(filter(None, map(host, addresses))),
        currency=next((one.code for one in currencies if one.is_default), None),
        currencies=currencies,
        timezone=settings.timezone,
        language=settings.eshop_language,
        statuses=tuple(map(order_status, (shop.order_statuses or Statuses()).statuses or ())),
    )


def order_status(told: Status) -> OrderStatus:
    return OrderStatus(str(told.id), told.name or str(told.id), bool(told.mark_as_paid))


def host(address: str) -> str:
    """Return the host of an address, nothing where it cannot be read."""
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def read_rights(api: Api) -> list[Right]:
    told = api.get("/api/system/endpoints", {"status": "approved"}).read(Endpoints)
    return [
        Right(one.endpoint, one.access or "read", one.group.description if one.group else None)
        for one in told.endpoints
    ]


def read_order_sources(api: Api) -> list[OrderSource]:
    told = api.get("/api/orders/sources").read(Sources)
    return [OrderSource(str(one.id), one.name or str(one.id)) for one in told.sources]
