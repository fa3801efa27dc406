"""What periodic work was due, and how it went: one row for each task, shop and moment, decided once by a unique key."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model, db
from shop.languages import gettext as _
from shop.languages import ngettext

LIVE = ("queued", "running")
SILENT = timedelta(seconds=20)  # without a heartbeat, after which a run counts as left behind
MOST_DEATHS = 3  # of workers at one run


class TaskRun(Model):
    """One moment of one periodic task. `passed_over` counts the moments before it that nobody was there for."""

    __tablename__ = "task_runs"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    task: Mapped[str] = mapped_column(Text)
    shop_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("shops.id"))  # null: of the installation
    scheduled_for: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(Text)
    passed_over: Mapped[int] = mapped_column(Integer, server_default="0")
    requested_by: Mapped[str | None] = mapped_column(Text)  # an e-mail; null: nobody did, it was due
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    not_before: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # given back until then
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    heartbeat_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str | None] = mapped_column(Text)  # what was done, or why not, in a sentence
    details: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # what a check has found

    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'skipped')", name="state"),
        UniqueConstraint("task", "shop_id", "scheduled_for", postgresql_nulls_not_distinct=True),
        Index("ix_task_runs_live", "id", postgresql_where=text("state IN ('queued', 'running')")),
    )


Pair = tuple[str, int | None]  # a task's key, and a shop or none

NEWEST = text(
    """
    SELECT p.task AS asked_task, p.shop_id AS asked_shop, r.id
    FROM unnest(CAST(:tasks AS text[]), CAST(:shops AS int[])) AS p (task, shop_id)
    CROSS JOIN LATERAL (
        (SELECT id FROM task_runs WHERE task = p.task AND shop_id = p.shop_id AND state = ANY(:states)
         ORDER BY scheduled_for DESC LIMIT 1)
        UNION ALL
        (SELECT id FROM task_runs WHERE task = p.task AND shop_id IS NULL AND p.shop_id IS NULL AND state = ANY(:states)
         ORDER BY scheduled_for DESC LIMIT 1)
    ) AS r"""
)
FIRST = text(
    """
    SELECT p.task AS asked_task, p.shop_id AS asked_shop, coalesce(
        (SELECT min(scheduled_for) FROM task_runs WHERE task = p.task AND shop_id = p.shop_id),
        (SELECT min(scheduled_for) FROM task_runs WHERE task = p.task AND shop_id IS NULL AND p.shop_id IS NULL)) AS at
    FROM unnest(CAST(:tasks AS text[]), CAST(:shops AS int[])) AS p (task, shop_id)"""
)
ANY_STATE = ("queued", "running", "done", "failed", "skipped")
ADD = text(
    """
    INSERT INTO task_runs (task, shop_id, scheduled_for, passed_over, requested_by, state, outcome, finished_at)
    SELECT :task, :shop, :at, :passed_over, :requested_by,
           CASE WHEN :reason <> '' OR busy.yes THEN 'skipped' ELSE 'queued' END,
           CASE WHEN :reason <> '' THEN :reason WHEN busy.yes THEN :busy END,
           CASE WHEN :reason <> '' OR busy.yes THEN clock_timestamp() END
    FROM (SELECT :waits_for_none AND EXISTS (
              SELECT 1 FROM task_runs WHERE task = :task AND shop_id IS NOT DISTINCT FROM CAST(:shop AS int)
              AND state IN ('queued', 'running')) AS yes) AS busy
    ON CONFLICT (task, shop_id, scheduled_for) DO NOTHING
    RETURNING id, state"""
)


@dataclass(frozen=True)
class Due:
    """A decision to be written down: this task is due at this moment, or, with a reason, it is not carried out."""

    task: str
    shop_id: int | None
    at: datetime
    passed_over: int = 0
    reason: str = ""
    may_overlap: bool = False
    requested_by: str | None = None


def now() -> datetime:
    """Return the database's time. No other clock decides."""
    found: datetime = db.session.scalar(select(func.clock_timestamp()))  # type: ignore[assignment]  # it always answers
    return found


def newest(pairs: Iterable[Pair], states: Sequence[str] = ANY_STATE) -> dict[Pair, TaskRun]:
    """Return the last run of each task and shop, among those in these states. One reach into the index for each."""
    asked = list(pairs)
    tasks, shops = [task for task, _ in asked], [shop for _, shop in asked]
    found = db.session.execute(NEWEST, {"tasks": tasks, "shops": shops, "states": list(states)}).all()
    query = select(TaskRun).where(TaskRun.id.in_([row.id for row in found]))
    runs = {run.id: run for run in db.session.scalars(query.execution_options(populate_existing=True))}
    return {(row.asked_task, row.asked_shop): runs[row.id] for row in found if row.id in runs}


