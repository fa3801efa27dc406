"""The queues: who promises how fast, how work is put in, and the worker that takes it out."""

import ctypes
import faulthandler
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg
import structlog
from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy.exc import OperationalError

from shop import heartbeats, logs, stopping
from shop.admission import AdmittedJob, is_admitted
from shop.config import Config
from shop.db import db

INTERACTIVE = "interactive"  # somebody is waiting
IMPORTS = "imports"  # long loads
OPS = "ops"  # nightly work; never behind a long load
ALL = (INTERACTIVE, IMPORTS, OPS)
TICK = "tick"  # the scheduler's own: its worker runs nothing but TICKS
TICKS = "shop.ticking.tick"
BEAT = 10  # seconds between the words that a worker leaves in PostgreSQL
SWEEP = 5  # seconds between two looks at our rows, while a worker has nothing to do
PATIENCE = 5  # seconds that Redis has to answer whoever puts work in
MOST_PATIENCE = 10  # seconds that Redis has to answer a worker, beyond the time that it may wait for work
OVERTIME = 10  # seconds beyond its timeout after which work is ended that did not end itself
DATABASE_AWAY = (OperationalError, psycopg.OperationalError)
KEPT_FAILED = 7 * 24 * 3600
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
log = structlog.get_logger()


def register(app: Flask) -> None:
    """Connect to Redis lazily; nothing is asked of it before there is work."""
    config: Config = app.extensions["pult"]
    app.extensions["redis"] = Redis.from_url(
        config.redis_url, socket_connect_timeout=2, socket_timeout=PATIENCE, health_check_interval=30
    )


def queue(name: str, connection: Redis) -> Queue:
    return Queue(name, connection=connection, serializer=JSONSerializer, job_class=AdmittedJob)


def enqueue(app: Flask, name: str, work: str, row_id: int, timeout: int) -> bool:
    """Wake a worker for a row that is committed already. Without Redis the row simply waits to be picked up later."""
    if not is_admitted(name, work):
        raise ValueError(f"No worker would run {work} from the queue {name}; it is to be named in shop/admission.py.")
    try:
        queue(name, app.extensions["redis"]).enqueue_call(
            work,
            args=[row_id],
            timeout=timeout,
            result_ttl=60,
            failure_ttl=KEPT_FAILED,
            description=f"{work}({row_id})",
        )
    except RedisError as error:
        log.warning("enqueue_failed", work=work, row=row_id, error=str(error))
        return False
    return True


def waiting_rows(app: Flask, name: str, work: str) -> set[int]:
    """Return the row ids for which this work stands in the queue right now; none where Redis does not tell."""
    return known_rows(app, name, work) or set()


def known_rows(app: Flask, name: str, work: str) -> set[int] | None:
    """Return the same, or None where Redis does not tell."""
    try:
        jobs = queue(name, app.extensions["redis"]).get_jobs()
    except (RedisError, UnicodeDecodeError) as error:  # anybody may push a name that is no text
        log.warning("queue_unreadable", queue=name, error=str(error))
        return None
    return {job.args[0] for job in jobs if job.args and job.func_name == work}


