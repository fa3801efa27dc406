"""Notes what a platform tells, each word once, and which runs are due by it."""

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from shop.db import db
from shop.platforms.remote import Notice
from shop.shops.models import Shop
from shop.snapshots import hinting
from shop.snapshots.models import LIVE, Snapshot, WebhookNotice


def note(shop: Shop, notice: Notice) -> list[int]:
    """Store the notice and return the runs that are due by it: given back, or asked for now. The caller commits.

    A word that comes twice, late, or before its export's ticket is stored does nothing wrong: the waiter looks here too.
    """
    rows = [
        {
            "shop_id": shop.id,
            "event": notice.event,
            "key": key,
            "happened_at": notice.happened_at,
            "kind": notice.kind,
        }
        for key in dict.fromkeys(notice.keys)
    ]
    stored = insert(WebhookNotice).on_conflict_do_nothing().returning(WebhookNotice.key)
    new = list(db.session.scalars(stored, rows)) if rows else []
    if not new:
        return []
    if notice.kind is not None:
        hinted = hinting.take_up(shop, notice.kind)
        return [hinted] if hinted else []
    waiting = (
        select(Snapshot.id)
        .where(Snapshot.shop_id == shop.id, Snapshot.state.in_(LIVE), Snapshot.phase == "wait")
        .where(Snapshot.ticket["job"].astext.in_(new))
        .with_for_update()
    )
    due = update(Snapshot).where(Snapshot.id.in_(waiting)).values(look_at=func.clock_timestamp())
    found = db.session.execute(due.returning(Snapshot.id, Snapshot.state)).all()
    return [run for run, state in found if state == "queued"]
