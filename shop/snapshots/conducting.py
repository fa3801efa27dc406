"""Conducts one run through its phases, from the request to the publish. Safe to be killed anywhere and begun again."""

from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg import sql
from psycopg.errors import UniqueViolation

from shop import stopping
from shop.config import Config
from shop.db import db, raw_connection
from shop.errors import ShopError
from shop.fault_points import fault_point
from shop.locks import Lease, LostLease, held
from shop.platforms.platform import Platform
from shop.platforms.records import Kind
from shop.platforms.registry import platform
from shop.shops.models import Shop
from shop.snapshots import attempts, deaths, difference, overwriting, redriving, setting_aside, staging, statistics
from shop.snapshots.arriving import Arrival
from shop.snapshots.erased import erased_from
from shop.snapshots.export_row import ExportRow
from shop.snapshots.failing import Failed, fail, failure_of
from shop.snapshots.fetching import drop_part
from shop.snapshots.mapper_process import MapperDied, mapper_for
from shop.snapshots.models import Snapshot, lease_key
from shop.snapshots.planning import StoredMeanwhile, hold_stored, plan
from shop.snapshots.proving import Proof, gone_where, prove
from shop.snapshots.publisher import prepare_session
from shop.snapshots.publishing import publisher_of
from shop.snapshots.rawstore import stored_path
from shop.snapshots.reading import ReadAhead, batches
from shop.snapshots.shapes import SHAPES
from shop.snapshots.waiting import LookLater
from shop.snapshots.watching import Watch, unwatched
from shop.stopping import Stopped, cut_short

log = structlog.get_logger()
BULK = 20_000  # lines from which foreign keys are checked as a set instead of row by row
AHEAD = 4  # chunks that are mapped before they are needed


def conduct(snapshot_id: int, config: Config, watch: Watch = unwatched, *, in_place: bool = False) -> None:
    """Carry the run out under its lease. A refusal ends the run as failed and is raised again for the caller to show.

    While its platform works, the run is waited for `in_place`, or else given back for later.
    """
    snapshot, shop = detached(snapshot_id)
    with structlog.contextvars.bound_contextvars(run=snapshot_id, shop=shop.slug):
        beat = Beat(snapshot_id)
        with (
            held(lease_key(snapshot), config.redis_url, beat) as lease,
            raw_connection(autocommit=True) as connection,
        ):
            connection.execute(
                "SELECT set_config('application_name', %s, false)", (f"pult run={snapshot_id} fence={lease.fence}",)
            )
            with connection.transaction():
                lease.check(connection)
                if attempts.begin_attempt(connection, snapshot_id) is None:
                    return
            try:
                if snapshot.file_path is None:
                    row = ExportRow(connection, lease, snapshot_id, shop.id)
                    Arrival(snapshot, shop, config, row, stoppable(watch), in_place=in_place).bring()
                    snapshot, shop = detached(snapshot_id)
                Conductor(snapshot, shop, config, connection, lease, watch, beat).carry_out()
            except LookLater:
                attempts.give_back(connection, lease, snapshot_id)
            except Stopped:
                log.info("run_let_go")
                attempts.stop(connection, lease, snapshot_id)
            except (MapperDied, MemoryError) as error:
                log.warning("work_too_large", error=type(error).__name__)
                deaths.note(connection, snapshot_id)
                attempts.stop(connection, lease, snapshot_id)
            except (LostLease, KeyboardInterrupt, SystemExit):
                raise  # the run stays as it is; whoever takes it up next goes on from its last chunk
            except BaseException as error:
                if connection.closed or connection.broken:
                    raise  # likewise: the database is away, and what it has committed is all that counts
                end(connection, lease, snapshot, error, config, again=not in_place)


def end(
    connection: psycopg.Connection[Any],
    lease: Lease,
    snapshot: Snapshot,
    error: BaseException,
    config: Config,
    *,
    again: bool,
) -> None:
    """Close the attempt by its error, which is raised again where the run has ended by it."""
    failure = failure_of(error, snapshot.kind)
    ended = fail(connection, lease, snapshot.id, failure, again=again)
    if isinstance(error, ShopError):
        log.info("run_failed", error=failure.message, ended=ended)
    else:
        log.error("run_broke_off", error=failure.message, ended=ended, exc_info=error)
    if not ended:
        return
    drop_part(snapshot.id, config.data_dir)
    staging.drop_tables(connection, snapshot.id)
    if isinstance(error, ShopError) or not failure.transient:
        raise error
    raise Failed(failure.message) from error


