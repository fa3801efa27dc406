"""What Pult asks of a shop's platform over the network, whichever it is. `Platform.connect` returns one `Remote` a shop."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from shop.platforms.downloads import Received, Transfer
from shop.platforms.records import Kind
from shop.platforms.tokens import TokenStore


@dataclass(frozen=True)
class Access:
    """How to reach one shop, and what is stored of it. Made anew for each run; holds secrets, so it is never logged.

    `credentials` of Shoptet: {"token": private API token}, or {"oauth_token": …, "token_url": …} of an addon.
    `shop_id`, `currency` and `timezone` are what the shop's row says; None where nothing is known yet.
    """

    credentials: Mapping[str, str] = field(repr=False)
    tokens: TokenStore = field(repr=False)
    base_url: str | None = None  # without one, the platform's public address
    shop_id: str | None = None
    currency: str | None = None
    timezone: str | None = None
    webhook_url: str | None = None  # where this installation can be told of finished exports; None: it only polls


@dataclass(frozen=True)
class OrderStatus:
    code: str
    name: str
    marks_paid: bool


@dataclass(frozen=True)
class Currency:
    code: str
    is_default: bool
    exchange_rate: Decimal | None


@dataclass(frozen=True)
class Identity:
    """Who the platform says the shop is. `shop_id` never changes; addresses may."""

    shop_id: str
    name: str
    url: str
    hosts: frozenset[str]  # the shop's own hosts, from which its files may be fetched
    currency: str | None  # the default one
    currencies: tuple[Currency, ...]
    timezone: str | None
    language: str | None
    statuses: tuple[OrderStatus, ...]


@dataclass(frozen=True)
class Right:
    """One thing the token may call."""

    endpoint: str
    access: str  # read, write or both
    group: str | None


@dataclass(frozen=True)
class OrderSource:
    """Where orders come from: the shop itself, a marketplace, the cash desk."""

    code: str
    name: str


class Outcome(StrEnum):
    OK = "ok"
    WARNING = "warning"  # works, but not as it could
    FAILED = "failed"


@dataclass(frozen=True)
class Step:
    """One thing that was checked. `name`: reachable, token, rights, identity, currency, timezone or webhook."""

    name: str
    outcome: Outcome
    sentence: str
    mend: str = ""


@dataclass(frozen=True)
class ExportRequest:
    """What to export: everything, what was created or changed since, or some entities by their keys (50 at most)."""

    kind: Kind
    changed_since: datetime | None = None
    created_since: datetime | None = None
    keys: Sequence[str] = ()

    @property
    def is_complete(self) -> bool:
        return not (self.changed_since or self.created_since or self.keys)


@dataclass(frozen=True)
class Ticket:
    """An export that was asked for. All a worker needs, after a kill too, to go on waiting: keep it in the row."""

    job: str
    endpoint: str  # what was called; the job must say the same
    requested_at: datetime  # by the platform's clock; the file is at least as new


class ExportStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"
    KILLED = "killed"
    UNKNOWN = "unknown"  # a word Pult does not know: not an end

    @property
    def is_final(self) -> bool:
        return self in (self.COMPLETED, self.FAILED, self.EXPIRED, self.KILLED)


@dataclass(frozen=True)
class ExportState:
    """How far an export is. A completed one without `result_url` has no rows. The address is a secret for its life."""

    job: str
    status: ExportStatus
    created_at: datetime | None
    finished_at: datetime | None
    valid_until: datetime | None
    result_url: str | None = field(default=None, repr=False)

    @property
    def is_empty(self) -> bool:
        return self.status is ExportStatus.COMPLETED and self.result_url is None


@dataclass(frozen=True)
class Change:
    """The last thing that happened to one entity. `key` is what its records carry: an order's code, else the guid."""

    key: str
    changed_at: datetime | None
    deleted: bool


@dataclass(frozen=True)
class ChangeFeed:
    """Changes since a moment, read page by page while they are walked.

    `next_since` is where the next feed begins: the platform's clock before the first call, minus an overlap.
    Store it only when everything that was yielded is stored.
    """

    next_since: datetime
    changes: Iterator[Change]


@dataclass(frozen=True)
class Webhook:
    """Where the platform tells of finished exports. `is_ours` is False where another address is registered."""

    id: str
    url: str
    is_ours: bool


@dataclass(frozen=True)
class Notice:
    """What a webhook says, verified: a hint to look, never the truth. `keys` are job ids or keys of entities."""

    shop_id: str
    event: str
    happened_at: datetime
    keys: tuple[str, ...]
    kind: Kind | None = None  # of the entities; None where it is about anything else


class Remote(Protocol):
    """One shop on its platform. Use it in one thread at a time and close it. Every method may raise PlatformFailure.

    Short waits that the platform asks for happen inside; a longer one is raised as transient with `retry_after`.
    """

    def identity(self) -> Identity:
        """Return who the shop is; asked once, then remembered."""

    def verify_identity(self) -> Identity:
        """Return the same. Raises WrongShop if it is not the stored shop: call this before anything is written."""

    def rights(self) -> list[Right]:
        """Return what the token may call."""

    def order_sources(self) -> list[OrderSource]: ...

    def check(self) -> Iterator[Step]:
        """Check the connection step by step; a failed step ends it where the next ones need it. Raises nothing."""

    def request_export(self, wanted: ExportRequest) -> Ticket:
        """Ask for an export. Not idempotent: keep the ticket at once. Raises WebhookMissing where one is needed."""

    def export_state(self, ticket: Ticket) -> ExportState:
        """Return how far it is, without using up the platform's limits: may be called as often as every minute.

        Raises ExportGone where the platform does not know the job any more, ContractBroken if it is another export.
        """

    def tickets_since(self, wanted: ExportRequest, since: datetime) -> list[Ticket]:
        """Return exports of this kind that were asked for since then, newest first.

        For a worker that was killed between asking and keeping the ticket: take the newest instead of asking again.
        """

    def download(self, state: ExportState, received: Received) -> AbstractContextManager[Transfer]:
        """Open the result file, from where a broken download stopped if the server can. Needs a `result_url`.

        `downloads.fetch` writes it into a file and goes on after a break. Raises ExportGone when it has expired.
        """

    def is_ours(self, line: bytes) -> bool | None:
        """Return whether a line of a file comes from this very shop; None where it does not say."""

    def changes(self, kind: Kind, since: datetime, *, deletions_only: bool = False) -> ChangeFeed:
        """Return what was changed or deleted since. Raises FeedTooOld beyond what the platform remembers."""

    def details(self, kind: Kind, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """Yield each key with its entity as a line that the platform's decoder reads; None: it is gone."""

    def walk(self, kind: Kind, changed_since: datetime | None = None) -> Iterator[bytes]:
        """Yield every entity as a line, by list and details: slow, for shops that cannot have exports."""

    def webhook(self) -> Webhook | None:
        """Return what is registered for finished exports."""

    def register_webhook(self, url: str) -> Webhook:
        """Register `url`; an address that is registered already, also another's, stays and is returned."""

    def register_hints(self, url: str) -> list[str]:
        """Have `url` told of changed entities too. Returns the events that are told to another address, or to none."""

    def remove_webhook(self, hook: Webhook) -> None:
        """Remove it, whosever it is; for a person who wants another address to be told."""

    def renew_signature_key(self) -> str:
        """Return a new key for signatures. The old one dies at once: accept both for an hour, and store it sealed."""

    def server_time(self) -> datetime:
        """Return the platform's time, from its latest answer."""

    def close(self) -> None: ...
