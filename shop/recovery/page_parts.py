"""What the pages of failures are made of: a group with all that is said and offered about it, and one failure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shop.db import db
from shop.errors import ShopError
from shop.formatting import number
from shop.languages import gettext as _
from shop.listing.listing import Listing
from shop.recovery import wording
from shop.recovery.blast import Touched, known_until, touched
from shop.recovery.forms import DismissalForm
from shop.recovery.groups import is_proved
from shop.recovery.queries import Group, Overview, Part, being_tried, passed_at, with_runs
from shop.shops.models import Shop
from shop.snapshots.advice import advice, is_of_connection, needs_another_file
from shop.snapshots.models import FailedSnapshot, Snapshot
from shop.snapshots.rawstore import stored_path

MOST_TOUCHED = 6  # shops and kinds that a group names


@dataclass(frozen=True)
class Shown:
    """A group as the page shows it. `failed` and `run` are its newest; `zone` is that of its newest one's shop."""

    group: Group
    failed: FailedSnapshot
    run: Snapshot
    title: str
    advice: str
    by_itself: str
    touched: list[Touched]
    more_touched: int
    shop: Shop  # of the newest
    mend: str  # what has to be done before another try: connection, file; empty where a try may help as it is
    tried: list[int]  # runs that are under way
    is_proved: bool
    zone: str
    members: str
    form: DismissalForm
    errors: dict[str, str]


def shown(
    found: Overview,
    shops: Sequence[Shop],
    listing: Listing,
    now: datetime,
    refused: tuple[str, DismissalForm, dict[str, str]] | None = None,
) -> list[Shown]:
    """Put together what is said about the largest groups. `refused` is a form of one of them, with its errors."""
    by_id = {shop.id: shop for shop in shops}
    newest = {failed.id: (failed, run) for failed, run in with_runs(db.session(), [one.newest for one in found.groups])}
    known = known_until(part for group in found.groups for part in group.parts)
    tried, passed = being_tried(list(by_id)), passed_at([group.cause for group in found.groups], list(by_id))
    parts = []
    for group in found.groups:
        if group.newest not in newest:
            continue
        failed, run = newest[group.newest]
        held = touched(group.parts, by_id, known, now)
        zone = by_id[failed.shop_id].timezone
        form, errors = refused[1:] if refused and refused[0] == group.cause else (DismissalForm(), {})
        parts.append(
            Shown(
                group, failed, run, wording.title(failed.error_code), advice(run), wording.by_itself(group, zone, now),
                held[:MOST_TOUCHED], max(0, len(held) - MOST_TOUCHED), by_id[failed.shop_id], mend_of(run), tried.get(group.cause, []),
                is_proved(group, passed.get(group.cause)), zone,
                listing.with_filter("cause", (group.cause,)).address(), form, errors,
            )
        )  # fmt: skip
    return parts


def mend_of(run: Snapshot) -> str:
    if is_of_connection(run):
        return "connection"
    return "file" if needs_another_file(run) else ""


def held_back_by(failed: FailedSnapshot, shop: Shop, now: datetime) -> Touched:
    """Return what one failure holds back."""
    part = Part(failed.shop_id, failed.kind, 1, failed.failed_at, failed.failed_at)
    return touched([part], {shop.id: shop}, known_until([part]), now)[0]


def file_note(run: Snapshot, data_dir: Path) -> str:
    """Say whether the file of a run is still where it was put; nothing where there never was one."""
    if run.file_path is None:
        return ""
    try:
        size = stored_path(run.file_path, data_dir).stat().st_size
    except (ShopError, OSError):
        return _("It is not in the raw store any more, so the run cannot go on from it.")
    if run.file_bytes is not None and size != run.file_bytes:
        return _(
            "It lies in the raw store with %(size)s bytes instead of %(expected)s: it is damaged.",
            size=number(size),
            expected=number(run.file_bytes),
        )
    return _("It is still in the raw store, as large as it was.")
