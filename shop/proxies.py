"""Where a request comes from: the browser's own address, as far as proxies that are trusted tell it."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class BadNetwork(ValueError):
    """A network that cannot be trusted as written; the message says why."""


def networks(given: str) -> tuple[Network, ...]:
    """Read addresses and networks as in `10.0.0.5, 172.18.0.0/16`. Raises BadNetwork."""
    return tuple(network(part.strip()) for part in given.split(","))


def network(given: str) -> Network:
    try:
        found = ip_network(given)
    except ValueError as error:
        raise BadNetwork(f"{given!r} is no address and no network ({error})") from error
    if found.prefixlen == 0:
        raise BadNetwork(f"{given!r} is every address there is, so anybody could claim any")
    return found


def client(peer: str | None, forwarded: str, trusted: Sequence[Network]) -> Address | None:
    """Return the nearest address that is no trusted proxy, or None where none is known.

    `forwarded` is X-Forwarded-For: each proxy has added whom it heard, so it is read from its end, and only as far as
    the one who added a word is trusted. From anybody else it is a claim. The loopback is always trusted.
    """
    found = as_address(peer)
    claims = [as_address(part) for part in forwarded.split(",")]
    while claims and is_trusted(found, trusted) and claims[-1] is not None:
        found = claims.pop()
    return found


def is_trusted(address: Address | None, trusted: Sequence[Network]) -> bool:
    return address is None or address.is_loopback or any(address in one for one in trusted)


def as_address(words: str | None) -> Address | None:
    """Return an address; one of IPv4 that is written as IPv6 is itself."""
    try:
        found = ip_address((words or "").strip())
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
