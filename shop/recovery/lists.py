"""The list of failures: open ones and those that were settled lately, and a failure as programs read it."""

from collections.abc import Mapping
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, text

from shop.languages import N_
from shop.listing.cells import Fields
from shop.listing.filters import Choice, Exact
from shop.listing.listing import Spec
from shop.listing.scopes import ListedShop
from shop.listing.sorts import COUNT, Segment, Sort
from shop.recovery.queries import OPEN
from shop.snapshots.lists import KINDS
from shop.snapshots.models import FailedSnapshot, Snapshot

SHOWN_RESOLVED = "30 days"  # as SQL has it, and the words of the filter
OF_KINDS = {"orders": N_("of orders"), "customers": N_("of customers"), "products": N_("of products")}


def is_of(kind: str) -> ColumnElement[bool]:
    return FailedSnapshot.kind == kind


def is_open() -> ColumnElement[bool]:
    return OPEN


def was_resolved() -> ColumnElement[bool]:
    return FailedSnapshot.resolved_at > func.now() - text(f"interval '{SHOWN_RESOLVED}'")


FAILURES = Spec(
    path="/recovery",
    one="failure",
    many=N_("failures"),
    filters=(
        Exact("cause", N_("Cause"), FailedSnapshot.fingerprint, spoken=N_("with the cause")),
        Choice("kind", N_("Brings"), {name: (OF_KINDS[name], partial(is_of, name)) for name in KINDS}),
        Choice(
            "state",
            N_("State"),
            {"open": (N_("not settled"), is_open), "resolved": (N_("settled in the last 30 days"), was_resolved)},
            usual=is_open,
        ),
    ),
    sorts=(
        Sort(
            "id",
            N_("oldest first"),
            N_("newest first"),
            (
                Segment(
                    source=FailedSnapshot.__table__,
                    shop=FailedSnapshot.shop_id,
                    row=FailedSnapshot.id,
                    key=FailedSnapshot.id,
                    tie=FailedSnapshot.id,
                    key_codec=COUNT,
                ),
            ),
        ),
    ),
    default_sort="-id",
)

TIMES = ("failed_at", "retry_at", "resolved_at")


def failure_fields(failed: FailedSnapshot, run: Snapshot, shops: Mapping[int, ListedShop], root: str) -> Fields:
    """Return one failure; times are in the shop's zone. `root` is the address of this installation."""
    shop = shops[failed.shop_id]
    zone = ZoneInfo(shop.timezone)
    times = {name: getattr(failed, name) for name in TIMES}
    return {
        "id": failed.id,
        "shop": shop.slug,
        "kind": failed.kind,
        "snapshot": failed.snapshot_id,
        "snapshot_state": run.state,
        "cause": failed.fingerprint,
        "error_code": failed.error_code,
        "error": failed.error,
        "passes_by_itself": not failed.permanent,
        "tries_by_itself": failed.sweeps,
        **{name: at.astimezone(zone) if at else None for name, at in times.items()},
        "retry_by": failed.retry_by,
        "resolution": failed.resolution,
        "resolved_by": failed.resolved_by,
        "url": f"{root.rstrip('/')}/recovery/{failed.id}",
    }
