"""What the forms and the filters of the pages of runs are made of."""

from collections.abc import Mapping, Sequence

from shop.listing.listing import Listing
from shop.shops.models import Shop
from shop.snapshots.forms import FetchForm, UploadForm
from shop.snapshots.lists import KINDS
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


def only_slug(shops: Sequence[Shop]) -> str:
    return shops[0].slug if len(shops) == 1 else ""
