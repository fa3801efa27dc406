"""Brings the quarters into the state that they should be in. It may be interrupted anywhere, and run again at any time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from psycopg import sql

from shop import stopping
from shop.config import Config
from shop.errors import ShopError
from shop.languages import gettext as _
from shop.languages import ngettext
from shop.partitions import archives, clock
from shop.partitions.archive_files import leftovers
from shop.partitions.archiving import UNFINISHED, give_up
from shop.partitions.creating import create
from shop.partitions.detaching import finish, is_pending
from shop.partitions.patience import BUDGET
from shop.partitions.retention import retention_years
from shop.partitions.retiring import drop, retire
from shop.partitions.steps import ORDER, Step, plan
from shop.partitions.upkeep import Upkeep, looking_after

log = structlog.get_logger()


@dataclass
class Report:
    """What a maintenance has done, and what it has left and why: pairs of a step and a sentence."""

    done: list[tuple[Step, str]] = field(default_factory=list)
    refused: list[tuple[Step, str]] = field(default_factory=list)

    @property
    def words(self) -> str:
        counts = [(sum(step.kind == kind for step, _words in self.done), kind) for kind in ORDER]
        told = [counted(kind, count) for count, kind in counts if count]
        left = list(dict.fromkeys(sentence for _step, sentence in self.refused))
        return " ".join([*told, *left]) or _("Every quarter is as it should be.")

    def details(self) -> dict[str, object]:
        return {
            "done": [f"{step.kind} {step.table}" for step, _words in self.done],
            "refused": [{"step": f"{step.kind} {step.table}", "reason": sentence} for step, sentence in self.refused],
        }


def counted(kind: str, count: int) -> str:
    """Say to how many quarters a step was done; each kind is a sentence of its own, which a page can say anew."""
    words = {
        "finish": ngettext("%(num)s\u00a0quarter finished.", "%(num)s\u00a0quarters finished.", count),
        "clear": ngettext("%(num)s\u00a0quarter cleared away.", "%(num)s\u00a0quarters cleared away.", count),
        "create": ngettext("%(num)s\u00a0quarter made.", "%(num)s\u00a0quarters made.", count),
        "retire": ngettext("%(num)s\u00a0quarter retired.", "%(num)s\u00a0quarters retired.", count),
        "drop": ngettext("%(num)s\u00a0quarter dropped.", "%(num)s\u00a0quarters dropped.", count),
    }
    return words[kind]


def maintain(
    config: Config,
    by: str,
    *,
    clock_is_right: bool = False,
    restored_too: bool = False,
    budget: float = BUDGET,
) -> Report:
    """Finish what was interrupted, make what is missing, retire and drop what is past retention.

    Idempotent. What cannot be done is left as it is and told in the report; the other steps go on. Raises `Conflict`
    where somebody else looks after the quarters, `LostLease` where somebody took over.
    """
    report = Report()
    with looking_after(config, by, budget) as upkeep:
        now = database_time(upkeep)
        doubt = "" if clock_is_right else clock.objection(upkeep.connection, now)
        for part in leftovers(upkeep.data_dir):
            part.unlink(missing_ok=True)
        for kind in ORDER:
            steps = plan(
                upkeep.connection, now, retention_years(), clock_is_right=clock_is_right, restored_too=restored_too
            )
            for step in steps:
                if step.kind == kind:
                    stopping.check()
                    take(upkeep, step, report)
        with upkeep.transaction():
            upkeep.note(None, clock.MAINTAINED, clock=doubt or "believed", well=not report.refused, **report.details())
    log.info("partitions_maintained", by=by, **report.details())
    return report


def database_time(upkeep: Upkeep) -> datetime:
    row = upkeep.connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


def take(upkeep: Upkeep, step: Step, report: Report) -> None:
    if step.refusal:
        report.refused.append((step, f"{_('Nothing is retired or dropped.')} {step.refusal}"))
        return
    try:
        report.done.append((step, STEPS[step.kind](upkeep, step)))
    except ShopError as error:
        log.warning("partition_step_refused", step=step.kind, table=step.table, reason=error.message)
        report.refused.append((step, error.message))


def finished(upkeep: Upkeep, step: Step) -> str:
    if is_pending(upkeep.connection, step.table):
        finish(upkeep, step.table)
        with upkeep.transaction():
            upkeep.note(step.table, "detachment finished")
    archive = archives.live_of(upkeep.connection, step.table)
    if archive and archive.state == "retiring":
        return retire(upkeep, archive.quarter)
    return f"{step.table} is off the table, as somebody had begun; its lines stand in the table of that name."


def cleared(upkeep: Upkeep, step: Step) -> str:
    archive = archives.live_of(upkeep.connection, step.table)
    if archive and archive.state == "writing":
        give_up(upkeep, archive, UNFINISHED)
        return f"An archive of {archive.quarter} that was not finished is given up."

    def dropped() -> None:
        upkeep.connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(step.table)))
        upkeep.note(step.table, "cleared away")

    upkeep.in_moments(dropped)
    return f"{step.table}, which an interrupted change had left, is dropped."


def created(upkeep: Upkeep, step: Step) -> str:
    quarter = step.quarter
    assert quarter is not None
    upkeep.in_moments(lambda: create(upkeep.connection, quarter, upkeep.by))
    return f"{quarter} is made."


def retired(upkeep: Upkeep, step: Step) -> str:
    quarter = step.quarter
    assert quarter is not None
    return retire(upkeep, quarter)


def dropped(upkeep: Upkeep, step: Step) -> str:
    quarter = step.quarter
    archive = archives.live_of(upkeep.connection, quarter.table) if quarter else None
    assert archive is not None
    return drop(upkeep, archive)


STEPS: dict[str, Callable[[Upkeep, Step], str]] = {
    "finish": finished,
    "clear": cleared,
    "create": created,
    "retire": retired,
    "drop": dropped,
}
