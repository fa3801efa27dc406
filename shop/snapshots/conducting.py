"""Conducts one run through its phases, from the request to the publish. Safe to be killed anywhere and begun again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg import sql
from psycopg.errors import UniqueViolation

from shop.config import Config
from shop.db import connector, db, raw_connection
from shop.errors import ShopError
from shop.locks import Lease, LostLease, held
from shop.platforms.platform import Platform
from shop.platforms.records import Kind
from shop.platforms.registry import platform
from shop.shops.models import Shop
from shop.snapshots import runs, staging, statistics
from shop.snapshots.arriving import Arrival
from shop.snapshots.export_row import ExportRow
from shop.snapshots.fault_points import fault_point
from shop.snapshots.fetching import drop_part
from shop.snapshots.mapper_process import mapper_for
from shop.snapshots.models import Snapshot
from shop.snapshots.planning import StoredMeanwhile, hold_stored, plan
from shop.snapshots.proving import Proof, gone_where, prove
from shop.snapshots.publisher import Publisher, prepare_session
from shop.snapshots.publishing import publisher_of
from shop.snapshots.publishing_ahead import Ahead
from shop.snapshots.publishing_orders import OrderPublisher
from shop.snapshots.rawstore import stored_path
from shop.snapshots.reading import ReadAhead, batches
from shop.snapshots.shapes import SHAPES
from shop.snapshots.waiting import LookLater
from shop.snapshots.watching import Watch, unwatched

log = structlog.get_logger()
CRASHED = "Pult itself failed while working on this snapshot ({}). Nothing was published; the log holds the details under the run's number."
BULK = 20_000  # lines from which foreign keys are checked as a set instead of row by row
AHEAD = 4 << 20  # packed bytes from which a first load is published while it is staged


def conduct(snapshot_id: int, config: Config, watch: Watch = unwatched, *, in_place: bool = False) -> None:
    """Carry the run out under its lease. A refusal ends the run as failed and is raised again for the caller to show.

    While its platform works, the run is waited for `in_place`, or else given back for later.
    """
    snapshot, shop = detached(snapshot_id)
    with structlog.contextvars.bound_contextvars(run=snapshot_id, shop=shop.slug):
        beat = Beat(snapshot_id)
        with (
            held(f"snapshot:{shop.id}:{snapshot.kind}", config.redis_url, beat) as lease,
            raw_connection(autocommit=True) as connection,
        ):
            connection.execute(
                "SELECT set_config('application_name', %s, false)", (f"pult run={snapshot_id} fence={lease.fence}",)
            )
            with connection.transaction():
                lease.check(connection)
                if runs.begin_attempt(connection, snapshot_id) is None:
                    return
            try:
                if snapshot.file_path is None:
                    row = ExportRow(connection, lease, snapshot_id, shop.id)
                    Arrival(snapshot, shop, config, row, watch, in_place=in_place).bring()
                    snapshot, shop = detached(snapshot_id)
                Conductor(snapshot, shop, config, connection, lease, watch, beat).carry_out()
            except LookLater:
                runs.give_back(connection, lease, snapshot_id)
            except ShopError as error:
                log.info("run_failed", error=error.message)
                code, passes = str(getattr(error, "code", "refused")), bool(getattr(error, "transient", False))
                runs.fail(connection, snapshot_id, error.message, code, permanent=not passes)
                drop_part(snapshot_id, config.data_dir)
                staging.drop_tables(connection, snapshot_id)
                raise
            except (psycopg.OperationalError, LostLease, KeyboardInterrupt, SystemExit):
                raise  # the run stays as it is; whoever takes it up next goes on from its last chunk
            except BaseException as error:
                log.exception("run_crashed")
                runs.fail(connection, snapshot_id, CRASHED.format(type(error).__name__), "crashed")
                raise


def detached(snapshot_id: int) -> tuple[Snapshot, Shop]:
    """Return the run and its shop as they are now, and end the session's transaction: nothing of it is needed."""
    snapshot = db.session.get_one(Snapshot, snapshot_id, populate_existing=True)
    shop = db.session.get_one(Shop, snapshot.shop_id, populate_existing=True)
    for row in (snapshot, shop):
        db.session.expunge(row)
    db.session.rollback()
    return snapshot, shop


