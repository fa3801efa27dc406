"""The list of the trail: its filters, its one order, and an entry as programs read it. It is one list for all shops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Integer, Text, cast, false, literal
from sqlalchemy.dialects.postgresql import INET

from shop.audit.models import AuditEntry
from shop.audit.wording import WORDS, act, particulars
from shop.languages import N_, said
from shop.languages import gettext as _
from shop.listing.cells import Fields
from shop.listing.filters import Choice, Exact
from shop.listing.listing import Listing, Spec
from shop.listing.ranges import Days
from shop.listing.refusal import refused
from shop.listing.scopes import Scope
from shop.listing.sorts import MOMENT, Segment, Sort
from shop.listing.wording import either, quoted

ALL = 0  # the one number under which the list is walked: entries belong to a shop or to none


@dataclass(frozen=True)
class Addresses(Exact):
    """One or several addresses, or networks as in 203.0.113.0/24."""

    @property
    def allowed(self) -> str:
        return _("an address as 203.0.113.7, or a network as 203.0.113.0/24")

    def read(self, given: Sequence[str]) -> tuple[str, ...]:
        for text in given:
            try:
                ip_network(text.strip())
            except ValueError as error:
                raise refused(self.name, text, self.allowed) from error
        return super().read(given)

    def condition(self, value: tuple[str, ...], zone: ZoneInfo) -> ColumnElement[bool]:  # noqa: ARG002
        found: ColumnElement[bool] = false()
        for text in value:
            found = found | self.column.op("<<=", is_comparison=True)(cast(literal(text, Text), INET))
        return found


@dataclass(frozen=True)
class Acts(Choice):
    """What was done, said in quotes as the trail says it."""

    def words(self, value: tuple[str, ...]) -> str:
        return either(quoted(said(self.options[text][0])) for text in value)


def is_action(name: str) -> ColumnElement[bool]:
    return AuditEntry.action == name


TRAIL = Spec(
    path="/audit",
    one="entry",
    many="entries",
    filters=(
        Exact("who", N_("Who"), AuditEntry.actor, spoken=N_("by {}")),
        Acts(
            "action",
            N_("What"),
            {action.value: (words, partial(is_action, action.value)) for action, words in WORDS.items()},
        ),
        Exact("subject", N_("Subject"), AuditEntry.subject, spoken=N_("about {}")),
        Days("at_days", N_("Days"), AuditEntry.at, verb=N_("written")),
        Addresses("address", N_("Address"), AuditEntry.address, spoken=N_("from {}")),
        Exact("request", N_("Request"), AuditEntry.request_id, spoken=N_("of the request {}")),
    ),
    sorts=(
        Sort(
            "when",
            N_("oldest first"),
            N_("newest first"),
            (
                Segment(
                    source=AuditEntry.__table__,
                    shop=literal(ALL, Integer),
                    row=AuditEntry.id,
                    key=AuditEntry.at,
                    tie=AuditEntry.id,
                    key_codec=MOMENT,
                ),
            ),
            serves=frozenset({"at_days"}),
            by_day=True,
        ),
    ),
    default_sort="-when",
)
FIELDS = ("who", "action", "subject", "at_days", "at_days_from", "at_days_to", "address", "request")
HEADER = ("id", "at", "who", "action", "words", "shop", "subject", "particulars", "address", "request", "url")


def whole_trail(listing: Listing, zone: str, shop_ids: Sequence[int]) -> list[Scope]:
    """Return the one scope of the list; `shop_ids` are those that were asked for, none meaning all, and what is no shop's."""
    of_shops = [AuditEntry.shop_id.in_(shop_ids)] if listing.shops else []
    return [Scope((ALL,), ZoneInfo(zone), (*listing.conditions(ZoneInfo(zone)), *of_shops))]


def entry_fields(entry: AuditEntry, slugs: Mapping[int, str], zone: str, root: str) -> Fields:
    """Return one entry; its time is in the zone of the page. `root` is the address of this installation."""
    words: dict[str, Any] = {
        "id": entry.id,
        "at": entry.at.astimezone(ZoneInfo(zone)),
        "who": entry.actor,
        "action": entry.action,
        "words": act(entry),
        "shop": slugs.get(entry.shop_id) if entry.shop_id else None,
        "subject": entry.subject,
        "particulars": particulars(entry.details),
        "address": str(entry.address) if entry.address else None,
        "request": entry.request_id,
        "url": f"{root.rstrip('/')}/audit/?{'request=' + entry.request_id if entry.request_id else 'who=' + entry.actor}",
    }
    return words
