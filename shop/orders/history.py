"""What happened to an order, in words: what changed from snapshot to snapshot, and how it began."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from shop.formatting import UNKNOWN, amount, moment
from shop.languages import N_, said
from shop.languages import gettext as _
from shop.orders.models import Order, OrderRevision
from shop.orders.queries import Status

Happening = tuple[str, str, str, str]  # tone, what, from where it is known, when

TONES = {"done": "good", "cancelled": "warn", "returned": "warn"}
PAYMENTS = {
    "true": ("good", N_("Paid")),
    "false": ("warn", N_("No longer paid")),
    None: ("", N_("Payment no longer said")),
}
MONEY = frozenset({"total", "to pay"})
PARTICULARS = {
    "billing_address": N_("billing address"),
    "delivery_address": N_("delivery address"),
    "customer_note": N_("customer’s note"),
    "shop_note": N_("shop’s note"),
    "tracking_number": N_("parcel number"),
    "vat": N_("VAT"),
}
FIELDS = {  # every other one, as the comparison of snapshots names it
    "total": N_("Total %(before)s → %(after)s"),
    "e-mail": N_("E-mail %(before)s → %(after)s"),
    "name": N_("Name %(before)s → %(after)s"),
    "phone": N_("Phone %(before)s → %(after)s"),
    "placed": N_("Placed %(before)s → %(after)s"),
    "payment": N_("Payment %(before)s → %(after)s"),
    "delivery": N_("Delivery %(before)s → %(after)s"),
    "items": N_("Items %(before)s → %(after)s"),
    "units": N_("Units %(before)s → %(after)s"),
    "currency": N_("Currency %(before)s → %(after)s"),
    "to pay": N_("To pay %(before)s → %(after)s"),
}


def happenings(
    order: Order, revisions: Sequence[OrderRevision], statuses: Sequence[Status], zone: str, now: datetime
) -> list[Happening]:
    """Return the events of one order, newest first; it was placed last of all."""
    known = {status.code: status for status in statuses if status.shop_id == order.shop_id}
    events = [happened(revision, order.currency, known, zone, now) for revision in revisions]
    if order.deleted_at and not any(revision.field == "deleted" for revision in revisions):
        missing = _("Missing from a complete snapshot")
        events.insert(0, ("bad", _("Deleted in the shop"), missing, moment(order.deleted_at, zone, now)))
    source = ", ".join(filter(None, (order.source, order.payment_method, order.shipping_method)))
    return [*events, ("", _("Order placed"), source, moment(order.placed_at, zone, now))]


def happened(
    revision: OrderRevision, currency: str, statuses: Mapping[str, Status], zone: str, now: datetime
) -> Happening:
    tone, what = told(revision, currency, statuses, zone, now)
    source = _("Seen by comparing snapshots, first in snapshot %(id)s", id=revision.snapshot_id)
    return tone, what, source, moment(revision.seen_at, zone, now)


def told(
    revision: OrderRevision, currency: str, statuses: Mapping[str, Status], zone: str, now: datetime
) -> tuple[str, str]:
    """Return the tone and the sentence of one changed field."""
    before, after = revision.before, revision.after
    if revision.field == "status":
        status = statuses.get(after or "")
        names = [statuses[code].name if code in statuses else code or UNKNOWN for code in (before or "", after or "")]
        return TONES.get(status.category if status else "", ""), _(
            "Status %(before)s → %(after)s", before=names[0], after=names[1]
        )
    if revision.field == "paid":
        tone, words = PAYMENTS.get(after, ("", N_("Payment changed")))
        return tone, _("Not paid") if after == "false" and before is None else said(words)
    if revision.field == "particulars":
        return "", particulars(before, after)
    if revision.field == "deleted":
        return ("bad", _("Deleted in the shop")) if after else ("good", _("There again in the shop"))
    sides = {
        side: shown(value, revision.field, currency, zone, now)
        for side, value in (("before", before), ("after", after))
    }
    if revision.field in FIELDS:
        return "", said(FIELDS[revision.field]) % sides
    return "", f"{revision.field.capitalize()} {sides['before']} → {sides['after']}"


def shown(value: str | None, field: str, currency: str, zone: str, now: datetime) -> str:
    if value is None:
        return UNKNOWN
    if field in MONEY:
        return amount(Decimal(value), currency)
    return moment(datetime.fromisoformat(value), zone, now) if field == "placed" else value


def particulars(before: str | None, after: str | None) -> str:
    """Say which of the kept particulars differ, without repeating an address."""
    old, new = (json.loads(text or "{}") for text in (before, after))
    names = [said(words) for name, words in PARTICULARS.items() if old.get(name) != new.get(name)]
    if not names:
        return _("Particulars changed")
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])}{_(' and ')}{names[-1]}"
    return capital(_("%(particulars)s changed", particulars=listed))


def capital(sentence: str) -> str:
    return f"{sentence[0].upper()}{sentence[1:]}"