def stoppable(watch: Watch) -> Watch:
    """Let go of the work, where it can be let go of, once this process was asked to end."""

    def watched(phase: str, done: int, whole: int) -> None:
        stopping.check()
        watch(phase, done, whole)

    return watched


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
        self.connection, self.lease, self.watch, self.beat = connection, lease, stoppable(watch), beat
        self.watch_publish = watch  # which commits, or is cut short
        self.platform: Platform = platform(shop.platform)
        self.kind = Kind(snapshot.kind)

    def carry_out(self) -> None:
        file = stored_path(self.snapshot.file_path or "", self.config.data_dir)
        try:
            self.stage(file)
            self.prove_and_publish(file)
        except (StoredMeanwhile, UniqueViolation):
            # Once more from the first line, when somebody else wrote the same records while this file was read.
            self.start_over()
            self.stage(file)
            self.prove_and_publish(file)

    def stage(self, file: Path) -> None:
        attempts.enter_phase(self.connection, self.lease, self.snapshot.id, "stage")
        line, offset = self.resume()
        whole = file.stat().st_size
        narrowing = deaths.Narrowing.of(self.connection, self.snapshot.id)
        with raw_connection(autocommit=True) as lookup:
            reader = staging.LineReader(self.shop, self.kind, self.platform, lookup, line, offset, narrowing.poisonous)
            erased = erased_from(lookup, self.shop.id, self.platform, self.kind)
            stager = staging.Stager(self.connection, self.lease, self.snapshot.id, self.shop.id, line, erased)
            lines = bad = 0
            try:
                with (
                    mapper_for(self.shop, self.kind, 0 if narrowing.is_on else whole, erased.known) as mapper,
                    ReadAhead(narrowing.cut(batches(file, skip=offset), line)) as source,
                ):
                    for chunk in staging.chunks(source, reader, mapper, ahead=0 if narrowing.is_on else AHEAD):
                        fault_point("stage.before_chunk")
                        stager.stage(chunk)
                        if narrowing.is_on:
                            stager.settle()
                        lines, bad = lines + chunk.lines, bad + len(chunk.quarantined)
                        if self.snapshot.purpose != "redrive":  # all of whose lines were bad once
                            staging.refuse_too_many(lines, bad, at_end=False)
                        self.watch("stage", chunk.bytes_read, whole)
                stager.settle()
            finally:
                stager.close()
        if narrowing.is_on:
            deaths.widen(self.connection, self.snapshot.id)
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
        with self.connection.transaction():
            self.lease.check(self.connection)
            staging.drop_tables(self.connection, self.snapshot.id)
            staging.create_tables(self.connection, self.snapshot.id, SHAPES[self.kind])
            self.connection.execute("DELETE FROM quarantined_records WHERE snapshot_id = %s", (self.snapshot.id,))
            self.connection.execute(
                "UPDATE snapshots SET cursor_line = 0, cursor_offset = 0, bytes_read = 0, lines = 0, quarantined = 0 WHERE id = %s",
                (self.snapshot.id,),
            )

    def prove_and_publish(self, file: Path) -> None:
        attempts.enter_phase(self.connection, self.lease, self.snapshot.id, "prove")
        self.watch("prove", 0, 1)
        with self.connection.transaction():
            self.lease.check(self.connection)
            planned = plan(self.connection, self.snapshot.id, self.shop.id, self.kind)
            planned, away = setting_aside.set_aside(self.connection, self.snapshot, file, planned)
        proof = prove(self.connection, self.snapshot, planned)
        attempts.enter_phase(self.connection, self.lease, self.snapshot.id, "publish")
        if self.snapshot.purpose == "preview":
            difference.tell(
                self.connection,
                self.lease,
                self.snapshot,
                self.platform,
                planned,
                self.missing() if proof.missing else None,
            )
            staging.drop_tables(self.connection, self.snapshot.id)
            return
        fault_point("publish.before")
        self.publish(planned, proof, away)
        fault_point("publish.after")
        staging.drop_tables(self.connection, self.snapshot.id)
        statistics.gather(self.connection, self.kind, sum(planned.get(action, 0) for action in "iur"))
        statistics.sort_in(self.connection, self.kind)

    def publish(self, planned: dict[str, int], proof: Proof, away: frozenset[str]) -> None:
        """Everything becomes visible in one commit: rows, folds, deletions and the run's own end."""

        def advance(lines: int) -> None:
            self.beat.published = lines
            self.watch_publish("publish", lines, max(proof.records, 1))

        advance(0)
        publisher = publisher_of(self.kind)(self.connection, self.snapshot.id, self.shop.id, self.platform, advance)
        publisher.make_room()
        with self.connection.transaction():
            self.lease.check(self.connection)
            publisher.prepare()
        connection = self.connection
        with cut_short(connection), connection.transaction():
            prepare_session(connection, bulk=planned.get("i", 0) >= BULK)
            self.lease.check(connection)
            setting_aside.hold_quarters(connection, self.snapshot, away)
            hold_stored(connection, self.snapshot.id, self.shop.id, self.kind)
            missing = self.missing() if proof.missing else None
            overwriting.keep_old(connection, self.snapshot, missing)
            deleted = publisher.publish(missing)
            overwriting.keep_new(connection, self.snapshot)
            redriving.settle(connection, self.snapshot)
            setting_aside.close(connection, self.snapshot, planned)
            fault_point("publish.before_commit")
            attempts.finish(connection, self.snapshot.id, {
                "inserted": planned.get("i", 0),
                "updated": planned.get("u", 0) + planned.get("r", 0),
                "unchanged": planned.get("=", 0),
                "superseded": planned.get("s", 0) + planned.get("o", 0),
                "deleted": deleted,
            })  # fmt: skip

    def missing(self) -> sql.Composed:
        """Return a query for the ids and keys of stored entities that are gone from the platform."""
        name, key, condition = gone_where(self.snapshot)
        column = sql.SQL("customer_id") if self.kind is Kind.CUSTOMERS else sql.SQL("id")
        query = sql.SQL("SELECT {} AS id, {} AS key FROM {} e WHERE {}").format(column, key, name, condition)
        parameters = {"shop": self.shop.id, "as_of": self.snapshot.as_of, "snapshot": self.snapshot.id}
        with psycopg.ClientCursor(self.connection) as cursor:
            return sql.Composed([sql.SQL(cursor.mogrify(query, parameters))])
