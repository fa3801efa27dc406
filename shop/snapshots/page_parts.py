"""What the forms and the filters of the pages of runs are made of."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from shop.languages import N_
from shop.listing.listing import Listing
from shop.orders.queries import statuses_of
from shop.personal import all_shown, shown, shown_sample
from shop.shops.models import Shop
from shop.shops.queries import shop_numbers
from shop.snapshots.changed_values import readable
from shop.snapshots.forms import FetchForm, UploadForm
from shop.snapshots.lists import KINDS
from shop.snapshots.models import Snapshot
from shop.snapshots.overwriting import KEPT
from shop.snapshots.progress import progress
from shop.snapshots.queries import attempts_of, quarantined_of, reasons_of
from shop.snapshots.replaying import replays_since
from shop.staff.access import may, visible_shops
from shop.staff.permissions import Permission

BAD_AT_ONCE = 20  # quarantined records on one page
SHOWN_RAW = 2048  # bytes of each


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


def quarantine_parts(run: Snapshot, after_line: int) -> dict[str, object]:
    """Return what the page says of records that were set aside, from behind a line on."""
    bad = all_shown("quarantined_records", quarantined_of(run.id, after_line, BAD_AT_ONCE + 1))
    return {
        "bad": [
            (one, one.raw[:SHOWN_RAW].decode(errors="replace"), one.raw_bytes > SHOWN_RAW) for one in bad[:BAD_AT_ONCE]
        ],
        "reasons": all_shown("quarantined_records", reasons_of(run.id)),
        "more_bad": bad[BAD_AT_ONCE - 1].line if len(bad) > BAD_AT_ONCE else None,
        "is_first_bad": after_line == 0,
    }


def taken_again_parts(run: Snapshot, now: datetime) -> dict[str, bool]:
    """Return what the person may do with the file of a run that is over, and with what it has brought."""
    may_run = may(Permission.RUN_SNAPSHOTS) and not run.is_live and run.purpose != "preview"
    is_late = run.finished_at is None or now - run.finished_at > KEPT
    was_applied = may_run and (run.purpose, run.state) == ("replay", "done") and run.undone_at is None and not is_late
    return {
        "can_preview": may_run and run.file_path is not None and run.error_code != "damaged_file",
        "can_redrive": may_run and run.quarantined > 0,
        "can_undo": was_applied and run.kind == "orders",
        "cannot_undo": was_applied and run.kind != "orders",
    }  # fmt: skip


def difference_parts(preview: Snapshot, shop: Shop, now: datetime) -> dict[str, object]:
    """Return what the page of a preview shows: its difference, with amounts as numbers, and the replays since."""
    found = preview.difference or {}
    totals = [
        (label, *(Decimal(found["money"][name][side]) for side in ("before", "after")))
        for label, name in ((N_("Sales"), "sales"), (N_("All orders it touches"), "total"))
        if "money" in found
    ]
    largest = [
        (date.fromisoformat(one["day"]), one["orders"], Decimal(one["before"]), Decimal(one["after"]))
        for one in found.get("days", {}).get("largest", ())
    ]
    statuses = {status.code: status.name for status in statuses_of([shop.id])}
    counts, replays = found.get("counts", {}), replays_since(preview)
    changes_nothing = bool(found) and not any(counts[name] for name in ("inserted", "updated", "deleted"))
    applied = next((replay for replay in replays if replay.is_live or replay.state == "done"), None)
    return {
        "run": shown("snapshots", preview),
        "shop": shop,
        "number": shop_numbers()[shop.id],
        "kinds": KINDS,
        "progress": progress(shown("snapshots", preview), next(iter(attempts_of(preview.id)), None), now)
        if preview.is_live
        else None,
        "found": found,
        "sample": [
            readable(shown_sample(preview.kind, record), shop, statuses, now) for record in found.get("sample", ())
        ],
        "changes_nothing": changes_nothing,
        "applied": applied,
        "totals": totals,
        "largest": largest,
        "replays": replays,
        "may_apply": may(Permission.RUN_SNAPSHOTS) and not changes_nothing and applied is None,
        **taken_again_parts(preview, now),
    }


def only_slug(shops: Sequence[Shop]) -> str:
    return shops[0].slug if len(shops) == 1 else ""
