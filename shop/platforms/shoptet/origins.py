"""Whose line it is: orders and customers carry the address of their page in the shop's administration."""

import msgspec
from msgspec import Struct

from shop.platforms.shoptet.shop_info import host


class Placed(Struct, rename="camel"):
    admin_url: str | None = None


DECODER = msgspec.json.Decoder(Placed)


def host_of(line: bytes) -> str | None:
    """Return the host of the shop that the line comes from; None where it does not say, or cannot be read."""
    try:
        found = DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return host(found.admin_url or "") or None
