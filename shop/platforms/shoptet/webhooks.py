"""Shoptet's webhooks: registered for finished exports, checked by their signature, read strictly."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import quote

import msgspec
import structlog
from msgspec import Meta, Struct

from shop.languages import N_
from shop.languages import gettext as _
from shop.platforms.failures import Refused
from shop.platforms.records import Kind
from shop.platforms.remote import Notice, Webhook
from shop.platforms.shoptet.answers import Hook, Hooks, SignatureKey
from shop.platforms.shoptet.api import Api
from shop.platforms.shoptet.paging import Listing, Walk
from shop.platforms.times import BadTime, read_time

JOB_FINISHED = "job:finished"
HINTS = tuple(f"{noun}:{what}" for noun in ("order", "customer", "product") for what in ("create", "update", "delete"))
KINDS = {  # by the noun of an event
    "order": Kind.ORDERS,
    "customer": Kind.CUSTOMERS,
    "product": Kind.PRODUCTS,
    "productVariant": Kind.PRODUCTS,
}
SIGNATURE = "Shoptet-Webhook-Signature"
LARGEST = 1 << 20
HOOKS = Listing("/api/webhooks", "webhooks", Hook, key=lambda hook: hook.id, per_page=None)
Filled = Annotated[str, Meta(min_length=1, max_length=100_000)]
log = structlog.get_logger()


class BadNotice(Refused):
    """A call that does not come from the platform, or is none of its notices."""

    code = "bad_notice"
    mend = N_("If the shop's exports are only noticed late, renew the signature key on the shop's page.")


class Delivery(Struct, rename="camel", forbid_unknown_fields=True):
    """The body: four fields, and `payload` where somebody asked for it."""

    eshop_id: int
    event: Filled
    event_created: Filled
    event_instance: Filled
    payload: msgspec.Raw = msgspec.Raw(b"null")


def registered(api: Api, ours: str | None) -> Webhook | None:
    """Return where Shoptet tells of finished jobs; there can be one address."""
    for hook in Walk(api, HOOKS, {}):
        if hook.event == JOB_FINISHED:
            return Webhook(str(hook.id), hook.url, hook.url == ours)
    return None


def register(api: Api, url: str) -> Webhook:
    """Register `url`. Shoptet keeps one address for an event: what another has registered is left to them."""
    try:
        told = api.post("/api/webhooks", {"data": [{"event": JOB_FINISHED, "url": url}]}).read(Hooks)
        hook = next((hook for hook in told.webhooks or () if hook.event == JOB_FINISHED), None)
    except Refused as failure:
        found = registered(api, url)
        if found is None:
            raise
        log.info("webhook_registered_already", is_ours=found.is_ours, reason=failure.code)
        return found
    found = Webhook(str(hook.id), hook.url, hook.url == url) if hook else registered(api, url)
    if found is None:
        raise Refused(_("Shoptet took the webhook and does not list it."))
    return found


def register_hints(api: Api, url: str) -> list[str]:
    """Have changes of entities told to `url`. Returns the events that are not: an address of somebody else stays."""
    known = {hook.event: hook.url for hook in Walk(api, HOOKS, {})}
    missing = [event for event in HINTS if event not in known]
    if missing:
        asked = {"data": [{"event": event, "url": url} for event in missing]}
        try:
            told = api.post("/api/webhooks", asked).read(Hooks)
            known |= {hook.event: hook.url for hook in told.webhooks or ()}
        except Refused as failure:
            log.info("webhook_hints_refused", reason=failure.code)
            known = {hook.event: hook.url for hook in Walk(api, HOOKS, {})}
    return [event for event in HINTS if known.get(event) != url]


def remove(api: Api, hook: Webhook) -> None:
    api.delete(f"/api/webhooks/{quote(hook.id, safe='')}")


def renew_key(api: Api) -> str:
    return api.post("/api/webhooks/renew-signature-key").read(SignatureKey).signature_key


def read_notice(headers: Mapping[str, str], body: bytes, keys: Sequence[str]) -> Notice:
    """Return the notice, if one of the keys has signed exactly these bytes. Raises BadNotice, before reading them if not.

    `keys` are the current signature key and, for a while after its renewal, the one before.
    """
    if len(body) > LARGEST:
        raise BadNotice(_("A notice is larger than any that Shoptet sends."))
    if not is_signed(body, headers.get(SIGNATURE) or "", keys):
        raise BadNotice(_("A notice does not carry the shop's signature."))
    return parsed(body)


def is_signed(body: bytes, signature: str, keys: Sequence[str]) -> bool:
    """Whether the signature is the hex HMAC-SHA1 of the raw body; every key is tried, in the same time for each."""
    given = signature.strip().lower().encode()
    matches = [
        hmac.compare_digest(hmac.new(key.encode(), body, hashlib.sha1).hexdigest().encode(), given) for key in keys
    ]
    return any(matches)


def parsed(body: bytes) -> Notice:
    try:
        told = msgspec.json.decode(body, type=Delivery)
        happened_at = read_time(told.event_created)
        instances = instances_of(told.event_instance)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, BadTime):
        raise BadNotice(_("A signed notice is not in the form that Shoptet promises.")) from None
    kind = KINDS.get(told.event.partition(":")[0])
    return Notice(str(told.eshop_id), told.event, happened_at, instances, kind)


def instances_of(written: str) -> tuple[str, ...]:
    """Return the keys: one, or those of a mass event, which come as a list written into the string."""
    if not written.startswith("["):
        return (written,)
    return tuple(str(key) for key in msgspec.json.decode(written, type=list[str | int]))
