"""One Shoptet shop as a `Remote`: the client, its token and its gate for files put together."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from shop.languages import gettext as _
from shop.platforms.addresses import Gate, Resolve, resolve
from shop.platforms.downloads import Downloader, Received, Transfer
from shop.platforms.exchanges import http_client
from shop.platforms.failures import BadCredentials
from shop.platforms.records import Kind
from shop.platforms.remote import (
    Access,
    ChangeFeed,
    ExportRequest,
    ExportState,
    Identity,
    OrderSource,
    Right,
    Step,
    Ticket,
    Webhook,
)
from shop.platforms.shoptet import changes, checking, exports, origins, shop_info, webhooks
from shop.platforms.shoptet.api import Api
from shop.platforms.shoptet.authorization import AddonToken, Authorization, PrivateToken
from shop.platforms.shoptet.bases import API, RESULT_HOSTS, checked_api, loopback_of
from shop.platforms.timing import Timing


class ShoptetShop:
    """See `shop.platforms.remote.Remote` for what each method promises."""

    def __init__(self, access: Access, timing: Timing, resolve: Resolve = resolve) -> None:
        self.access = access
        self.timing = timing
        self.resolve = resolve
        base = checked_api(access.base_url or API)
        self.client = http_client(timing)
        self.files = http_client(timing)  # another one: no cookie and no connection is shared with the API
        try:
            self.api = Api(base, self.authorization(), self.client, timing)
        except BaseException:
            self.close()
            raise
        self.known: Identity | None = None

    def authorization(self) -> Authorization:
        given = self.access.credentials
        if "oauth_token" in given:
            url, tokens = given.get("token_url", ""), self.access.tokens
            return AddonToken(given["oauth_token"], url, tokens, self.client, self.timing, self.resolve)
        if not given.get("token"):
            raise BadCredentials(_("The shop has no token yet."))
        return PrivateToken(given["token"])

    def identity(self) -> Identity:
        if self.known is None:
            self.known = shop_info.read_identity(self.api)
        return self.known

    def verify_identity(self) -> Identity:
        identity = self.identity()
        if self.access.shop_id is not None and self.access.shop_id != identity.shop_id:
            raise checking.wrong_shop(identity, self.access.shop_id)
        return identity

    def rights(self) -> list[Right]:
        return shop_info.read_rights(self.api)

    def order_sources(self) -> list[OrderSource]:
        return shop_info.read_order_sources(self.api)

    def check(self) -> Iterator[Step]:
        return checking.check(self.api, self.access)

    def request_export(self, wanted: ExportRequest) -> Ticket:
        self.verify_identity()
        return exports.request(self.api, wanted)

    def export_state(self, ticket: Ticket) -> ExportState:
        return exports.state(self.api, ticket)

    def tickets_since(self, wanted: ExportRequest, since: datetime) -> list[Ticket]:
        return exports.tickets(self.api, wanted, since)

    def download(self, state: ExportState, received: Received) -> AbstractContextManager[Transfer]:
        gate = Gate(self.verify_identity().hosts, RESULT_HOSTS, loopback_of(self.api.base), self.resolve)
        return Downloader(self.files, gate, self.timing).open(exports.result_address(state), received)

    def is_ours(self, line: bytes) -> bool | None:
        host = origins.host_of(line)
        return None if host is None else host in self.verify_identity().hosts

    def changes(self, kind: Kind, since: datetime, *, deletions_only: bool = False) -> ChangeFeed:
        self.verify_identity()
        return changes.feed(self.api, kind, since, deletions_only=deletions_only)

    def details(self, kind: Kind, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        self.verify_identity()
        return changes.details(self.api, kind, keys)

    def walk(self, kind: Kind, changed_since: datetime | None = None) -> Iterator[bytes]:
        self.verify_identity()
        return changes.walk(self.api, kind, changed_since)

    def webhook(self) -> Webhook | None:
        return webhooks.registered(self.api, self.access.webhook_url)

    def register_webhook(self, url: str) -> Webhook:
        self.verify_identity()
        return webhooks.register(self.api, url)

    def register_hints(self, url: str) -> list[str]:
        self.verify_identity()
        return webhooks.register_hints(self.api, url)

    def remove_webhook(self, hook: Webhook) -> None:
        self.verify_identity()
        webhooks.remove(self.api, hook)

    def renew_signature_key(self) -> str:
        self.verify_identity()
        return webhooks.renew_key(self.api)

    def server_time(self) -> datetime:
        if self.api.skew is None:
            self.identity()
        return self.api.server_time()

    def close(self) -> None:
        self.client.close()
        self.files.close()


def connect(access: Access, timing: Timing | None = None) -> ShoptetShop:
    """Return the shop; nothing is called yet. Raises AddressRefused or BadCredentials for what cannot be used."""
    return ShoptetShop(access, timing or Timing())
