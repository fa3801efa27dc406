"""What a platform says of a shop, as plain values that are kept with it and shown."""

from typing import Any

from shop.platforms.failures import PlatformFailure
from shop.platforms.remote import Identity, OrderSource, Remote, Right

Learned = dict[str, Any]


def learned_from(remote: Remote) -> Learned:
    """Ask who the shop is, what the token may call, where orders come from. Raises PlatformFailure without an identity.

    Rights and sources are worth knowing and not needed: a token that may not read them leaves them out.
    """
    return who_it_is(remote.identity()) | {"rights": rights(remote), "sources": sources(remote)}


def who_it_is(identity: Identity) -> Learned:
    return {
        "shop_id": identity.shop_id,
        "name": identity.name,
        "url": identity.url,
        "hosts": sorted(identity.hosts),
        "currency": identity.currency,
        "currencies": [
            {"code": one.code, "is_default": one.is_default, "exchange_rate": in_words(one.exchange_rate)}
            for one in identity.currencies
        ],
        "timezone": identity.timezone,
        "language": identity.language,
        "statuses": [{"code": one.code, "name": one.name, "marks_paid": one.marks_paid} for one in identity.statuses],
    }


def rights(remote: Remote) -> list[dict[str, str | None]] | None:
    try:
        told = remote.rights()
    except PlatformFailure:
        return None
    return [right(one) for one in told]


def right(told: Right) -> dict[str, str | None]:
    return {"endpoint": told.endpoint, "access": told.access, "group": told.group}


def sources(remote: Remote) -> list[dict[str, str]] | None:
    try:
        told = remote.order_sources()
    except PlatformFailure:
        return None
    return [source(one) for one in told]


def source(told: OrderSource) -> dict[str, str]:
    return {"code": told.code, "name": told.name}


def in_words(value: object) -> str | None:
    return None if value is None else str(value)
