"""The list of exports: its filters and its one order. It is one list for all shops."""

from zoneinfo import ZoneInfo

from sqlalchemy import Integer, literal

from shop.exports.models import Export
from shop.listing.filters import Choice, Exact
from shop.listing.listing import Listing, Spec
from shop.listing.ranges import Days
from shop.listing.scopes import Scope
from shop.listing.sorts import MOMENT, Segment, Sort

ALL = 0  # the one number under which the list is walked

EXPORTS = Spec(
    path="/exports",
    one="export",
    many="exports",
    filters=(
        Exact("who", "Who", Export.actor, spoken="by"),
        Choice(
            "state",
            "State",
            {
                "whole": ("sent whole", lambda: Export.state == "whole"),
                "cut": ("cut", lambda: Export.state == "cut"),
                "sending": ("being sent", lambda: Export.state == "sending"),
            },
        ),
        Days("at_days", "Days", Export.at, verb="made"),
    ),
    sorts=(
        Sort(
            "when",
            "oldest first",
            "newest first",
            (
                Segment(
                    source=Export.__table__,
                    shop=literal(ALL, Integer),
                    row=Export.id,
                    key=Export.at,
                    tie=Export.id,
                    key_codec=MOMENT,
                ),
            ),
            serves=frozenset({"at_days"}),
            by_day=True,
        ),
    ),
    default_sort="-when",
)


def exports_of(listing: Listing, zone: str, staff_id: int | None) -> list[Scope]:
    """Return the one scope of the list: of one person, or of everybody for None."""
    own = [] if staff_id is None else [Export.staff_id == staff_id]
    return [Scope((ALL,), ZoneInfo(zone), (*listing.conditions(ZoneInfo(zone)), *own))]
