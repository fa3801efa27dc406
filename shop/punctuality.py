"""What `flask doctor` says of the schedule: whether everything is on time, and figures are still what they fold."""

from collections.abc import Iterator

from shop import heartbeats
from shop.findings import Finding, State, finding
from shop.lateness import differing_figures, troubles
from shop.shops.queries import all_shops

LOOKED_AT_IN_FULL = {"partitions", "backups", "targets"}  # by the doctor, under names of their own
START = "Start the processes: `make run` does, and starts again what dies."
MENDED = {  # part of a trouble: the name of the finding, and its mend
    "schedule": ("scheduler", START),
    "workers": ("queue", START),
    "tasks": (
        "task",
        "See that the scheduler and the workers run; `flask schedule list` shows when each task ran last.",
    ),
    "work": ("task", "See why: `flask snapshots list` and `flask schedule list` show how it ended."),
}


def punctuality() -> Iterator[Finding]:
    """See that what is due happens: the scheduler, the workers, each task of each shop."""
    if heartbeats.first_heard() is None:
        yield Finding("schedule", State.BAD, "nobody was ever heard of", START)
        return
    found = troubles()
    for trouble in found:
        if trouble.part in LOOKED_AT_IN_FULL:
            continue
        yield Finding(MENDED[trouble.part][0], State.BAD, trouble.sentence, MENDED[trouble.part][1])
    if all(trouble.part in LOOKED_AT_IN_FULL for trouble in found):
        yield Finding("schedule", State.GOOD, "nothing is late")


def figures() -> Finding:
    """See that the nightly check has found every stored figure equal to its orders."""
    names = {shop.id: shop.slug for shop in all_shops()}
    differ = [f"{names[shop_id]}: {run.outcome}" for (_, shop_id), run in differing_figures().items() if shop_id]
    mend = (
        "These figures are wrong: keep the log of the worker, and tell whoever maintains Pult before relying on them."
    )
    return finding("figures", not differ, " ".join(differ) or "equal to their orders when last checked", mend)
