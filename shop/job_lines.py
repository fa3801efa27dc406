"""What the page of jobs tells: queues by how long work has waited, processes by their last word, the schedule, the locks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import current_app
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text

from shop import heartbeats, queues, schedule, task_runs
from shop.admission import REFUSED
from shop.db import db
from shop.languages import N_
from shop.lateness import by_pair
from shop.schedule import Entry
from shop.shops.models import Shop
from shop.shops.queries import home_zone
from shop.task_runs import TaskRun

PROMISES = {
    queues.INTERACTIVE: N_("somebody waits for it"),
    queues.IMPORTS: N_("snapshots"),
    queues.OPS: N_("what the schedule asks"),
}
TITLES = {queues.INTERACTIVE: N_("Interactive"), queues.IMPORTS: N_("Imports"), queues.OPS: N_("Ops")}
PARTS = (N_("interactive"), N_("imports"), N_("ops"), N_("scheduler"), N_("tick"))  # that a process serves
ALIVE = timedelta(seconds=2 * queues.BEAT + 10)  # since the last word of a process that lives
SHOWN = timedelta(minutes=15)  # that a process which fell silent is still told of
WAITING = text(  # a run rests until look_at or not_before, and waits from then on
    """SELECT 'imports' AS queue, state, count(*), min(coalesce(look_at, requested_at)) FROM snapshots
       WHERE state IN ('queued', 'running') AND (state = 'running' OR coalesce(look_at, requested_at) <= clock_timestamp())
       GROUP BY state
       UNION ALL
       SELECT 'ops', state, count(*), min(coalesce(not_before, decided_at)) FROM task_runs
       WHERE state IN ('queued', 'running') AND (state = 'running' OR coalesce(not_before, decided_at) <= clock_timestamp())
       GROUP BY state"""
)
log = structlog.get_logger()


@dataclass(frozen=True)
class QueueLine:
    """One queue: what waits and runs by our own rows, and, if Redis answers, how many calls stand in it."""

    name: str
    promise: str
    waiting: int
    running: int
    waits_for: timedelta | None
    calls: int | None
    refused: int | None

    @property
    def title(self) -> str:
        return TITLES[self.name]


@dataclass(frozen=True)
class WorkerLine:
    """One process: what it serves, since when, and its last word."""

    process: str
    parts: list[str]
    since: datetime
    heard_at: datetime
    is_alive: bool
    has_ended: bool  # in order


@dataclass(frozen=True)
class ScheduleLine:
    """One entry of the schedule for one shop, or for the installation; times belong to `zone`."""

    entry: Entry
    shop: Shop | None
    zone: str
    last: TaskRun | None
    next: datetime
    troubles: list[str]

    @property
    def title_in_sentence(self) -> str:
        return schedule.within(schedule.titled(self.entry, self.shop))


def queue_lines(now: datetime) -> list[QueueLine]:
    """Return every queue, the one whose oldest work waits longest first."""
    rows = {(row[0], row[1]): (int(row[2]), row[3]) for row in db.session.execute(WAITING)}
    calls, refused = in_redis()
    lines = []
    for name in queues.ALL:
        waiting, oldest = rows.get((name, "queued"), (0, None))
        lines.append(
            QueueLine(
                name,
                PROMISES[name],
                waiting,
                running=rows.get((name, "running"), (0, None))[0],
                waits_for=max(now - oldest, timedelta()) if oldest else None,
                calls=calls[name] if calls is not None else None,
                refused=refused.get(name, 0) if refused is not None else None,
            )
        )
    return sorted(lines, key=lambda line: (line.waits_for or timedelta(), line.waiting), reverse=True)


def in_redis() -> tuple[dict[str, int] | None, dict[str, int] | None]:
    """Return how many calls stand in each queue and how many were refused; nothing of either without Redis."""
    connection: Redis = current_app.extensions["impatient_redis"]
    try:
        with connection.pipeline(transaction=False) as asked:
            for name in queues.ALL:
                asked.llen(f"rq:queue:{name}")
            asked.hgetall(REFUSED)
            *lengths, refused = asked.execute()
    except RedisError as error:
        log.warning("queue_unreadable", error=str(error))
        return None, None
    return dict(zip(queues.ALL, lengths, strict=True)), {name.decode(): int(count) for name, count in refused.items()}


def worker_lines(now: datetime) -> list[WorkerLine]:
    """Return the processes that live or fell silent lately, and for a part that nobody serves its last one, even if it ended."""
    found: dict[str, list[heartbeats.Heartbeat]] = {}
    everyone = db.session.scalars(
        db.select(heartbeats.Heartbeat)
        .where(heartbeats.Heartbeat.part != heartbeats.TICKED)
        .order_by(heartbeats.Heartbeat.part)
    ).all()
    last = {beat.part: max(one.heard_at for one in everyone if one.part == beat.part) for beat in everyone}
    for beat in everyone:
        if beat.heard_at == last[beat.part] or (now - beat.heard_at < SHOWN and not beat.ended_at):
            found.setdefault(beat.process, []).append(beat)
    lines = [as_line(process, beats, now) for process, beats in found.items()]
    return sorted(lines, key=lambda line: (not line.is_alive, line.parts, line.process))


def as_line(process: str, beats: Sequence[heartbeats.Heartbeat], now: datetime) -> WorkerLine:
    heard = max(beat.heard_at for beat in beats)
    since = min(beat.since for beat in beats)
    ended = all(beat.ended_at for beat in beats)
    return WorkerLine(process, [beat.part for beat in beats], since, heard, not ended and now - heard < ALIVE, ended)


def schedule_lines(shop_ids: Collection[int], now: datetime) -> list[ScheduleLine]:
    """Return every entry with each of these shops that it is for, in the order of the schedule."""
    asked = [(entry, shop) for entry, shop in schedule.pairs() if shop is None or shop.id in shop_ids]
    known = task_runs.newest(schedule.key_of(entry, shop) for entry, shop in asked)
    troubles, home = by_pair(asked, now), home_zone()
    return [
        ScheduleLine(
            entry,
            shop,
            shop.timezone if shop else home,
            known.get(schedule.key_of(entry, shop)),
            entry.timing.after(now, entry.zone_for(shop)),
            [trouble.sentence for trouble in troubles[schedule.key_of(entry, shop)]],
        )
        for entry, shop in asked
    ]


def as_fields(line: ScheduleLine) -> dict[str, Any]:
    """Return an entry as programs read it."""
    last = line.last
    return {
        "task": line.entry.key,
        "shop": line.shop.slug if line.shop else None,
        "when": line.entry.timing.words(),
        "last": last.scheduled_for.isoformat() if last else None,
        "state": last.state if last else None,
        "outcome": last.outcome if last else None,
        "next": line.next.isoformat(),
        "late": line.troubles,
    }
