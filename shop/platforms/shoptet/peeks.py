"""The key and the age of a Shoptet line, read without the rest of it."""

from datetime import datetime

import msgspec

from shop.platforms.records import Peek
from shop.platforms.shoptet.fields import key_of
from shop.platforms.shoptet.payloads import GuidKey, OrderKey
from shop.platforms.strict_json import LineDecoder
from shop.platforms.times import BadTime, is_plausible, read_time

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class OrderPeek:
    """Reads an order's code and the time of its last change."""

    def __init__(self) -> None:
        self.decoder = LineDecoder(OrderKey, ("order",))

    def __call__(self, raw: bytes) -> Peek:
        try:
            found = self.decoder.decode(raw)
        except UNREADABLE:
            found, _ = self.decoder.read_carefully(raw)
        return Peek(key_of(found.code, "$.code"), changed(found.change_time))


class GuidPeek:
    """Reads a guid and the time of the last change; `wrapper` is the word that an API puts around the entity."""

    wrapper: str

    def __init__(self) -> None:
        self.decoder = LineDecoder(GuidKey, (self.wrapper,))

    def __call__(self, raw: bytes) -> Peek:
        try:
            found = self.decoder.decode(raw)
        except UNREADABLE:
            found, _ = self.decoder.read_carefully(raw)
        return Peek(key_of(found.guid, "$.guid"), changed(found.change_time))


class CustomerPeek(GuidPeek):
    wrapper = "customer"


class ProductPeek(GuidPeek):
    wrapper = "product"


def changed(given: str | None) -> datetime | None:
    """Return the time as the whole record would have it; one that cannot be read is told about there."""
    try:
        moment = read_time(given) if given else None
    except BadTime:
        return None
    return moment if moment and is_plausible(moment) else None
