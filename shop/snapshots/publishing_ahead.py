"""Publishes a shop's first orders while their file is still being staged, in the transaction that shows them all.

A first load writes every order it reads, so most of its publish can be done before the file has ended: on a connection
of its own, in one open transaction that nobody else sees into. When the file has ended, the plan is compared with what
was written: it is committed with everything else, or taken back. Writing ahead is only an advance: whenever anything is
wrong with it, it is rolled back, and the publish does all the work by itself as for any other file.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import structlog
from psycopg import sql

from shop.platforms.platform import Platform
from shop.snapshots.publisher import prepare_session
from shop.snapshots.publishing_orders import OrderPublisher
from shop.snapshots.staging import table

STEP = 5_000  # staged lines that are worth a step
log = structlog.get_logger()

# What the plan will say of these lines, as far as it can be known now: the newest of each order among them that no
# earlier step has written. A line that gives way to one still to come is taken back at the end.
LOOK_AHEAD = """
CREATE TEMP TABLE ahead AS
SELECT s.line, nextval('orders_id_seq') AS stored_id, s.placed_at, s.local_day, s.status_code, 'i' AS action
FROM (SELECT DISTINCT ON (code) line, code, placed_at, local_day, status_code FROM {main}
      WHERE line > %(from)s AND line <= %(to)s ORDER BY code, changed_at DESC NULLS LAST, line DESC) AS s
WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.shop_id = %(shop)s AND o.code = s.code)
ORDER BY s.line"""
NAME_STATUSES = """
INSERT INTO order_statuses (shop_id, code, name, category, counted) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (shop_id, code) DO NOTHING"""


class Ahead:
    """The advance of one run. `reached` tells it how far staging has come; it works in a thread of its own."""

    def __init__(
        self, connect: Callable[..., psycopg.Connection[Any]], snapshot_id: int, shop_id: int, platform: Platform
    ) -> None:
        self.connect, self.snapshot_id, self.shop_id, self.platform = connect, snapshot_id, shop_id, platform
        self.worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead")
        self.connection: psycopg.Connection[Any] | None = None
        self.under_way: Future[None] | None = None
        self.line = 0  # staged lines up to here are written
        self.failed = False

    def reached(self, line: int) -> None:
        """Begin the next step, when enough lines were staged since the last and it is over."""
        if self.failed or line - self.line < STEP or (self.under_way and not self.under_way.done()):
            return
        self.under_way = self.worker.submit(self.step, self.line, line)
        self.line = line

    def step(self, start: int, end: int) -> None:
        try:
            self.write(start, end)
        except psycopg.Error as error:
            log.info("publishing_ahead_given_up", error=str(error))
            self.give_up()

    def write(self, start: int, end: int) -> None:
        if self.connection is None:
            self.connection = self.begin()
        publisher = OrderPublisher(self.connection, self.snapshot_id, self.shop_id, self.platform, lambda _line: None)
        publisher.run(LOOK_AHEAD, {"from": start, "to": end})
        self.connection.execute("ANALYZE ahead")
        self.know_statuses()
        ahead = sql.Identifier("ahead")
        publisher.resolve(ahead)
        publisher.insert_lines(ahead, start, end)
        self.connection.execute("INSERT INTO written_ahead SELECT line, stored_id FROM ahead")
        self.connection.execute("DROP TABLE ahead, resolved")

    def begin(self) -> psycopg.Connection[Any]:
        connection = self.connect()
        try:
            prepare_session(connection, bulk=True)
            connection.execute("CREATE TEMP TABLE written_ahead (line int, stored_id bigint) ON COMMIT DROP")
        except psycopg.Error:
            connection.close()
            raise
        return connection

    def know_statuses(self) -> None:
        """Add statuses not met before, seen at once by everybody: their names are no part of what a publish hides."""
        assert self.connection
        found = self.connection.execute(
            """SELECT DISTINCT status_code FROM ahead a
               WHERE NOT EXISTS (SELECT 1 FROM order_statuses s WHERE s.shop_id = %s AND s.code = a.status_code)""",
            (self.shop_id,),
        ).fetchall()
        if not found:
            return
        category, counted = self.platform.status_category, self.platform.counted_by_default
        with self.connect(autocommit=True) as beside, beside.cursor() as cursor:
            cursor.executemany(
                NAME_STATUSES, [(self.shop_id, code, code, category(code), counted(code)) for (code,) in found]
            )

    def give_up(self) -> None:
        """Take everything back; the publish will find nothing written."""
        self.failed = True
        if self.connection is not None:
            with suppress(psycopg.Error):
                self.connection.close()
            self.connection = None

    def settle(self) -> None:
        """Wait for the step under way."""
        if self.under_way is not None:
            under_way, self.under_way = self.under_way, None
            under_way.result()

    def close(self) -> None:
        """Let go of whatever was not committed."""
        self.worker.shutdown(wait=True)
        self.give_up()

    def agrees(self, planned: dict[str, int]) -> bool:
        """Whether what was written ahead is what the plan says, once the last step is over; if not, it is taken back."""
        self.settle()
        if self.connection is not None and (set(planned) - {"i", "s"} or self.has_mistaken()):
            self.give_up()
        return self.connection is not None

    def has_mistaken(self) -> bool:
        """Whether a line was written that gives way to one which came later in the file."""
        assert self.connection
        found = self.connection.execute(
            sql.SQL(
                "SELECT EXISTS (SELECT 1 FROM written_ahead w JOIN {} p USING (line) WHERE p.action <> 'i')"
            ).format(table(self.snapshot_id, "plan"))
        ).fetchone()
        return found != (False,)

    @contextmanager
    def handed_to(self, publisher: OrderPublisher) -> Iterator[psycopg.Connection[Any]]:
        """Let the publisher finish in the open transaction, and commit it."""
        assert self.connection
        publisher.connection, publisher.began_ahead = self.connection, True
        yield self.connection
        self.connection.commit()
