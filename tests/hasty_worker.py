"""`worker.py` that misses the dead sooner, for tests that wait for a lease to run out and are not about how long it lasts."""

import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from shop import locks, queues  # noqa: E402 the path has to come first
from shop.snapshots import jobs  # noqa: E402

locks.LASTS, locks.BEAT, jobs.SILENT, queues.SWEEP = 5, 1, 5, 1
if __name__ == "__main__":
    runpy.run_path(str(ROOT / "worker.py"), run_name="__main__")
