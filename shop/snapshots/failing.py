"""What becomes of a run that failed: tried again by itself a few times, then a row on the recovery page."""

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors
from rq.timeouts import JobTimeoutException

from shop.errors import ShopError
from shop.languages import gettext as _
from shop.locks import Lease
from shop.platforms.failures import PlatformFailure
from shop.snapshots import retries
from shop.snapshots.attempts import end_attempt

LONGEST_TRACE = 20_000  # characters
OWN = Path(__file__).parents[1].name
BUSY = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable, errors.QueryCanceled)


class Failed(ShopError):
    """A run ended by something that is no refusal of ours."""


@dataclass(frozen=True)
class Failure:
    """Why a run ended: in words, as a short word, and whether it passes by itself."""

    message: str
    code: str
    transient: bool = False
    fingerprint: str = ""  # the same for failures that one mend would end
    retry_after: float | None = None  # seconds, as the platform asked
    spent: bool = False  # whether it was tried often enough in a row already
    trace: str | None = None


def failure_of(error: BaseException, kind: str) -> Failure:
    """Classify by what was said, not by where it happened."""
    if isinstance(error, ShopError):
        code = str(getattr(error, "code", "refused"))
        return Failure(
            error.message,
            code,
            transient=bool(getattr(error, "transient", False)),
            fingerprint=code if isinstance(error, PlatformFailure) else f"{kind}:{code}",
            retry_after=getattr(error, "retry_after", None),
            spent=bool(getattr(error, "spent", False)),
        )
    if isinstance(error, BUSY):
        words = _("The database was busy with other work and broke this one off. Nothing was published.")
        return Failure(words, "database_busy", transient=True, fingerprint="database_busy", trace=trace_of(error))
    if isinstance(error, errors.DiskFull):
        words = _("The database’s disk is full. Nothing was published; make room, and Pult goes on by itself.")
        return Failure(words, "database_full", transient=True, fingerprint="database_full", trace=trace_of(error))
    if isinstance(error, JobTimeoutException):
        words = _(
            "It took longer than a run may, and was broken off. What was staged is kept, and Pult goes on from there."
        )
        return Failure(words, "timed_out", transient=True, fingerprint=f"{kind}:timed_out", trace=trace_of(error))
    name = type(error).__name__
    words = _(
        "Pult itself failed while working on this snapshot (%(name)s). Nothing was published; the trace is kept with it.",
        name=name,
    )
    fingerprint = f"{kind}:crashed:{name}:{place_of(error)}"
    return Failure(words, "crashed", fingerprint=fingerprint, trace=trace_of(error))


def place_of(error: BaseException) -> str:
    """Return the innermost place of our own code, so that the same bug is one group."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if OWN in Path(frame.filename).parts]
    return f"{Path(ours[-1].filename).stem}.{ours[-1].name}" if ours else ""


def trace_of(error: BaseException) -> str:
    """Return the trace without values: messages of the database may hold rows."""
    lines = traceback.format_list(traceback.extract_tb(error.__traceback__))
    return ("".join(lines) + type(error).__name__)[-LONGEST_TRACE:]


def fail(connection: psycopg.Connection[Any], lease: Lease, snapshot_id: int, failure: Failure, *, again: bool) -> bool:
    """Close the attempt: let the run rest for another one where `again` allows it, or end it. Tells whether it ended.

    An ended run stands among the failed snapshots until it succeeds, a later one covers it, or a person dismisses it.
    """
    most_retries, most_sweeps = retries.most_retries(), retries.most_sweeps()
    with connection.transaction():
        lease.check(connection)
        row = connection.execute(
            "SELECT shop_id, kind, stumbles, purpose FROM snapshots WHERE id = %s AND state IN ('queued', 'running') FOR UPDATE",
            (snapshot_id,),
        ).fetchone()
        if row is None:
            return True
        shop_id, kind, tries, purpose = row
        end_attempt(connection, snapshot_id, "failed", failure.message, failure.code)
        if again and failure.transient and not failure.spent and tries < most_retries:
            connection.execute(
                """UPDATE snapshots SET state = 'queued', stumbles = stumbles + 1, remark = %s, heartbeat_at = clock_timestamp(),
                          look_at = clock_timestamp() + make_interval(secs => %s) WHERE id = %s""",
                (failure.message, retries.rest_of(tries + 1, failure.retry_after), snapshot_id),
            )
            return False
        connection.execute(
            """UPDATE snapshots SET state = 'failed', error = %s, error_code = %s, finished_at = clock_timestamp(), look_at = NULL
               WHERE id = %s""",
            (failure.message, failure.code, snapshot_id),
        )
        if purpose == "preview":
            return True  # nothing is stale for want of it
        connection.execute(
            """INSERT INTO failed_snapshots AS f
                   (shop_id, kind, snapshot_id, error, error_code, fingerprint, permanent, trace, retry_at)
               VALUES (%(shop)s, %(kind)s, %(id)s, %(error)s, %(code)s, %(fingerprint)s, NOT %(transient)s, %(trace)s,
                       CASE WHEN %(transient)s THEN clock_timestamp() + %(wait)s END)
               ON CONFLICT (snapshot_id) DO UPDATE SET
                   error = EXCLUDED.error, error_code = EXCLUDED.error_code, fingerprint = EXCLUDED.fingerprint,
                   permanent = EXCLUDED.permanent, trace = EXCLUDED.trace, failed_at = clock_timestamp(),
                   resolved_at = NULL, resolution = NULL, resolved_by = NULL, retry_by = NULL,
                   retry_at = CASE WHEN f.sweeps < %(most)s THEN EXCLUDED.retry_at END""",
            {
                "shop": shop_id, "kind": kind, "id": snapshot_id, "error": failure.message, "code": failure.code,
                "fingerprint": failure.fingerprint, "transient": failure.transient, "trace": failure.trace,
                "wait": retries.BETWEEN_SWEEPS, "most": most_sweeps,
            },
        )  # fmt: skip
        return True
