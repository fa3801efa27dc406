"""Named places between two writes, at which a test may let this process die, stop, or hold for a while."""

import os
import signal
import time
from pathlib import Path

FAULT_AT = os.environ.get("PULT_FAULT_AT")  # tests name a point here at which this process kills itself
FAULTS = os.environ.get("PULT_FAULTS")  # a folder: a file named after a point is a fault that strikes there, once
WORDS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def fault_point(name: str) -> None:
    if name == FAULT_AT:
        os.kill(os.getpid(), signal.SIGKILL)
    if FAULTS:
        strike(Path(FAULTS) / name)


def strike(armed: Path) -> None:
    """Take the file away and do what it says: kill, stop, or the seconds to hold."""
    try:
        word = armed.read_text()
        armed.unlink()
    except FileNotFoundError:
        return
    if word in WORDS:
        os.kill(os.getpid(), WORDS[word])
    else:
        time.sleep(float(word))
