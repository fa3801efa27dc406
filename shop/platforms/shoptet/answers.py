"""What Shoptet's API answers, as far as it is read: unknown fields are left, and null stands wherever it may."""

from datetime import datetime
from decimal import Decimal

import structlog
from msgspec import Raw, Struct

from shop.platforms.times import BadTime, read_time

log = structlog.get_logger()


class Error(Struct, rename="camel"):
    error_code: str | None = None
    message: str | None = None
    instance: str | None = None


class Metadata(Struct, rename="camel"):
    request_id: str | None = None


class Envelope(Struct):
    data: Raw = Raw(b"null")
    errors: list[Error] | None = None
    metadata: Metadata | None = None


class Paginator(Struct, rename="camel"):
    total_count: int
    page: int
    page_count: int
    items_per_page: int


class Contact(Struct, rename="camel"):
    eshop_id: int
    eshop_name: str
    url: str


class Settings(Struct, rename="camel"):
    timezone: str | None = None
    eshop_language: str | None = None


class ShopCurrency(Struct, rename="camel"):
    code: str
    is_default: bool | None = None
    exchange_rate: Decimal | None = None


class ShopUrl(Struct):
    url: str | None = None


class Status(Struct, rename="camel"):
    id: int
    name: str | None = None
    mark_as_paid: bool | None = None


class Statuses(Struct):
    statuses: list[Status] | None = None


class Eshop(Struct, rename="camel"):
    contact_information: Contact
    settings: Settings | None = None
    currencies: list[ShopCurrency] | None = None
    urls: list[ShopUrl] | None = None
    order_statuses: Statuses | None = None


class Source(Struct):
    id: int
    name: str | None = None


class Sources(Struct):
    sources: list[Source]


class Group(Struct):
    description: str | None = None


class Endpoint(Struct):
    endpoint: str
    access: str | None = None
    group: Group | None = None


class Endpoints(Struct):
    endpoints: list[Endpoint]


class Accepted(Struct, rename="camel"):
    job_id: str


class Job(Struct, rename="camel"):
    """One job, read alone or in the list; the list says nothing of its result."""

    job_id: str
    endpoint: str
    status: str
    creation_time: str | None = None
    completion_time: str | None = None
    valid_until: str | None = None
    result_url: str | None = None


class OneJob(Struct):
    job: Job


class Changed(Struct, rename="camel"):
    change_type: str
    code: str | None = None
    guid: str | None = None
    change_time: str | None = None


class OrderRow(Struct):
    code: str


class GuidRow(Struct, rename="camel"):
    guid: str
    change_time: str | None = None


class Hook(Struct):
    id: int
    event: str
    url: str


class Hooks(Struct):
    webhooks: list[Hook] | None = None


class SignatureKey(Struct, rename="camel"):
    signature_key: str


class TokenAnswer(Struct):
    """What the token endpoint says; it stands outside the envelope, its errors too."""

    access_token: str | None = None
    expires_in: int | None = None
    error: str | None = None


def moment(given: str | None) -> datetime | None:
    """Read a time that is only told, not counted on; an impossible one is logged and is no time."""
    if not given:
        return None
    try:
        return read_time(given)
    except BadTime as error:
        log.warning("platform_time_unreadable", reason=str(error))
        return None