class AppWorker(Worker):
    """RQ's worker with the application around each job. A job's own row says how it went; RQ only carries the id."""

    app: Flask
    sweep: Callable[[], object]  # puts rows back into the queue that nobody works on
    left_by_dead: Callable[[str, int, int], object]  # work, row and process of a child that died in its midst
    beaten_at = float("-inf")
    max_connection_wait_time = SWEEP  # between two looks whether Redis is back

    @property
    def dequeue_timeout(self) -> int:
        """Seconds that an idle worker waits at the queue before it looks after our rows."""
        return min(SWEEP, super().dequeue_timeout)

    @property
    def connection_timeout(self) -> int:
        """Seconds after which a connection that says nothing counts as broken; it may be half-open."""
        return MOST_PATIENCE

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Say in PostgreSQL as well that this worker lives, whether it waits or watches over a job."""
        super().heartbeat(timeout, pipeline)
        if pipeline is None:
            self.beat()

    def maintain_heartbeats(self, job: Job, execution: Any) -> None:
        """Watch over a job while Redis is away as well: its row needs no Redis, and ending its watch would kill it."""
        self.beat()
        try:
            super().maintain_heartbeats(job, execution)
        except RedisError as error:
            log.warning("job_watched_without_redis", job=job.id, error=str(error))

    def beat(self) -> None:
        if time.monotonic() - self.beaten_at >= BEAT:
            self.beaten_at = time.monotonic()
            with self.app.app_context():
                heartbeats.beat(self.queue_names())

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Refuse a job that was slipped into a queue of another; what else is refused was never read."""
        if job.origin != queue.name:
            log.error("job_refused", job=job.id, queue=queue.name, reason="it was made for another queue")
            return
        super().execute_job(job, queue)

    def run_maintenance_tasks(self) -> None:
        """Look after our own rows whenever RQ looks after its own."""
        try:
            super().run_maintenance_tasks()  # type: ignore[no-untyped-call]  # RQ ships it without types
        except (
            ValueError,
            NoSuchJobError,
        ) as error:  # garbage among the calls on their way; their rows are found anyway
            log.warning("calls_on_their_way_dropped", error=type(error).__name__)
            self.connection.delete(*(name.intermediate_queue_key for name in self.queues))
        with self.app.app_context():
            try:
                type(self).sweep()
            except DATABASE_AWAY as error:
                log.warning("sweep_failed", error=str(error))
            db.engine.dispose()  # no connection of the parent is open when it forks

    def setup_work_horse_signals(self) -> None:
        """A child that is asked to end lets go of its work at the next safe place."""
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]  # RQ ships it without types
        stopping.on_signal()

    def handle_warm_shutdown_request(self) -> None:
        """Hand the request on, so that a deploy waits for the end of a chunk and not of a long load."""
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        if self.horse_pid:
            self.kill_horse(signal.SIGTERM)

    def handle_work_horse_killed(self, job: Job, retpid: int | None, ret_val: int | None, rusage: Any) -> None:
        """Take note of a child that died over its work, so that it goes on at once and not when its lease has run out."""
        super().handle_work_horse_killed(job, retpid, ret_val, rusage)  # type: ignore[no-untyped-call]
        log.warning("worker_died", work=job.func_name, row=job.args[:1], status=ret_val)
        if retpid is None or job.func_name is None or not job.args:
            return
        with self.app.app_context():
            try:
                type(self).left_by_dead(job.func_name, job.args[0], retpid)
            except DATABASE_AWAY as error:
                log.warning("death_not_noted", work=job.func_name, error=str(error))  # the watchdog finds it
            db.engine.dispose()

    def perform_job(self, job: Job, queue: Queue, execution: Any) -> bool:
        """Run in the forked child: die with the parent, and never share the parent's database sockets."""
        if sys.platform == "linux":
            ctypes.CDLL(None, use_errno=True).prctl(DIE_WITH_PARENT, signal.SIGKILL)
            if os.getppid() == 1:
                return False
        if job.timeout and job.timeout > 0:
            # For work that swallows RQ's timeout, or never comes back from a library: needs no interpreter to strike.
            faulthandler.dump_traceback_later(job.timeout + OVERTIME, exit=True)
        with self.app.app_context(), structlog.contextvars.bound_contextvars(job=job.id):
            db.engine.dispose(close=False)
            return bool(super().perform_job(job, queue, execution))


def work(
    app: Flask,
    names: list[str],
    sweep: Callable[[], object],
    left_by_dead: Callable[[str, int, int], object],
    *,
    burst: bool = False,
) -> None:
    """Serve the queues until told to stop. No fixed name: a killed worker's name would stay taken for minutes."""
    logs.configure("worker")
    config: Config = app.extensions["pult"]
    connection = Redis.from_url(config.redis_url, health_check_interval=30)
    AppWorker.app, AppWorker.sweep, AppWorker.left_by_dead = app, staticmethod(sweep), staticmethod(left_by_dead)
    worker = AppWorker(
        [queue(name, connection) for name in names],
        connection=connection,
        job_class=AdmittedJob,
        serializer=JSONSerializer,
        worker_ttl=30,
        maintenance_interval=SWEEP,
        log_job_description=False,
    )
    worker.work(burst=burst, logging_level="WARNING", with_scheduler=False)
    with app.app_context():
        heartbeats.end()