class Beat:
    """What the heartbeat writes about the run: that it lives, and how many lines of the publish are done."""

    def __init__(self, snapshot_id: int) -> None:
        self.snapshot_id = snapshot_id
        self.published = 0

    def __call__(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(
            """UPDATE snapshots SET heartbeat_at = clock_timestamp(), published_lines = greatest(published_lines, %s)
               WHERE id = (SELECT id FROM snapshots WHERE id = %s AND state = 'running' FOR UPDATE SKIP LOCKED)""",
            (self.published, self.snapshot_id),
        )


class Conductor:
    """One attempt at one run."""

    def __init__(
        self,
        snapshot: Snapshot,
        shop: Shop,
        config: Config,
        connection: psycopg.Connection[Any],
        lease: Lease,
        watch: Watch,
        beat: Beat,
    ) -> None:
        self.snapshot, self.shop, self.config = snapshot, shop, config
        self.connection, self.lease, self.watch, self.beat = connection, lease, watch, beat
        self.platform: Platform = platform(shop.platform)
        self.kind = Kind(snapshot.kind)
        self.ahead: Ahead | None = None

    def carry_out(self) -> None:
        file = stored_path(self.snapshot.file_path or "", self.config.data_dir)
        try:
            self.stage(file)
            self.prove_and_publish()
        except (StoredMeanwhile, UniqueViolation):
            # Once more from the first line, when somebody else wrote the same records while this file was read.
            self.start_over()
            self.stage(file)
            self.prove_and_publish()
        finally:
            self.end_advance()

    def stage(self, file: Path) -> None:
        runs.enter_phase(self.connection, self.lease, self.snapshot.id, "stage")
        line, offset = self.resume()
        whole = file.stat().st_size
        with raw_connection(autocommit=True) as lookup:
            reader = staging.LineReader(self.shop, self.kind, self.platform, lookup, line, offset)
            stager = staging.Stager(self.connection, self.lease, self.snapshot.id, self.shop.id, line)
            if self.kind is Kind.ORDERS and not reader.known and whole >= AHEAD:
                self.ahead = Ahead(connector(), self.snapshot.id, self.shop.id, self.platform)
            lines = bad = 0
            try:
                with (
                    mapper_for(self.platform.name, self.kind, self.shop.timezone, whole) as mapper,
                    ReadAhead(batches(file, skip=offset)) as source,
                ):
                    for chunk in staging.chunks(source, reader, mapper):
                        fault_point("stage.before_chunk")
                        stager.stage(chunk)
                        if self.ahead is not None:
                            self.ahead.reached(stager.staged)
                        lines, bad = lines + chunk.lines, bad + len(chunk.quarantined)
                        staging.refuse_too_many(lines, bad, at_end=False)
                        self.watch("stage", chunk.bytes_read, whole)
                stager.settle()
            finally:
                stager.close()
        fault_point("stage.done")

    def resume(self) -> tuple[int, int]:
        """Return where staging goes on; from the start when a crash of the server emptied the staging tables."""
        line, offset, records = self.connection.execute(
            "SELECT cursor_line, cursor_offset, lines - quarantined FROM snapshots WHERE id = %s", (self.snapshot.id,)
        ).fetchone() or (0, 0, 0)
        if line and staging.staged_rows(self.connection, self.snapshot.id) == records:
            return int(line), int(offset)
        self.start_over()
        return 0, 0

    def start_over(self) -> None:
        self.end_advance()
        with self.connection.transaction():
            self.lease.check(self.connection)
            staging.drop_tables(self.connection, self.snapshot.id)
            staging.create_tables(self.connection, self.snapshot.id, SHAPES[self.kind])
            self.connection.execute("DELETE FROM quarantined_records WHERE snapshot_id = %s", (self.snapshot.id,))
            self.connection.execute(
                "UPDATE snapshots SET cursor_line = 0, cursor_offset = 0, bytes_read = 0, lines = 0, quarantined = 0 WHERE id = %s",
                (self.snapshot.id,),
            )

    def prove_and_publish(self) -> None:
        runs.enter_phase(self.connection, self.lease, self.snapshot.id, "prove")
        self.watch("prove", 0, 1)
        with self.connection.transaction():
            self.lease.check(self.connection)
            planned = plan(self.connection, self.snapshot.id, self.shop.id, self.kind)
        proof = prove(self.connection, self.snapshot, planned)
        runs.enter_phase(self.connection, self.lease, self.snapshot.id, "publish")
        fault_point("publish.before")
        self.publish(planned, proof)
        fault_point("publish.after")
        staging.drop_tables(self.connection, self.snapshot.id)
        statistics.gather(self.connection, self.kind, sum(planned.get(action, 0) for action in "iur"))

    def publish(self, planned: dict[str, int], proof: Proof) -> None:
        """Everything becomes visible in one commit: rows, folds, deletions and the run's own end."""

        def advance(lines: int) -> None:
            self.beat.published = lines
            self.watch("publish", lines, max(proof.records, 1))

        advance(0)
        publisher = publisher_of(self.kind)(self.connection, self.snapshot.id, self.shop.id, self.platform, advance)
        with self.connection.transaction():
            self.lease.check(self.connection)
            publisher.prepare()
        with self.publishing(publisher, planned) as connection:
            self.lease.check(connection)
            hold_stored(connection, self.snapshot.id, self.shop.id, self.kind)
            deleted = publisher.publish(self.missing() if proof.missing else None)
            fault_point("publish.before_commit")
            runs.finish(connection, self.snapshot.id, {
                "inserted": planned.get("i", 0),
                "updated": planned.get("u", 0) + planned.get("r", 0),
                "unchanged": planned.get("=", 0),
                "superseded": planned.get("s", 0) + planned.get("o", 0),
                "deleted": deleted,
            })  # fmt: skip

    @contextmanager
    def publishing(self, publisher: Publisher, planned: dict[str, int]) -> Iterator[psycopg.Connection[Any]]:
        """Yield the connection whose open transaction publishes: the one that began ahead, or a new one."""
        if self.ahead is not None and isinstance(publisher, OrderPublisher) and self.ahead.agrees(planned):
            with self.ahead.handed_to(publisher) as connection:
                yield connection
            return
        with self.connection.transaction():
            prepare_session(self.connection, bulk=planned.get("i", 0) >= BULK)
            yield self.connection

    def end_advance(self) -> None:
        if self.ahead is not None:
            self.ahead.close()
            self.ahead = None

    def missing(self) -> sql.Composed:
        """Return a query for the ids and keys of stored entities that are gone from the platform."""
        name, key, condition = gone_where(self.snapshot)
        column = sql.SQL("customer_id") if self.kind is Kind.CUSTOMERS else sql.SQL("id")
        query = sql.SQL("SELECT {} AS id, {} AS key FROM {} e WHERE {}").format(column, key, name, condition)
        parameters = {"shop": self.shop.id, "as_of": self.snapshot.as_of, "snapshot": self.snapshot.id}
        with psycopg.ClientCursor(self.connection) as cursor:
            return sql.Composed([sql.SQL(cursor.mogrify(query, parameters))])
