"""Which addresses may be called: the platform's own, over TLS, and never one inside this network."""

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from shop.languages import gettext as _
from shop.platforms.failures import AddressRefused

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class Pinned:
    """An address that was checked, with the host's number in the place of its name, so that it cannot change again."""

    url: str = field(repr=False)
    host: str  # as the certificate and the Host header have it
    is_tls: bool

    @property
    def headers(self) -> dict[str, str]:
        return {"Host": self.host}

    @property
    def extensions(self) -> dict[str, str]:
        return {"sni_hostname": self.host} if self.is_tls else {}


def resolve(host: str, port: int) -> list[str]:
    """Return every number that the name stands for."""
    return list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


@dataclass(frozen=True)
class Gate:
    """Lets addresses of files through: https on the hosts named, resolved to public numbers only.

    `loopback` is the host of a platform that itself runs on this machine (the simulator); its files come from there too.
    """

    hosts: frozenset[str]
    suffixes: tuple[str, ...] = ()
    loopback: str | None = None
    resolve: Resolve = resolve

    def check(self, address: str) -> Pinned:
        """Return the address, pinned. Raises AddressRefused; the sentence names the host and nothing else of it."""
        parts = parted(address)
        host = (parts.hostname or "").rstrip(".").lower()
        if parts.username or parts.password or not host:
            raise AddressRefused(_("An address holds a sign-in or no host."))
        if self.loopback:
            return self.on_loopback(parts, host, address)
        if parts.scheme != "https" or (parts.port or 443) != 443:
            raise AddressRefused(_("%(host)s is not to be called over https on its usual port.", host=host))
        if host not in self.hosts and not host.endswith(self.suffixes or ("\0",)):
            raise AddressRefused(_("The file lies on %(host)s, which is not one of the shop's own hosts.", host=host))
        number = public_number(host, self.resolve)
        bracketed = f"[{number}]" if ":" in number else number
        return Pinned(parts._replace(netloc=bracketed, fragment="").geturl(), host, is_tls=True)

    def on_loopback(self, parts: SplitResult, host: str, address: str) -> Pinned:
        if parts.scheme != "http" or host != self.loopback or not is_loopback(host):
            raise AddressRefused(
                _("The file lies on %(host)s, not on this machine, where its platform runs.", host=host)
            )
        return Pinned(address, parts.netloc, is_tls=False)


def parted(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        _port = parts.port
    except ValueError:
        raise AddressRefused(_("An address cannot be read.")) from None
    return parts


def public_number(host: str, resolve: Resolve) -> str:
    """Return the number to call. One number that leads inside is reason enough to refuse them all."""
    try:
        numbers = resolve(host, 443)
    except OSError:
        raise AddressRefused(_("The name %(host)s is not known.", host=host)) from None
    if not numbers or not all(is_public(number) for number in numbers):
        raise AddressRefused(_("The name %(host)s leads into a private network.", host=host))
    return numbers[0]


def is_public(number: str) -> bool:
    """Whether it lies in the open internet, and so does every address that is wrapped inside it."""
    return all(one.is_global and not one.is_multicast for one in unwrapped(ipaddress.ip_address(number)))


def unwrapped(address: IpAddress) -> Iterable[IpAddress]:
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        yield from (one for one in inner if one is not None)


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
