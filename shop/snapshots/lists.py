"""The list of runs: its filters, its one order, and a run as programs read it."""

from collections.abc import Mapping
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_

from shop.languages import N_, NN_
from shop.listing.cells import Fields
from shop.listing.filters import Choice, Exact
from shop.listing.listing import Spec
from shop.listing.ranges import Days
from shop.listing.scopes import ListedShop
from shop.listing.sorts import COUNT, Segment, Sort
from shop.snapshots.models import LIVE, Snapshot

KINDS = {"orders": N_("Orders"), "customers": N_("Customers"), "products": N_("Products")}
OF_KINDS = {"orders": N_("of orders"), "customers": N_("of customers"), "products": N_("of products")}
STATES = {
    "live": (N_("live"), lambda: Snapshot.state.in_(LIVE)),
    "done": (N_("complete"), lambda: Snapshot.state == "done"),
    "partial": (N_("partial"), lambda: and_(Snapshot.state == "done", Snapshot.quarantined > 0)),
    "previewed": (N_("preview"), lambda: Snapshot.state == "previewed"),
    "failed": (N_("failed"), lambda: Snapshot.state == "failed"),
    "cancelled": (N_("stopped"), lambda: Snapshot.state == "cancelled"),
    "queued": (N_("waiting"), lambda: Snapshot.state == "queued"),
    "running": (N_("running"), lambda: Snapshot.state == "running"),
}


def is_of(kind: str) -> ColumnElement[bool]:
    return Snapshot.kind == kind


COUNTED = NN_("snapshot", "snapshots")
SNAPSHOTS = Spec(
    path="/snapshots",
    one=COUNTED[0],
    many=COUNTED[1],
    filters=(
        Choice("kind", N_("Brings"), {name: (OF_KINDS[name], partial(is_of, name)) for name in KINDS}),
        Choice("state", N_("State"), STATES),
        Days("requested", N_("Asked for"), Snapshot.requested_at, verb=N_("asked for")),
        Exact("by", N_("Asked for by"), Snapshot.requested_by, spoken=N_("asked for by")),
        Choice(
            "mode",
            N_("Covers"),
            {
                "full": (N_("of everything"), lambda: Snapshot.mode == "full"),
                "partial": (N_("of a part"), lambda: Snapshot.mode == "partial"),
            },
        ),
    ),
    sorts=(
        Sort(
            "id",
            N_("oldest first"),
            N_("newest first"),
            (
                Segment(
                    source=Snapshot.__table__,
                    shop=Snapshot.shop_id,
                    row=Snapshot.id,
                    key=Snapshot.id,
                    tie=Snapshot.id,
                    key_codec=COUNT,
                ),
            ),
            serves=frozenset({"kind", "state", "mode"}),
        ),
    ),
    default_sort="-id",
)

COUNTS = ("lines", "inserted", "updated", "unchanged", "superseded", "quarantined", "deleted")
TIMES = ("requested_at", "started_at", "finished_at", "as_of")
HEADER = (
    "id", "shop", "kind", "mode", "state", "phase", *COUNTS, *TIMES, "requested_by", "attempts", "file_name",
    "file_bytes", "file_sha256", "error_code", "error", "url",
)  # fmt: skip


def snapshot_fields(snapshot: Snapshot, shops: Mapping[int, ListedShop], root: str) -> Fields:
    """Return one run; times are in the shop's zone. `root` is the address of this installation."""
    shop = shops[snapshot.shop_id]
    zone = ZoneInfo(shop.timezone)
    times = {name: getattr(snapshot, name) for name in TIMES}
    return {
        "id": snapshot.id,
        "shop": shop.slug,
        "kind": snapshot.kind,
        "mode": snapshot.mode,
        "state": snapshot.state,
        "phase": snapshot.phase,
        **{name: getattr(snapshot, name) for name in COUNTS},
        **{name: at.astimezone(zone) if at else None for name, at in times.items()},
        "requested_by": snapshot.requested_by,
        "attempts": snapshot.attempts,
        "file_name": snapshot.file_name,
        "file_bytes": snapshot.file_bytes,
        "file_sha256": snapshot.file_sha256,
        "error_code": snapshot.error_code,
        "error": snapshot.error,
        "url": f"{root.rstrip('/')}/snapshots/{snapshot.id}",
    }