def first_moments(pairs: Iterable[Pair]) -> dict[Pair, datetime]:
    """Return the oldest moment on record of each task and shop: since then it is known. One reach into the index for each."""
    asked = list(pairs)
    found = db.session.execute(FIRST, {"tasks": [task for task, _ in asked], "shops": [shop for _, shop in asked]})
    return {(row.asked_task, row.asked_shop): row.at for row in found if row.at}


def add(decision: Due) -> int | None:
    """Write a decision down; return the run's id if it is to be carried out and nobody was faster. The caller commits."""
    values = {
        "task": decision.task,
        "shop": decision.shop_id,
        "at": decision.at,
        "passed_over": decision.passed_over,
        "requested_by": decision.requested_by,
        "reason": decision.reason,
        "waits_for_none": not decision.may_overlap,
        "busy": _("The run before it was still going."),
    }
    row = db.session.execute(ADD, values).first()
    return row.id if row and row.state == "queued" else None


def begin(run_id: int) -> bool:
    """Take a run up, under its lease; False if it is over, or rests. The caller commits."""
    clock = func.clock_timestamp()
    resting = TaskRun.not_before.is_not(None) & (TaskRun.not_before > clock)
    taken = (
        update(TaskRun)
        .where(TaskRun.id == run_id, TaskRun.state.in_(LIVE), ~resting)
        .values(
            state="running",
            attempts=TaskRun.attempts + 1,
            started_at=func.coalesce(TaskRun.started_at, clock),
            heartbeat_at=clock,
            not_before=None,
        )
    )
    return db.session.scalar(taken.returning(TaskRun.id)) is not None


def end(run_id: int, state: str, outcome: str, details: dict[str, Any] | None = None) -> None:
    """Close a run. The caller commits, together with what the run has done."""
    clock = func.clock_timestamp()
    values = {"state": state, "outcome": outcome, "details": details, "finished_at": clock}
    db.session.execute(update(TaskRun).where(TaskRun.id == run_id, TaskRun.state.in_(LIVE)).values(**values))


def give_back(run_id: int, wait: timedelta, reason: str) -> None:
    """Let a run rest: it stays live, and is taken up again after that time. It is no failed attempt."""
    rest = {"state": "queued", "not_before": func.clock_timestamp() + wait, "outcome": reason}
    rested = update(TaskRun).where(TaskRun.id == run_id, TaskRun.state == "running")
    db.session.execute(rested.values(attempts=TaskRun.attempts - 1, **rest))


def left_behind() -> list[TaskRun]:
    """Return live runs that nobody works on: forgotten by Redis, left by a dead worker, or rested enough.

    One that has cost too many workers is closed as failed. The caller commits.
    """
    clock = func.clock_timestamp()
    heard = func.coalesce(TaskRun.heartbeat_at, TaskRun.decided_at)
    due = func.coalesce(TaskRun.not_before <= clock, heard < clock - SILENT)
    found = db.session.scalars(select(TaskRun).where(TaskRun.state.in_(LIVE), due).order_by(TaskRun.id)).all()
    for run in found:
        if run.state == "running" and run.attempts >= MOST_DEATHS:
            words = ngettext(
                "Its worker died %(num)s time; it is not tried again before its next moment.",
                "Its worker died %(num)s times; it is not tried again before its next moment.",
                run.attempts,
            )
            end(run.id, "failed", words)
    return [run for run in found if run.attempts < MOST_DEATHS]


def forget(older: timedelta) -> int:
    """Drop runs of long ago, but never the last of its task and shop, nor its last success. The caller commits."""
    gone = db.session.execute(
        text(
            """WITH last AS (
                   SELECT task, shop_id, max(scheduled_for) AS at, max(scheduled_for) FILTER (WHERE state = 'done') AS done
                   FROM task_runs GROUP BY task, shop_id)
               DELETE FROM task_runs r USING last
               WHERE last.task = r.task AND last.shop_id IS NOT DISTINCT FROM r.shop_id
               AND r.scheduled_for < clock_timestamp() - :older AND r.state NOT IN ('queued', 'running')
               AND r.scheduled_for < last.at AND (r.state <> 'done' OR r.scheduled_for < last.done)
               RETURNING 1"""
        ),
        {"older": older},
    )
    return len(gone.all())
