"""Who the calls are from: a private token as it is, or an addon's access token that is renewed every half an hour."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Protocol
from urllib.parse import urlsplit

import httpx
import msgspec

from shop.languages import N_
from shop.languages import gettext as _
from shop.platforms import failures
from shop.platforms.addresses import Gate, Resolve
from shop.platforms.exchanges import Answer, exchange, host_of
from shop.platforms.failures import PlatformFailure, quoted
from shop.platforms.shoptet.answers import TokenAnswer
from shop.platforms.shoptet.bases import checked_base, loopback_of
from shop.platforms.timing import Timing, retry_after
from shop.platforms.tokens import AccessToken, TokenStore

HALF_AN_HOUR = 1800
TOKENS_FREED = 300.0  # seconds after which one of five tokens may have died
ERRORS: dict[str, tuple[type[PlatformFailure], str]] = {
    "addon_suspended": (failures.AddonSuspended, N_("The addon is suspended in this shop, Shoptet says.")),
    "addon_not_installed": (failures.AddonNotInstalled, N_("The addon is not installed in this shop any more.")),
}


class Authorization(Protocol):
    """Gives each call its header."""

    def header(self) -> dict[str, str]: ...

    def renew(self, failed: Mapping[str, str]) -> bool:
        """Try to get another token than the one in the header that failed; False where there can be no other."""


class PrivateToken:
    """A token made in the shop's administration. It lives until it is revoked."""

    def __init__(self, token: str) -> None:
        self.token = token

    def header(self) -> dict[str, str]:
        return {"Shoptet-Private-API-Token": self.token}

    def renew(self, _failed: Mapping[str, str]) -> bool:
        return False


class AddonToken:
    """An addon's OAuth token, which buys access tokens of thirty minutes, five at a time at most."""

    NAME = "Shoptet-Access-Token"

    def __init__(
        self,
        oauth_token: str,
        token_url: str,
        store: TokenStore,
        client: httpx.Client,
        timing: Timing,
        resolve: Resolve,
    ) -> None:
        self.oauth_token = oauth_token
        self.token_url = checked_base(token_url)
        host = (urlsplit(self.token_url).hostname or "").lower()
        self.gate = Gate(frozenset({host}), (), loopback_of(self.token_url), resolve)
        self.store = store
        self.client = client
        self.timing = replace(timing, read=min(timing.read, 10.0), answer=min(timing.answer, 20.0))  # others wait

    def header(self) -> dict[str, str]:
        token = self.store.current()
        if token is None or not token.is_fresh(self.timing.now()):
            token = self.store.refreshed(None, self.fetch)
        return {self.NAME: token.value}

    def renew(self, failed: Mapping[str, str]) -> bool:
        self.store.refreshed(failed[self.NAME], self.fetch)
        return True

    def fetch(self) -> AccessToken:
        """Ask for a new access token, once: this happens under the store's lock."""
        headers = {"Authorization": f"Bearer {self.oauth_token}", "Accept": "application/json"}
        pinned = self.gate.check(self.token_url)
        answer = exchange(self.client, self.timing, "GET", self.token_url, headers=headers, pinned=pinned)
        return self.read(answer)

    def read(self, answer: Answer) -> AccessToken:
        try:
            told = msgspec.json.decode(answer.body, type=TokenAnswer)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            told = TokenAnswer()
        if answer.status != 200 or told.error or not told.access_token:
            raise self.failure(answer, told.error)
        lasts = HALF_AN_HOUR if told.expires_in is None else max(0, min(told.expires_in, HALF_AN_HOUR))
        return AccessToken(told.access_token, self.timing.now() + timedelta(seconds=lasts))

    def failure(self, answer: Answer, error: str | None) -> PlatformFailure:
        host, status = host_of(self.token_url), answer.status
        if error in ERRORS:
            kind, happened = ERRORS[error]
            return kind(happened)
        wait = retry_after(answer.headers.get("Retry-After"), answer.headers.get("Date"), self.timing.now())
        if error == "maximum_tokens_reached":
            return failures.TooFast(
                _("Shoptet gives no sixth access token while five are alive."), wait or TOKENS_FREED
            )
        if status == 429:
            return failures.TooFast(_("%(host)s wants fewer calls for a while.", host=host), wait)
        if status >= 500:
            return failures.Faltered(
                _(
                    "%(host)s failed with status %(status)s while an access token was asked for.",
                    host=host,
                    status=status,
                ),
                wait,
            )
        if status in (400, 401, 403):
            return failures.BadCredentials(
                _("%(host)s does not accept the addon's token (%(words)s).", host=host, words=quoted(error or ""))
            )
        return failures.ContractBroken(
            _("%(host)s did not answer with an access token (status %(status)s).", host=host, status=status)
        )
