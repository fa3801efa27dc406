"""Where tokens may be sent: over TLS, or to this very machine, where the simulator runs."""

from urllib.parse import urlsplit

from shop.languages import gettext as _
from shop.platforms.addresses import is_loopback
from shop.platforms.failures import AddressRefused

API = "https://api.myshoptet.com"
API_HOSTS = RESULT_HOSTS = (".myshoptet.com",)


def checked_api(given: str) -> str:
    """Return the base of the API: Shoptet's own, or a simulator's on this machine.

    Nobody can read a token in Pult, and nobody shall lead it elsewhere to read it there.
    """
    base = checked_base(given)
    host = (urlsplit(base).hostname or "").lower()
    if not host.endswith(API_HOSTS) and not is_loopback(host):
        raise AddressRefused(
            _(
                "Shoptet's API does not answer at %(host)s. It is called at %(api)s, and that needs no base URL.",
                host=host,
                api=API,
            )
        )
    return base


def checked_base(given: str) -> str:
    """Return the address without a slash at its end. Raises AddressRefused where a token would travel in the clear."""
    try:
        parts = urlsplit(given)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or parts.username or parts.password or parts.scheme not in ("https", "http"):
        raise AddressRefused(_("The address of the API or of its tokens cannot be used."))
    if parts.scheme == "http" and not is_loopback(host):
        raise AddressRefused(
            _("%(host)s is to be called without encryption, and a token would be seen on the way.", host=host)
        )
    return given.rstrip("/")


def loopback_of(base: str) -> str | None:
    """Return the host if it is this machine."""
    host = urlsplit(base).hostname or ""
    return host if is_loopback(host) else None
