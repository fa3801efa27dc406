"""What a worker takes out of Redis: calls of our own functions with a row's number. Whatever else lies there is dropped."""

from typing import Any, NoReturn

import structlog
from redis.exceptions import RedisError, ResponseError
from rq.exceptions import DeserializationError, NoSuchJobError, TimeoutFormatError
from rq.job import Job

ADMITTED = {  # queue: the functions that may be called from it
    "interactive": frozenset[str](),
    "imports": frozenset({"shop.snapshots.jobs.take_snapshot"}),
    "ops": frozenset(
        {"shop.ticking.run_task", "shop.partitions.jobs.restore_quarter", "shop.backups.jobs.restore_beside"}
    ),
    "tick": frozenset({"shop.ticking.tick"}),
}
REFUSED = "pult:refused"  # queue: how many calls were dropped; lives in Redis, as they did
MALFORMED = (
    ValueError, TypeError, KeyError, AttributeError, AssertionError, RecursionError,
    DeserializationError, NoSuchJobError, TimeoutFormatError,
)  # fmt: skip
CALLS = (b"success_callback_name", b"failure_callback_name", b"stopped_callback_name", b"webhooks")
log = structlog.get_logger()


def is_admitted(queue: str, work: str | None) -> bool:
    return work in ADMITTED.get(queue, frozenset())


class AdmittedJob(Job):
    """RQ's job, read with suspicion: whoever can write to Redis can then call only what Pult calls itself.

    What is refused does not exist for RQ: it goes on with the next one.
    """

    def refresh(self) -> None:
        try:
            super().refresh()  # type: ignore[no-untyped-call]  # RQ ships it without types
        except ResponseError as error:
            if "WRONGTYPE" not in str(error):
                raise
            self.drop("it is not a hash")

    def restore(self, raw_data: Any) -> Any:
        try:
            super().restore(raw_data)
            reason = "it calls something else as well" if any(map(raw_data.get, CALLS)) else objection(self)
        except MALFORMED as error:
            self.drop(f"it cannot be read: {type(error).__name__}")
        if reason:
            self.drop(reason)

    def drop(self, reason: str) -> NoReturn:
        """Take it out of Redis, count it and say why; never what it holds, which may be anything."""
        queue = self.origin if self.origin in ADMITTED else "unknown"
        log.error("job_refused", job=self.id, queue=queue, reason=reason)
        try:
            self.connection.delete(self.key)
            self.connection.hincrby(REFUSED, queue, 1)
        except RedisError as error:
            log.warning("job_not_dropped", job=self.id, error=str(error))
        raise NoSuchJobError(f"The job {self.id} is refused: {reason}.")


def objection(job: Job) -> str:
    """Return why a job that could be read is not run; nothing if it may be."""
    if not is_admitted(job.origin, job.func_name):
        return "this function is not called from this queue"
    if job.instance is not None or job.kwargs or not all(type(value) is int for value in job.args):
        return "its arguments are not a row’s number"
    return ""
