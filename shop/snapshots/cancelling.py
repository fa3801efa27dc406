"""Stops a queued or running run: whoever works on it finds its fence raised at its next write."""

from psycopg.errors import LockNotAvailable

from shop.boundaries import lifted
from shop.db import db, session_connection
from shop.errors import Conflict
from shop.languages import AT_WORK, said, spoken
from shop.languages import gettext as _
from shop.snapshots import staging
from shop.snapshots.attempts import end_attempt
from shop.snapshots.models import LIVE, Snapshot, lease_key

WAITS = "10s"  # for a transaction that is just being committed


def cancel(snapshot: Snapshot, by: str) -> Snapshot:
    """Stop the run; what it had staged is dropped, its file is kept. The caller commits.

    A publish holds the lease until it is committed, so a run is stopped before it or not at all.
    """
    refuse_ended(snapshot)
    if snapshot.state == "running":
        raise_fence(snapshot)
    db.session.refresh(snapshot, with_for_update=True)
    refuse_ended(snapshot)
    connection = session_connection()
    with spoken(AT_WORK.code):  # it is stored, and said anew to whoever reads it
        remark = _("Stopped by %(who)s. Nothing of it was published.", who=by)
    end_attempt(connection, snapshot.id, "cancelled")
    connection.execute(
        """UPDATE snapshots SET state = 'cancelled', finished_at = clock_timestamp(), look_at = NULL, remark = %s
           WHERE id = %s""",
        (remark, snapshot.id),
    )
    with lifted():
        staging.drop_tables(connection, snapshot.id)
    db.session.refresh(snapshot)
    return snapshot


def refuse_ended(snapshot: Snapshot) -> None:
    if snapshot.state not in LIVE:
        raise Conflict(
            _(
                "Snapshot %(id)s is %(state)s already, so it cannot be stopped. Nothing was changed.",
                id=snapshot.id,
                state=said(snapshot.state),
            )
        )


def raise_fence(snapshot: Snapshot) -> None:
    """Take the lease away from whoever holds it, once no transaction is under it any more."""
    connection = session_connection()
    connection.execute("SELECT set_config('lock_timeout', %s, true)", (WAITS,))
    try:
        connection.execute(
            "UPDATE job_leases SET fence = fence + 1, holder = NULL, expires_at = clock_timestamp() WHERE key = %s",
            (lease_key(snapshot),),
        )
    except LockNotAvailable as error:
        db.session.rollback()
        raise Conflict(
            _(
                "This run is just being published and cannot be stopped any more. Nothing was changed; wait for it to end."
            )
        ) from error
