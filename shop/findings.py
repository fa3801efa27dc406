"""What `flask doctor` finds: one thing that was looked at, how it stands, and its mend."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a finding stands: as it must be, worth knowing, to be mended."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `mend` says what to do, and is empty where nothing is to be done."""

    name: str
    state: State
    found: str
    mend: str = ""


def finding(name: str, holds: bool, found: str, mend: str) -> Finding:
    return Finding(name, State.GOOD, found) if holds else Finding(name, State.BAD, found, mend)
