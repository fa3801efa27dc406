"""How far a run is with its platform, in words: asked, waited for, received."""

from datetime import datetime

from shop.formatting import duration, number, percent, plural, size
from shop.snapshots.exporting import MOST_EXPORTS
from shop.snapshots.models import Snapshot

PHASES = ("request", "wait", "download")
SAYS = {
    "pending": "The platform has not begun yet",
    "running": "The platform is writing the file",
    "completed": "The platform is done",
    "unknown": "The platform says nothing of its state",
}


def note_behind(snapshot: Snapshot, phase: str) -> str:
    """Say what a phase that is over has done."""
    if snapshot.way == "lists":
        return {"request": "no exports", "wait": "not needed"}.get(phase) or size(snapshot.file_bytes)
    if phase == "request":
        return "asked" if snapshot.exports < 2 else f"asked {snapshot.exports} times"
    return "the platform is done" if phase == "wait" else size(snapshot.file_bytes)


def note_now(snapshot: Snapshot, phase: str, now: datetime) -> str:
    if snapshot.stumbles:
        return f"failed {plural(snapshot.stumbles, 'time', 'times')}"
    if snapshot.started_at is None:
        return f"for a worker, {duration(seconds(snapshot.requested_at, now))}"
    if phase == "wait" and snapshot.ticket:
        return f"for the platform, {duration(seconds(asked_at(snapshot), now))}"
    done, _ = received(snapshot)
    if phase == "download":
        return plural(done, "record", "records") if snapshot.way == "lists" else size(done)
    return "asking"


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
        return ("Records received" if snapshot.way == "lists" else "Bytes received", *received(snapshot))
    return ("Waiting for the platform" if snapshot.phase == "wait" else "Asking the platform", 0, 0)


def told(snapshot: Snapshot, now: datetime) -> list[str]:
    """Say what the platform said last, when it is looked at again, and how much has arrived."""
    parts = []
    if snapshot.phase == "wait":
        parts.append(SAYS.get(snapshot.job_state or "", "Not looked at yet"))
    if snapshot.phase == "download":
        done, most = received(snapshot)
        if most:
            parts.append(f"{percent(done / most, 0)} of {size(most)} received")
        elif done:
            parts.append(f"{number(done)} records received" if snapshot.way == "lists" else f"{size(done)} received")
    if snapshot.look_at is not None and (snapshot.phase == "wait" or snapshot.stumbles):
        left = (snapshot.look_at - now).total_seconds()
        word = "next try" if snapshot.stumbles else "next look"
        parts.append(f"{word} in {duration(max(left, 1))}" if left > 0 else f"{word} now")
    if snapshot.exports > 1:
        parts.append(f"export {snapshot.exports} of {MOST_EXPORTS} at the most")
    return parts
