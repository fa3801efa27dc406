"""`worker.py`, in which a record named POISON kills whoever reads it, or every timeout is swallowed."""

import os
import runpy
import signal
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from rq.timeouts import JobTimeoutException  # noqa: E402 the path has to come first

from shop.snapshots import conducting, staging  # noqa: E402

read = staging.LineReader.chunk


def deadly(self: staging.LineReader, batch: Any) -> staging.Chunk:
    if self.poisonous != self.line + 1 and any(b"POISON" in raw for raw in batch.lines):
        os.kill(os.getpid(), signal.SIGKILL)
    return read(self, batch)


def stubborn(_name: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            time.sleep(0.1)
        except JobTimeoutException:  # the very fault
            continue


staging.LineReader.chunk = deadly  # type: ignore[method-assign]
if os.environ.get("PULT_TEST_STUBBORN"):
    conducting.fault_point = stubborn
runpy.run_path(str(ROOT / "worker.py"), run_name="__main__")
