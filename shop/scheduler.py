"""rq-scheduler, kept to one thing: firing the tick. Its entry has a fixed id, and is put back wherever it is lost."""

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq_scheduler import Scheduler

from shop import heartbeats, logs
from shop.config import Config
from shop.queues import TICK, TICKS

ENTRY = "pult-tick"
EVERY = 60  # seconds
LOOK = 5.0  # seconds between two looks of the scheduler at its entry
BEAT = 10.0
LONGEST = 60  # seconds that a tick may take
log = structlog.get_logger()


class PlainJob(Job):
    """RQ's job as JSON, whoever makes or reads it: rq-scheduler knows no serializer and would pickle."""

    @classmethod
    def create(cls, *args: Any, **kwargs: Any) -> Job:
        return super().create(*args, **kwargs | {"serializer": JSONSerializer})

    @classmethod
    def fetch(cls, id: str, connection: Redis | None = None, serializer: Any = JSONSerializer) -> Job:  # noqa: A002 - RQ's name
        return super().fetch(id, connection, serializer)


class Ticker(Scheduler):  # type: ignore[misc]  # rq-scheduler ships no types
    """rq-scheduler with its single entry asserted at the start and before every look."""

    def __init__(self, app: Flask, connection: Redis, every: int, look: float) -> None:
        super().__init__(queue_name=TICK, connection=connection, interval=look, job_class=PlainJob)
        self.app, self.every = app, every
        self.beaten_at = float("-inf")

    def enqueue_jobs(self) -> Any:
        """Put back what Redis has lost, say that we live, and fire the tick if its time has come."""
        put_back(self, self.every)
        if time.monotonic() - self.beaten_at >= BEAT:
            self.beaten_at = time.monotonic()
            with self.app.app_context():
                heartbeats.beat([heartbeats.SCHEDULER])
        return super().enqueue_jobs()


def put_back(scheduler: Scheduler, every: int) -> bool:
    """Enter the tick if it is not there, cannot fire, or stands too far in the future; return whether it was missing."""
    now = time.time()
    score = scheduler.connection.zscore(scheduler.scheduled_jobs_key, ENTRY)
    stands = score is not None and float(score) <= now + 2 * every
    if stands and scheduler.connection.hget(Job.key_for(ENTRY), "data"):
        return False
    enter(scheduler, every, datetime.now(UTC) + timedelta(seconds=min(every, 2)))
    return True


def enter(scheduler: Scheduler, every: int, first: datetime) -> None:
    """Write the entry anew under its fixed id: once however often this is done. A lifetime would silently end it."""
    scheduler.schedule(
        scheduled_time=first,
        func=TICKS,
        interval=every,
        result_ttl=-1,
        timeout=LONGEST,
        id=ENTRY,
        queue_name=TICK,
        description="tick",
    )


def assert_tick(app: Flask) -> bool:
    """See from outside that the entry is there; return whether it had to be put back. Without Redis there is none."""
    try:
        connection: Redis = app.extensions["redis"]
        missing = put_back(Scheduler(queue_name=TICK, connection=connection, job_class=PlainJob), EVERY)
    except RedisError as error:
        log.warning("tick_not_asserted", error=str(error))
        return False
    if missing:
        log.warning("tick_put_back")
    return missing


def fire_ticks(app: Flask, every: int = EVERY) -> None:
    """Be the scheduler until told to stop. Ends when Redis goes; whoever supervises starts it again."""
    logs.configure("scheduler")
    logging.getLogger("rq_scheduler.scheduler").setLevel(logging.ERROR)  # another one at work is no event
    config: Config = app.extensions["pult"]
    connection = Redis.from_url(config.redis_url, socket_timeout=BEAT, health_check_interval=30)
    ticker = Ticker(app, connection, every, min(LOOK, every / 2))
    try:
        enter(ticker, every, datetime.now(UTC))
        ticker.run()
    except RedisError as error:
        log.error("scheduler_lost_redis", error=str(error))  # noqa: TRY400 - the sentence says it all
        raise SystemExit(1) from None
    finally:
        with app.app_context():
            heartbeats.end()
