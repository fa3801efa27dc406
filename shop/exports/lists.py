"""The list of exports: its filters and its one order. It is one list for all shops."""

from zoneinfo import ZoneInfo

from sqlalchemy import Integer, literal

from shop.exports.models import Export
from shop.languages import N_, NN_
from shop.listing.filters import Choice, Exact
from shop.listing.listing import Listing, Spec
from shop.listing.ranges import Days
from shop.listing.scopes import Scope
from shop.listing.sorts import MOMENT, Segment, Sort

ALL = 0  # the one number under which the list is walked

COUNTED = NN_("export", "exports")
SUMMED = (N_("total"), N_("total shop currency"), N_("total spent"), N_("sales"))  # columns of the lists

EXPORTS = Spec(
    path="/exports",
    one=COUNTED[0],
    many=COUNTED[1],
    filters=(
        Exact("who", N_("Who"), Export.actor, spoken=N_("by")),
        Choice(
            "state",
            N_("State"),
            {
                "whole": (N_("sent whole"), lambda: Export.state == "whole"),
                "cut": (N_("cut"), lambda: Export.state == "cut"),
                "sending": (N_("being sent"), lambda: Export.state == "sending"),
            },
        ),
        Days("at_days", N_("Days"), Export.at, verb=N_("made")),
    ),
    sorts=(
        Sort(
            "when",
            N_("oldest first"),
            N_("newest first"),
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
