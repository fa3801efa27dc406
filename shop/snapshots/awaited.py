"""How far a run is with its platform, in words: asked, waited for, received."""

from datetime import datetime

from shop.formatting import duration, number, percent, plural, size
from shop.languages import N_, ngettext, said
from shop.languages import gettext as _
from shop.snapshots.exporting import MOST_EXPORTS
from shop.snapshots.models import Snapshot

PHASES = ("request", "wait", "download")
SAYS = {
    "pending": N_("The platform has not begun yet"),
    "running": N_("The platform is writing the file"),
    "completed": N_("The platform is done"),
    "unknown": N_("The platform says nothing of its state"),
}


def note_behind(snapshot: Snapshot, phase: str) -> str:
    """Say what a phase that is over has done."""
    if snapshot.way == "lists":
        return {"request": _("no exports"), "wait": _("not needed")}.get(phase) or size(snapshot.file_bytes)
    if phase == "request":
        return _("asked") if snapshot.exports < 2 else _("asked %(count)s times", count=snapshot.exports)
    return _("the platform is done") if phase == "wait" else size(snapshot.file_bytes)


def note_now(snapshot: Snapshot, phase: str, now: datetime) -> str:
    if snapshot.stumbles:
        return ngettext("failed %(num)s\u00a0time", "failed %(num)s\u00a0times", snapshot.stumbles)
    if snapshot.started_at is None:
        return _("for a worker, %(spent)s", spent=duration(seconds(snapshot.requested_at, now)))
    if phase == "wait" and snapshot.ticket:
        return _("for the platform, %(spent)s", spent=duration(seconds(asked_at(snapshot), now)))
    done, _most = received(snapshot)
    if phase == "download":
        return plural(done, "record", "records") if snapshot.way == "lists" else size(done)
    return _("asking")


def asked_at(snapshot: Snapshot) -> datetime:
    return datetime.fromisoformat((snapshot.ticket or {})["requested_at"])


def seconds(since: datetime, now: datetime) -> float:
    return max((now - since).total_seconds(), 0)


def received(snapshot: Snapshot) -> tuple[int, int]:
    """Return how much has arrived, of how much: bytes of a file, or records of lists; 0 where nobody knows."""
    told = snapshot.received or {}
    if snapshot.way == "lists":
        return int(told.get("records") or 0), 0
    return int(told.get("bytes") or 0), int(told.get("total") or 0)


def counted(snapshot: Snapshot) -> tuple[str, int, int]:
    """Return what the bar counts."""
    if snapshot.phase == "download":
        return (_("Records received") if snapshot.way == "lists" else _("Bytes received"), *received(snapshot))
    return (_("Waiting for the platform") if snapshot.phase == "wait" else _("Asking the platform"), 0, 0)


def told(snapshot: Snapshot, now: datetime) -> list[str]:
    """Say what the platform said last, when it is looked at again, and how much has arrived."""
    parts = []
    if snapshot.phase == "wait":
        parts.append(said(SAYS.get(snapshot.job_state or "", N_("Not looked at yet"))))
    if snapshot.phase == "download":
        done, most = received(snapshot)
        if most:
            parts.append(_("%(share)s of %(size)s received", share=percent(done / most, 0), size=size(most)))
        elif done:
            parts.append(
                _("%(count)s records received", count=number(done))
                if snapshot.way == "lists"
                else _("%(size)s received", size=size(done))
            )
    if snapshot.look_at is not None and (snapshot.phase == "wait" or snapshot.stumbles):
        left = (snapshot.look_at - now).total_seconds()
        parts.append(next_turn(left, tries=snapshot.stumbles > 0))
    if snapshot.exports > 1:
        parts.append(_("export %(count)s of %(most)s at the most", count=snapshot.exports, most=MOST_EXPORTS))
    return parts


def next_turn(left: float, *, tries: bool) -> str:
    """Say when the platform is asked or looked at again."""
    if left <= 0:
        return _("next try now") if tries else _("next look now")
    spent = duration(max(left, 1))
    return _("next try in %(spent)s", spent=spent) if tries else _("next look in %(spent)s", spent=spent)
