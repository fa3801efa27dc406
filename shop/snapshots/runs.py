"""Runs as they are asked for: from a stored file, or from the platform. The row is the truth at every step."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from sqlalchemy.exc import IntegrityError

from shop.db import db
from shop.errors import Conflict, ShopError
from shop.languages import gettext as _
from shop.languages import retold
from shop.shops import problems
from shop.shops.models import Shop
from shop.snapshots.models import LIVE, Snapshot
from shop.snapshots.rawstore import StoredFile

SECOND_CLICK = timedelta(seconds=10)


class Resting(ShopError):
    """The shop is not asked for anything at present; the sentence says why."""

    status = HTTPStatus.CONFLICT
    code = "resting"


class AlreadyRunning(Conflict):
    """A run of the same shop and kind is live; `snapshot_id` names it."""

    code = "already_running"

    def __init__(self, snapshot_id: int | None) -> None:
        self.snapshot_id = snapshot_id
        super().__init__(told_of(snapshot_id))


def told_of(live: int | None) -> str:
    if live is None:
        return _(
            "Another run, a snapshot, is already loading the same kind of records for this shop. Nothing was started; "
            "wait for it to finish. If its worker was killed, go on with it: `flask snapshots retry ID`."
        )
    return _(
        "Another run, snapshot %(id)s, is already loading the same kind of records for this shop. Nothing was started; "
        "wait for it to finish. If its worker was killed, go on with it: `flask snapshots retry %(id)s`.",
        id=live,
    )


def live_run(shop_id: int, kind: str) -> Snapshot | None:
    """Return the run of this shop and kind that is queued or running. A preview changes nothing and stands in nobody's way."""
    query = db.select(Snapshot).where(
        Snapshot.shop_id == shop_id, Snapshot.kind == kind, Snapshot.state.in_(LIVE), Snapshot.purpose != "preview"
    )
    return db.session.scalars(query).first()


def request_run(
    shop_id: int,
    kind: str,
    mode: str,
    requested_by: str,
    file: StoredFile,
    *,
    confirmed: bool = False,
    as_of: datetime | None = None,
    purpose: str = "load",
    origin_id: int | None = None,
) -> Snapshot:
    """Add a queued run for a stored file; the database refuses a second live one. The caller commits."""
    return added(
        Snapshot(
            shop_id=shop_id,
            kind=kind,
            mode=mode,
            purpose=purpose,
            origin_id=origin_id,
            requested_by=requested_by,
            confirmed=confirmed,
            as_of=as_of or datetime.now(UTC),
            file_path=file.path,
            file_name=file.name,
            file_bytes=file.bytes,
            file_sha256=file.sha256,
        )
    )


def request_fetch(
    shop: Shop, kind: str, requested_by: str, changed_since: datetime | None = None, *, confirmed: bool = False
) -> Snapshot:
    """Add a queued run that asks the platform: for everything, or for what changed since. The caller commits."""
    refuse_resting(shop)
    return added(
        Snapshot(
            shop_id=shop.id,
            kind=kind,
            mode="partial" if changed_since else "full",
            changed_since=changed_since,
            requested_by=requested_by,
            confirmed=confirmed,
            way="export",
            phase="request",
        )
    )


def refuse_resting(shop: Shop) -> None:
    """Refuse to ask the platform for a shop that is paused, or that the platform lets in no more."""
    if shop.state == "paused":
        raise Resting(
            _(
                "%(name)s is paused, so %(platform)s is not asked. Nothing was changed; take it up again with `flask "
                "shops resume %(slug)s`, or load a stored file.",
                name=shop.name,
                platform=shop.platform,
                slug=shop.slug,
            )
        )
    if problems.locks_out(shop):
        raise Resting(
            _(
                "%(name)s cannot be fetched until its connection is mended: %(problem)s Then let Pult check the "
                "connection on the shop’s page, or by `flask shops check %(slug)s`. Nothing was started.",
                name=shop.name,
                problem=retold(shop.problem),
                slug=shop.slug,
            )
        )


def added(snapshot: Snapshot) -> Snapshot:
    try:
        with db.session.begin_nested():
            db.session.add(snapshot)
    except IntegrityError as error:
        if "uq_snapshots_live" not in str(error.orig):
            raise
        live = live_run(snapshot.shop_id, snapshot.kind)
        raise AlreadyRunning(live.id if live else None) from error
    return snapshot


def asks_anew(snapshot: Snapshot) -> bool:
    """Tell whether a run of this kind begins at the platform again: its file never came, or came damaged."""
    return snapshot.way is not None and (snapshot.file_path is None or snapshot.error_code == "damaged_file")


def is_second_click(live: Snapshot, requested_by: str, mode: str) -> bool:
    """Tell whether a live run is what the same person asked the platform for a moment ago."""
    asked = (live.requested_by, live.mode, live.way is not None)
    return asked == (requested_by, mode, True) and datetime.now(UTC) - live.requested_at < SECOND_CLICK
