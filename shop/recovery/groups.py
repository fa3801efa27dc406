"""What a person does to a whole group: one is tried first, the rest follow at a pace, or all are closed with a reason."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select, update

from shop.db import db
from shop.errors import Conflict
from shop.languages import gettext as _
from shop.recovery.queries import OPEN, Group, being_tried, overview, passed_at
from shop.snapshots import retries
from shop.snapshots.models import FailedSnapshot, Snapshot
from shop.snapshots.reopening import RETAKEN, reopen
from shop.snapshots.runs import AlreadyRunning, Resting

MOST_AT_ONCE = 1_000  # failures that are given a moment by one press
MOST_ASKED = 20  # shops and kinds that are looked at for one to try


def alone_at(cause: str) -> None:
    """Let nobody else act on this group until the transaction ends, so that two at once do one thing."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"recovery:{cause}", 0))))


def probe(cause: str, shop_ids: Collection[int]) -> Snapshot | None:
    """Take up the newest run of the group whose shop is free; None while one is being tried. The caller commits and enqueues.

    Raises Conflict where none can be tried at present.
    """
    alone_at(cause)
    if cause in being_tried(shop_ids):
        return None
    why = _("Not one of these failures can be tried again: no file of theirs is stored. Nothing was started.")
    for run in db.session.scalars(newest_of_each(cause, shop_ids)).all():
        try:
            if reopen(run):
                return run
        except (AlreadyRunning, Resting) as error:
            why = error.message
    raise Conflict(why)


def newest_of_each(cause: str, shop_ids: Collection[int]) -> Select[Snapshot]:
    """Return the newest run of each shop and kind of the group that can be tried, the newest of them first."""
    newest = (
        select(func.max(FailedSnapshot.snapshot_id))
        .join(Snapshot, Snapshot.id == FailedSnapshot.snapshot_id)
        .where(OPEN, FailedSnapshot.fingerprint == cause, FailedSnapshot.shop_id.in_(shop_ids), can_be_tried())
        .group_by(FailedSnapshot.shop_id, FailedSnapshot.kind)
    )
    return select(Snapshot).where(Snapshot.id.in_(newest)).order_by(Snapshot.id.desc()).limit(MOST_ASKED)


def can_be_tried() -> ColumnElement[bool]:
    """What makes a run one that can be taken up again: it is over, and its file is stored or can be asked for."""
    return Snapshot.state.in_(RETAKEN) & or_(Snapshot.file_path.is_not(None), Snapshot.way.is_not(None))


def is_proved(group: Group, passed: datetime | None) -> bool:
    """Whether a failure of this cause was ended by a success, and none has failed since."""
    return passed is not None and passed > group.last_at


def spread(cause: str, shop_ids: Collection[int], pace: int, by: str) -> int:
    """Give each of the group a moment to be tried at, so many a minute, newest first. Returns how many; none the second time.

    Raises Conflict before one of them has been tried with success. The caller commits.
    """
    alone_at(cause)
    group = next(iter(overview(shop_ids, cause).groups), None)
    if group is None or group.paced:
        return 0
    if not is_proved(group, passed_at([cause], shop_ids).get(cause)):
        raise Conflict(
            _("Not one of these has succeeded since the last one failed. Nothing was started; try one first.")
        )
    each = (
        select(FailedSnapshot.id, (func.row_number().over(order_by=FailedSnapshot.id.desc()) - 1).label("place"))
        .join(Snapshot, Snapshot.id == FailedSnapshot.snapshot_id)
        .where(OPEN, FailedSnapshot.fingerprint == cause, FailedSnapshot.shop_id.in_(shop_ids), can_be_tried())
        .order_by(FailedSnapshot.id.desc())
        .limit(MOST_AT_ONCE)
        .subquery()
    )
    between = literal(timedelta(minutes=1) / pace)
    moment = func.statement_timestamp() + each.c.place * between
    given = update(FailedSnapshot).where(FailedSnapshot.id == each.c.id, OPEN).values(retry_at=moment, retry_by=by)
    return len(db.session.execute(given.returning(FailedSnapshot.id)).all())


def halt(cause: str, shop_ids: Collection[int]) -> int:
    """Take back the moments of those that were not tried yet; what passes by itself is left to the hour. The caller commits."""
    alone_at(cause)
    by_itself = FailedSnapshot.permanent.is_(False) & (FailedSnapshot.sweeps < retries.most_sweeps())
    later = case((by_itself, func.clock_timestamp() + retries.BETWEEN_SWEEPS), else_=None)
    held = (
        update(FailedSnapshot)
        .where(OPEN, FailedSnapshot.fingerprint == cause, FailedSnapshot.shop_id.in_(shop_ids))
        .where(FailedSnapshot.retry_by.is_not(None))
        .values(retry_at=later, retry_by=None)
    )
    return len(db.session.execute(held.returning(FailedSnapshot.id)).all())


def dismiss_all(cause: str, shop_ids: Collection[int], by: str, reason: str) -> int:
    """Close every failure of the group without another try. Returns how many. The caller commits, or takes it back."""
    alone_at(cause)
    closed = (
        update(FailedSnapshot)
        .where(OPEN, FailedSnapshot.fingerprint == cause, FailedSnapshot.shop_id.in_(shop_ids))
        .values(resolved_at=func.clock_timestamp(), resolution=reason, resolved_by=by, retry_at=None, retry_by=None)
    )
    return int(db.session.execute(closed, execution_options={"synchronize_session": False}).rowcount)  # type: ignore[attr-defined]  # of an UPDATE
