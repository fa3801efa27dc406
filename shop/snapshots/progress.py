"""How far a run is, in words: its phases, what is counted in the present one, its pace and the time it still takes."""

from dataclasses import dataclass
from datetime import datetime

from shop.formatting import UNKNOWN, duration, number, percent, plural
from shop.languages import N_, said
from shop.languages import gettext as _
from shop.locks import LASTS
from shop.snapshots import awaited
from shop.snapshots.models import Snapshot, SnapshotAttempt

LOADED = {
    "wait": N_("Wait"),
    "stage": N_("Stage"),
    "prove": N_("Prove"),
    "publish": N_("Publish"),
    "done": N_("Done"),
}
FETCHED = {
    "request": N_("Request"),
    "wait": N_("Wait"),
    "download": N_("Download"),
    **{phase: words for phase, words in LOADED.items() if phase != "wait"},
}
SURE_AFTER = 2  # seconds of reading before a rate says anything

Step = tuple[str, str, str]  # name, note, where: done, now, failed, later


@dataclass(frozen=True)
class Progress:
    """What the page and its polled fragment show. `most` is 0 where it is not known how much there is to do."""

    steps: list[Step]
    label: str
    done: int
    most: int
    told: list[str]
    is_live: bool
    silent_for: float | None  # seconds without a sign of life, where that is longer than a lease lasts
    remark: str | None  # why it waits longer, or goes another way


def progress(snapshot: Snapshot, attempt: SnapshotAttempt | None, now: datetime) -> Progress:
    """Describe a run as of now. `attempt` is its latest one."""
    label, done, most = counted(snapshot)
    silent = silence(snapshot, now)
    return Progress(
        [step(snapshot, phase, now) for phase in phases(snapshot)],
        label,
        done,
        most,
        told(snapshot, attempt, now) if snapshot.is_live else [],
        snapshot.is_live,
        silent if silent is not None and silent > LASTS else None,
        snapshot.remark,
    )


def phases(snapshot: Snapshot) -> dict[str, str]:
    return FETCHED if snapshot.way else LOADED


def is_arriving(snapshot: Snapshot, phase: str) -> bool:
    return snapshot.way is not None and phase in awaited.PHASES


def step(snapshot: Snapshot, phase: str, now: datetime) -> Step:
    names = phases(snapshot)
    at, place = (list(names).index(one) for one in (snapshot.phase, phase))
    if place < at or snapshot.state in ("done", "previewed"):
        return said(names[phase]), note_behind(snapshot, phase), "done"
    if place > at:
        return said(names[phase]), _("not yet") if snapshot.is_live else _("not reached"), "later"
    if not snapshot.is_live:
        return said(names[phase]), _("stopped here"), "failed"
    return said(names[phase]), note_now(snapshot, phase, now), "now"


def note_behind(snapshot: Snapshot, phase: str) -> str:
    """Say what a phase that is over has done."""
    if is_arriving(snapshot, phase):
        return awaited.note_behind(snapshot, phase)
    if phase == "wait":
        if snapshot.started_at is None:
            return UNKNOWN
        return _("for %(spent)s", spent=duration(max((snapshot.started_at - snapshot.requested_at).total_seconds(), 0)))
    if phase == "stage":
        return plural(snapshot.lines, "line", "lines")
    if phase == "prove":
        return _("whole and plausible")
    if phase == "publish" and snapshot.purpose == "preview":
        return _("only previewed")
    if phase == "publish":
        return _("%(count)s new or changed", count=number(snapshot.inserted + snapshot.updated))
    if snapshot.finished_at is None:
        return UNKNOWN
    return _("after %(spent)s", spent=duration((snapshot.finished_at - snapshot.requested_at).total_seconds()))


def note_now(snapshot: Snapshot, phase: str, now: datetime) -> str:
    if is_arriving(snapshot, phase):
        return awaited.note_now(snapshot, phase, now)
    if phase == "wait":
        return _("for a worker, %(spent)s", spent=duration(max((now - snapshot.requested_at).total_seconds(), 0)))
    if phase == "stage":
        return plural(snapshot.cursor_line, "line", "lines")
    if phase == "publish":
        return _("%(count)s of %(most)s lines", count=number(snapshot.published_lines), most=number(snapshot.lines))
    return _("checking")


def counted(snapshot: Snapshot) -> tuple[str, int, int]:
    """Return what the bar counts: bytes of the file while it is read, lines while they are published."""
    if is_arriving(snapshot, snapshot.phase):
        return awaited.counted(snapshot)
    if snapshot.phase == "stage":
        return _("Bytes read"), min(snapshot.bytes_read, snapshot.file_bytes or 0), snapshot.file_bytes or 0
    if snapshot.phase == "publish":
        return _("Lines published"), snapshot.published_lines, snapshot.lines
    return _("Waiting") if snapshot.phase == "wait" else _("Checking"), 0, 0


def told(snapshot: Snapshot, attempt: SnapshotAttempt | None, now: datetime) -> list[str]:
    """Say share, rate, time left and what was set aside."""
    if is_arriving(snapshot, snapshot.phase):
        return awaited.told(snapshot, now)
    _label, done, most = counted(snapshot)
    parts = []
    if most:
        share = percent(done / most, 0)
        parts.append(
            _("%(share)s read", share=share) if snapshot.phase == "stage" else _("%(share)s published", share=share)
        )
    if snapshot.phase == "stage" and attempt is not None:
        parts += pace(snapshot, (now - attempt.started_at).total_seconds(), resumed=attempt.number > 1)
    if snapshot.phase in ("stage", "prove", "publish"):
        parts.append(_("%(records)s set aside", records=plural(snapshot.quarantined, "record", "records")))
    return parts


def pace(snapshot: Snapshot, spent: float, *, resumed: bool) -> list[str]:
    """Say how fast lines are read and how long the rest takes; a resumed run did not read all of them in this time."""
    if resumed:
        return [_("taken up again, attempt %(number)s", number=snapshot.attempts)]
    if spent < SURE_AFTER or not snapshot.bytes_read or not snapshot.file_bytes:
        return []
    left = spent * max(snapshot.file_bytes - snapshot.bytes_read, 0) / snapshot.bytes_read
    return [
        _("%(count)s lines a second", count=number(snapshot.cursor_line / spent)),
        _("about %(spent)s left", spent=duration(max(left, 1))),
    ]


def silence(snapshot: Snapshot, now: datetime) -> float | None:
    """Return how long ago a running run gave its last sign of life, in seconds."""
    if snapshot.state != "running" or snapshot.heartbeat_at is None:
        return None
    return max((now - snapshot.heartbeat_at).total_seconds(), 0)
