"""Asynchronous jobs: asked for, waiting, running, over; and what can go wrong with them."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shop.simulator.answers import Refusal
from shop.simulator.clock import Agenda, Clock
from shop.simulator.faults import Fault, FaultName
from shop.simulator.results import written

VALID = timedelta(hours=24)
MOST_READS = 10  # of a job that is not over
DIES_AFTER = timedelta(hours=3)
JOB_FAULTS = (
    FaultName.JOB_EXPIRED, FaultName.JOB_SILENT, FaultName.JOB_FAILED, FaultName.JOB_KILLED, FaultName.RESULT_URL_NULL,
    FaultName.RESULT_ON_ANOTHER_HOST, FaultName.RESULT_OF_ANOTHER_SHOP, FaultName.BAD_RECORDS, FaultName.DUPLICATE_LINES,
    FaultName.SHUFFLED_LINES,
)  # fmt: skip
Lines = Callable[[], Iterator[bytes]]


class State(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"
    KILLED = "killed"


class Stopped(Exception):
    """The simulator ends while a file is written."""


@dataclass
class Job:
    job_id: str
    endpoint: str
    created: datetime
    lines: Lines
    other_lines: Lines  # of another shop
    faults: dict[FaultName, Fault] = field(default_factory=dict)
    state: State = State.PENDING
    began: datetime | None = None
    completed: datetime | None = None
    valid_until: datetime | None = None
    file: Path | None = None
    reads: int = 0


@dataclass(frozen=True)
class JobTimes:
    """How many seconds a job waits, and how many it runs at least."""

    waiting: float = 0.0
    running: float = 0.0


class Jobs:
    """The jobs of one shop. Their files are written when they run and stay on disk until the simulator ends."""

    def __init__(
        self, clock: Clock, agenda: Agenda, folder: Path, times: JobTimes, base_url: str, finished: Callable[[str], None]
    ) -> None:  # fmt: skip
        self.clock, self.agenda, self.folder = clock, agenda, folder
        self.times, self.base_url, self.finished = times, base_url, finished
        self.known: dict[str, Job] = {}

    def request(
        self, endpoint: str, lines: Lines, other_lines: Lines, faults: dict[FaultName, Fault]
    ) -> Job:  # fmt: skip
        job = Job(secrets.token_hex(4)[:7], endpoint, self.clock.now(), lines, other_lines, faults)
        self.known[job.job_id] = job
        self.agenda.at(job.created + timedelta(seconds=self.times.waiting), lambda: self.run(job))
        return job

    def run(self, job: Job) -> None:
        """Write the file, and end the job when its time is over."""
        job.state, job.began = State.RUNNING, self.clock.now()
        if FaultName.JOB_SILENT in job.faults:
            self.agenda.at(job.created + DIES_AFTER, lambda: self.end(job, State.FAILED, silently=True))
            return
        if FaultName.JOB_FAILED in job.faults or FaultName.JOB_KILLED in job.faults:
            end = State.FAILED if FaultName.JOB_FAILED in job.faults else State.KILLED
            self.agenda.at(job.began + timedelta(seconds=self.times.running), lambda: self.end(job, end))
            return
        lines = job.other_lines if FaultName.RESULT_OF_ANOTHER_SHOP in job.faults else job.lines
        name = f"{job.job_id}-{secrets.token_hex(8)}.json"
        try:
            job.file = written(self.folder / name, self.while_serving(lines()), job.faults)
        except Stopped:
            return
        due = job.began + timedelta(seconds=self.times.running)
        self.agenda.at(due, lambda: self.end(job, State.COMPLETED))

    def end(self, job: Job, state: State, *, silently: bool = False) -> None:
        job.completed = self.clock.now()
        if state is State.COMPLETED:
            job.valid_until = job.completed + (timedelta(0) if FaultName.JOB_EXPIRED in job.faults else VALID)
            self.agenda.at(job.valid_until, lambda: self.drop(job))
        job.state = state
        if not silently:
            self.finished(job.job_id)

    def while_serving(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        for line in lines:
            if self.agenda.stopped:
                raise Stopped
            yield line

    def drop(self, job: Job) -> None:
        """Take the file off the disk; a download under way goes on."""
        if job.file is not None:
            job.file.unlink(missing_ok=True)

    def status(self, job: Job) -> State:
        """Return the state; a completed job whose file's time is over has expired."""
        over = job.valid_until is not None and job.valid_until <= self.clock.now()
        return State.EXPIRED if job.state is State.COMPLETED and over else job.state

    def read(self, job_id: str) -> Job:
        """Return the job, unless one that is not over has been read too often."""
        job = self.known.get(job_id)
        if job is None:
            raise Refusal(404, "job-not-found", f'Job with ID "{job_id}" not found.', job_id)
        if job.state in (State.PENDING, State.RUNNING):
            job.reads += 1
            if job.reads > MOST_READS:
                message = (
                    "Job detail of an unprocessed job was requested too many times. Wait for the job:finished webhook."
                )
                raise Refusal(403, "job-detail-try-counter-exceeded-limit", message, job_id)
        return job

    def result_url(self, job: Job) -> str | None:
        if self.status(job) is not State.COMPLETED or job.file is None or FaultName.RESULT_URL_NULL in job.faults:
            return None
        host = self.base_url
        if FaultName.RESULT_ON_ANOTHER_HOST in job.faults:
            host = another_host(host)
        return f"{host}/api-results/{job.file.name}"

    def result(self, name: str) -> Path | None:
        """Return the file of that name while it may be downloaded."""
        for job in list(self.known.values()):
            if job.file is not None and job.file.name == name and self.status(job) is State.COMPLETED:
                return job.file
        return None

    def listed(self) -> list[Job]:
        return list(self.known.values())


def another_host(base_url: str) -> str:
    """Return an address that leads to the same simulator under another name."""
    parts = urlsplit(base_url)
    return f"{parts.scheme}://localhost:{parts.port}"


def duration(job: Job) -> str | None:
    if job.completed is None or job.began is None:
        return None
    return f"{(job.completed - job.began).total_seconds():.3f}"


def job_row(jobs: Jobs, job: Job, at: Callable[[datetime | None], Any]) -> dict[str, Any]:
    """Return a row of the list of jobs: no duration, address or log."""
    return {
        "jobId": job.job_id, "endpoint": job.endpoint, "creationTime": at(job.created),
        "completionTime": at(job.completed), "status": jobs.status(job), "validUntil": at(job.valid_until),
    }  # fmt: skip
