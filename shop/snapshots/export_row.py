"""What the row of a run keeps of the platform's export, so that any worker can go on with it. Written under the fence."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from shop.locks import Lease
from shop.platforms.downloads import Received
from shop.platforms.failures import PlatformFailure
from shop.platforms.remote import ExportStatus, Ticket
from shop.snapshots.attempts import begin_attempt, end_attempt
from shop.snapshots.rawstore import StoredFile

NOTICES_KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Kept:
    """The export as the row has it."""

    way: str
    asked_at: datetime | None
    ticket: dict[str, Any] | None
    exports: int
    looks: int
    received: dict[str, Any] | None

    @property
    def export(self) -> Ticket | None:
        if self.ticket is None:
            return None
        requested_at = datetime.fromisoformat(self.ticket["requested_at"])
        return Ticket(self.ticket["job"], self.ticket["endpoint"], requested_at)


class ExportRow:
    """The row of one run. Every change is a transaction of its own that checks the fence first."""

    def __init__(self, connection: psycopg.Connection[Any], lease: Lease, snapshot_id: int, shop_id: int) -> None:
        self.connection, self.lease = connection, lease
        self.snapshot_id, self.shop_id = snapshot_id, shop_id

    @contextmanager
    def fenced(self) -> Iterator[psycopg.Connection[Any]]:
        with self.connection.transaction():
            self.lease.check(self.connection)
            yield self.connection

    def read(self) -> Kept:
        with self.connection.cursor(row_factory=class_row(Kept)) as cursor:
            query = "SELECT way, asked_at, ticket, exports, looks, received FROM snapshots WHERE id = %s"
            row = cursor.execute(query, (self.snapshot_id,)).fetchone()
        assert row is not None, "runs are never deleted"
        return row

    def learn_identity(self, platform_shop_id: str) -> str:
        """Keep who the shop is, the first time it says so; return who it is by our books."""
        with self.fenced() as connection:
            row = connection.execute(
                """UPDATE shops SET platform_shop_id = coalesce(platform_shop_id, %s) WHERE id = %s
                   RETURNING platform_shop_id""",
                (platform_shop_id, self.shop_id),
            ).fetchone()
        assert row is not None, "shops are never deleted"
        return str(row[0])

    def asking(self, at: datetime) -> None:
        """Keep, before the call, that an export is asked for: its ticket may be lost with the worker."""
        with self.fenced() as connection:
            connection.execute(
                "UPDATE snapshots SET asked_at = %s, job_state = NULL, looks = 0 WHERE id = %s", (at, self.snapshot_id)
            )

    def keep_ticket(self, ticket: Ticket) -> None:
        told = asdict(ticket) | {"requested_at": ticket.requested_at.isoformat()}
        with self.fenced() as connection:
            connection.execute(
                """UPDATE snapshots SET ticket = %s, as_of = %s, exports = exports + 1, looks = 0, look_at = NULL,
                          stumbles = 0, received = NULL WHERE id = %s""",
                (Jsonb(told), ticket.requested_at, self.snapshot_id),
            )
            connection.execute(
                "DELETE FROM webhook_notices WHERE shop_id = %s AND received_at < now() - %s",
                (self.shop_id, NOTICES_KEPT),
            )

    def jobs_known(self) -> set[str]:
        """Return the platform's exports that belong to runs already, this one's earlier ones among them."""
        rows = self.connection.execute(
            "SELECT ticket ->> 'job' FROM snapshots WHERE shop_id = %s AND ticket IS NOT NULL", (self.shop_id,)
        )
        return {row[0] for row in rows}

    def give_up_export(self, reason: str) -> None:
        """Forget the export, so that another one is asked for. What arrived of its file is of no use any more."""
        with self.fenced() as connection:
            connection.execute(
                """UPDATE snapshots SET ticket = NULL, asked_at = NULL, received = NULL, look_at = NULL, looks = 0,
                          job_state = NULL, as_of = NULL, remark = %s WHERE id = %s""",
                (reason, self.snapshot_id),
            )

    def go_by_lists(self, remark: str) -> None:
        """Read the platform's lists instead. They can hide a row while they shift, so nothing follows from absence."""
        with self.fenced() as connection:
            connection.execute(
                "UPDATE snapshots SET way = 'lists', mode = 'partial', asked_at = NULL, stumbles = 0, remark = %s WHERE id = %s",
                (remark, self.snapshot_id),
            )

    def now(self) -> datetime:
        """Return the database's time, by which notices are dated too."""
        row = self.connection.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        moment: datetime = row[0]
        return moment

    def looked(self, status: ExportStatus | None, job: str, seconds: float, since: datetime | None) -> None:
        """Keep what the platform said and when to look again.

        That is at once if it sent word after `since`; it may have done so before its ticket was stored.
        """
        with self.fenced() as connection:
            connection.execute("SELECT 1 FROM snapshots WHERE id = %s FOR UPDATE", (self.snapshot_id,))
            told = connection.execute(
                """SELECT 1 FROM webhook_notices WHERE shop_id = %s AND key = %s
                   AND received_at > coalesce(%s, '-infinity'::timestamptz) LIMIT 1""",
                (self.shop_id, job, since),
            ).fetchone()
            connection.execute(
                """UPDATE snapshots SET job_state = %s, looks = looks + 1, stumbles = 0,
                          remark = CASE WHEN stumbles = 0 THEN remark END,
                          look_at = clock_timestamp() + make_interval(secs => %s) WHERE id = %s""",
                (status, 0 if told else seconds, self.snapshot_id),
            )

    def stumbled(self) -> int:
        """Count one more failure in a row; return how many there are."""
        with self.fenced() as connection:
            row = connection.execute(
                "UPDATE snapshots SET stumbles = stumbles + 1 WHERE id = %s RETURNING stumbles", (self.snapshot_id,)
            ).fetchone()
        assert row is not None
        return int(row[0])

    def rest(self, seconds: float, failure: PlatformFailure) -> None:
        """End this attempt by the failure, and keep when the next one is to begin."""
        with self.fenced() as connection:
            end_attempt(connection, self.snapshot_id, "failed", failure.happened, failure.code)
            connection.execute(
                "UPDATE snapshots SET look_at = clock_timestamp() + make_interval(secs => %s), remark = %s WHERE id = %s",
                (seconds, failure.happened, self.snapshot_id),
            )

    def begin_again(self) -> None:
        """Begin the next attempt, where the rest was waited for in place."""
        with self.fenced() as connection:
            begin_attempt(connection, self.snapshot_id)

    def seconds_left(self) -> float:
        """Return how long until the platform is to be looked at again; nothing where it is not to be waited for."""
        with self.fenced() as connection:
            row = connection.execute(
                "SELECT extract(epoch FROM look_at - clock_timestamp())::float8 FROM snapshots WHERE id = %s",
                (self.snapshot_id,),
            ).fetchone()
        return max(row[0], 0.0) if row and row[0] is not None else 0.0

    def keep_received(self, job: str, received: Received, total: int | None, *, grown: bool) -> None:
        told = Jsonb({"job": job, "bytes": received.bytes, "mark": received.mark, "total": total})
        with self.fenced() as connection:
            connection.execute(
                "UPDATE snapshots SET received = %s, stumbles = CASE WHEN %s THEN 0 ELSE stumbles END WHERE id = %s",
                (told, grown, self.snapshot_id),
            )

    def keep_walked(self, records: int) -> None:
        with self.fenced() as connection:
            connection.execute(
                "UPDATE snapshots SET received = %s WHERE id = %s", (Jsonb({"records": records}), self.snapshot_id)
            )

    def keep_deletions(self, gone: Mapping[str, datetime]) -> None:
        """Keep what was reported as deleted, and when; what is kept already stays once."""
        with self.fenced() as connection, connection.cursor() as cursor:
            cursor.executemany(
                """INSERT INTO reported_deletions (shop_id, snapshot_id, key, deleted_at) VALUES (%s, %s, %s, %s)
                   ON CONFLICT (shop_id, snapshot_id, key) DO UPDATE SET deleted_at = EXCLUDED.deleted_at""",
                [(self.shop_id, self.snapshot_id, key, at) for key, at in gone.items()],
            )

    def feed_is(self, feed: str, remark: str | None) -> None:
        """Keep how the feed of deletions was: read, refused, or too old."""
        with self.fenced() as connection:
            connection.execute(
                "UPDATE snapshots SET feed = %s, remark = coalesce(%s, remark) WHERE id = %s",
                (feed, remark, self.snapshot_id),
            )

    def keep_file(self, file: StoredFile, as_of: datetime) -> None:
        with self.fenced() as connection:
            connection.execute(
                """UPDATE snapshots SET file_path = %s, file_name = %s, file_bytes = %s, file_sha256 = %s, as_of = %s,
                          look_at = NULL, stumbles = 0,
                          remark = CASE WHEN way = 'lists' OR feed <> 'read' THEN remark END WHERE id = %s""",
                (file.path, file.name, file.bytes, file.sha256, as_of, self.snapshot_id),
            )
