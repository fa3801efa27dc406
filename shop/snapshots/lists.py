"""The list of runs: its filters, its one order, and a run as programs read it."""

from collections.abc import Mapping
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_

from shop.listing.cells import Fields
from shop.listing.filters import Choice, Exact
from shop.listing.listing import Spec
from shop.listing.ranges import Days
from shop.listing.scopes import ListedShop
from shop.listing.sorts import COUNT, Segment, Sort
from shop.snapshots.models import LIVE, Snapshot

KINDS = {"orders": "Orders", "customers": "Customers", "products": "Products"}
STATES = {
    "live": ("live", lambda: Snapshot.state.in_(LIVE)),
    "done": ("complete", lambda: Snapshot.state == "done"),
    "partial": ("partial", lambda: and_(Snapshot.state == "done", Snapshot.quarantined > 0)),
    "previewed": ("preview", lambda: Snapshot.state == "previewed"),
    "failed": ("failed", lambda: Snapshot.state == "failed"),
    "cancelled": ("stopped", lambda: Snapshot.state == "cancelled"),
    "queued": ("waiting", lambda: Snapshot.state == "queued"),
    "running": ("running", lambda: Snapshot.state == "running"),
}


def is_of(kind: str) -> ColumnElement[bool]:
    return Snapshot.kind == kind


SNAPSHOTS = Spec(
    path="/snapshots",
    one="snapshot",
    many="snapshots",
    filters=(
        Choice("kind", "Brings", {name: (f"of {name}", partial(is_of, name)) for name in KINDS}),
        Choice("state", "State", STATES),
        Days("requested", "Asked for", Snapshot.requested_at, verb="asked for"),
        Exact("by", "Asked for by", Snapshot.requested_by, spoken="asked for by"),
        Choice(
            "mode",
            "Covers",
            {
                "full": ("of everything", lambda: Snapshot.mode == "full"),
                "partial": ("of a part", lambda: Snapshot.mode == "partial"),
            },
        ),
    ),
    sorts=(
        Sort(
            "id",
            "oldest first",
            "newest first",
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
