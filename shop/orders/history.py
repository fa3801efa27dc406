"""What happened to an order, in words: what changed from snapshot to snapshot, and how it began."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from shop.formatting import UNKNOWN, amount, moment
from shop.orders.models import Order, OrderRevision
from shop.orders.queries import Status

Happening = tuple[str, str, str, str]  # tone, what, from where it is known, when

TONES = {"done": "good", "cancelled": "warn", "returned": "warn"}
PAYMENTS = {"true": ("good", "Paid"), "false": ("warn", "No longer paid"), None: ("", "Payment no longer said")}
MONEY = frozenset({"total", "to pay"})
PARTICULARS = {
    "billing_address": "Billing address",
    "delivery_address": "Delivery address",
    "customer_note": "Customer’s note",
    "shop_note": "Shop’s note",
    "tracking_number": "Parcel number",
    "vat": "VAT",
}


def happenings(
    order: Order, revisions: Sequence[OrderRevision], statuses: Sequence[Status], zone: str, now: datetime
) -> list[Happening]:
    """Return the events of one order, newest first; it was placed last of all."""
    known = {status.code: status for status in statuses if status.shop_id == order.shop_id}
    events = [happened(revision, order.currency, known, zone, now) for revision in revisions]
    if order.deleted_at and not any(revision.field == "deleted" for revision in revisions):
        events.insert(
            0, ("bad", "Deleted in the shop", "Missing from a complete snapshot", moment(order.deleted_at, zone, now))
        )
    source = ", ".join(filter(None, (order.source, order.payment_method, order.shipping_method)))
    return [*events, ("", "Order placed", source, moment(order.placed_at, zone, now))]


def happened(
    revision: OrderRevision, currency: str, statuses: Mapping[str, Status], zone: str, now: datetime
) -> Happening:
    tone, what = told(revision, currency, statuses, zone, now)
    source = f"Seen by comparing snapshots, first in snapshot {revision.snapshot_id}"
    return tone, what, source, moment(revision.seen_at, zone, now)


def told(
    revision: OrderRevision, currency: str, statuses: Mapping[str, Status], zone: str, now: datetime
) -> tuple[str, str]:
    """Return the tone and the sentence of one changed field."""
    before, after = revision.before, revision.after
    if revision.field == "status":
        status = statuses.get(after or "")
        names = (statuses[code].name if code in statuses else code or UNKNOWN for code in (before or "", after or ""))
        return TONES.get(status.category if status else "", ""), f"Status {' → '.join(names)}"
    if revision.field == "paid":
        tone, words = PAYMENTS.get(after, ("", "Payment changed"))
        return tone, "Not paid" if after == "false" and before is None else words
    if revision.field == "particulars":
        return "", particulars(before, after)
    if revision.field == "deleted":
        return ("bad", "Deleted in the shop") if after else ("good", "There again in the shop")
    return (
        "",
        f"{revision.field.capitalize()} {shown(before, revision.field, currency, zone, now)} → {shown(after, revision.field, currency, zone, now)}",
    )


def shown(value: str | None, field: str, currency: str, zone: str, now: datetime) -> str:
    if value is None:
        return UNKNOWN
    if field in MONEY:
        return amount(Decimal(value), currency)
    return moment(datetime.fromisoformat(value), zone, now) if field == "placed" else value


def particulars(before: str | None, after: str | None) -> str:
    """Say which of the kept particulars differ, without repeating an address."""
    old, new = (json.loads(text or "{}") for text in (before, after))
    names = [words for name, words in PARTICULARS.items() if old.get(name) != new.get(name)]
    if not names:
        return "Particulars changed"
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{listed[0]}{listed[1:].lower()} changed"
