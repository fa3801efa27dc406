"""What the forms and the filters of the pages of runs are made of."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from shop.listing.listing import Listing
from shop.shops.models import Shop
from shop.shops.queries import shop_numbers
from shop.snapshots.forms import FetchForm, UploadForm
from shop.snapshots.lists import KINDS
from shop.snapshots.models import Snapshot
from shop.snapshots.replaying import replays_since
from shop.staff.access import may, visible_shops
from shop.staff.permissions import Permission


def segments(listing: Listing, name: str, options: Mapping[str, str]) -> list[tuple[str, str, bool]]:
    """Return the list with each value of a filter: words, address, whether it is the one in force."""
    chosen = listing.chosen.get(name)
    return [
        (words, listing.with_filter(name, (value,)).address(), chosen == (value,)) for value, words in options.items()
    ]


def form_parts(form: UploadForm, errors: dict[str, str] | None = None) -> dict[str, object]:
    """Return what the form of a file needs, on its own page and in the list's dialog."""
    return {
        "form": form,
        "errors": errors or {},
        "loadable": visible_shops(),
        "kinds": KINDS,
        "may_load": may(Permission.RUN_SNAPSHOTS),
    }


def take_parts(form: FetchForm, errors: dict[str, str] | None = None) -> dict[str, object]:
    """Return what the form of a snapshot from the platform needs."""
    return {"take": form, "errors": errors or {}, "loadable": visible_shops(), "kinds": KINDS}


def difference_parts(preview: Snapshot, shop: Shop) -> dict[str, object]:
    """Return what the page of a preview shows: its difference, with amounts as numbers, and the replays since."""
    found = preview.difference or {}
    totals = [
        (label, *(Decimal(found["money"][name][side]) for side in ("before", "after")))
        for label, name in (("Sales", "sales"), ("All orders it touches", "total"))
        if "money" in found
    ]
    largest = [
        (date.fromisoformat(one["day"]), one["orders"], Decimal(one["before"]), Decimal(one["after"]))
        for one in found.get("days", {}).get("largest", ())
    ]
    return {
        "run": preview,
        "shop": shop,
        "number": shop_numbers()[shop.id],
        "kinds": KINDS,
        "found": found,
        "totals": totals,
        "largest": largest,
        "replays": replays_since(preview),
    }


def only_slug(shops: Sequence[Shop]) -> str:
    return shops[0].slug if len(shops) == 1 else ""
