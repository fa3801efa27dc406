"""One HTTP exchange with a platform: bounded in time and size, and its breaks in the words of failures."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from shop.languages import gettext as _
from shop.platforms.addresses import Pinned
from shop.platforms.failures import ContractBroken, Faltered, TimedOut, Unreachable
from shop.platforms.timing import Timing

LARGEST_ANSWER = 64 << 20  # bytes, unpacked; a page of a thousand products with all their parts is a tenth of it
AGENT = "Pult"


@dataclass(frozen=True)
class Answer:
    """A whole answer, whatever its status."""

    status: int
    headers: httpx.Headers
    body: bytes


def http_client(timing: Timing) -> httpx.Client:
    """Return a client with one connection that follows no redirect and takes nothing from the environment.

    A proxy from the environment would see tokens, and would resolve names that were checked here.
    """
    return httpx.Client(
        timeout=httpx.Timeout(timing.read, connect=timing.connect, pool=timing.connect),
        limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
        headers={"User-Agent": AGENT},
        verify=trust(),
        follow_redirects=False,
        trust_env=False,
    )


@cache
def trust() -> ssl.SSLContext:
    """Return the authorities that are believed; reading them takes longer than a call."""
    return httpx.create_ssl_context(trust_env=False)


def exchange(
    client: httpx.Client,
    timing: Timing,
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    pinned: Pinned | None = None,
) -> Answer:
    """Send one request and read its answer whole. Raises Unreachable, TimedOut, Faltered or ContractBroken.

    With `pinned`, the address that a gate made of `url`, that very number is called.
    """
    deadline = timing.clock() + timing.answer
    options: dict[str, Any] = {"params": params, "headers": headers, "content": content}
    target = url
    if pinned:
        target = pinned.url
        options |= {"headers": pinned.headers | dict(headers or {}), "extensions": pinned.extensions}
    with spoken(host_of(url)), client.stream(method, target, **options) as response:
        body = bytearray()
        for block in response.iter_bytes():
            body += block
            if len(body) > LARGEST_ANSWER:
                raise ContractBroken(
                    _(
                        "%(host)s sent an answer larger than %(most)s MiB.",
                        host=host_of(url),
                        most=LARGEST_ANSWER >> 20,
                    )
                )
            if timing.clock() > deadline:
                raise TimedOut(
                    _(
                        "%(host)s took longer than %(seconds)s seconds for one answer.",
                        host=host_of(url),
                        seconds=f"{timing.answer:.0f}",
                    )
                )
        return Answer(response.status_code, response.headers, bytes(body))


@contextmanager
def spoken(host: str) -> Iterator[None]:
    """Turn what the network does into failures. Their causes hold addresses and headers, so they are left behind."""
    try:
        yield
    except httpx.ConnectTimeout:
        raise Unreachable(_("%(host)s could not be reached in time.", host=host)) from None
    except httpx.TimeoutException:
        raise TimedOut(_("%(host)s fell silent in the middle of a call.", host=host)) from None
    except httpx.ConnectError as error:
        raise Unreachable(_("%(host)s could not be reached: %(reason)s.", host=host, reason=reason(error))) from None
    except httpx.DecodingError:
        raise ContractBroken(_("The answer of %(host)s cannot be unpacked.", host=host)) from None
    except httpx.TransportError as error:
        raise Faltered(_("The connection to %(host)s broke: %(reason)s.", host=host, reason=reason(error))) from None
    except (httpx.InvalidURL, httpx.StreamError):
        raise ContractBroken(_("%(host)s cannot be called at this address.", host=host)) from None


def reason(error: BaseException) -> str:
    """Say why in a few words that hold neither address nor header."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return _("its certificate or encryption is not accepted")
        if isinstance(cause, ConnectionRefusedError):
            return _("nobody listens there")
        if isinstance(cause, ConnectionResetError):
            return _("it was reset")
        cause = cause.__cause__ or cause.__context__
    return (
        _("its name is not known or no way leads there") if isinstance(error, httpx.ConnectError) else _("it was cut")
    )


def host_of(url: str) -> str:
    return urlsplit(url).hostname or _("the platform")
