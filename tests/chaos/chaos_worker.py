"""`worker.py` with small chunks and short leases, so that many faults find many boundaries in a short time."""

import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from shop import locks  # noqa: E402 the path has to come first
from shop.snapshots import jobs, reading  # noqa: E402

CHUNK = 16 << 10  # bytes
locks.LASTS, locks.BEAT, jobs.SILENT = 4, 1, 4
reading.BLOCK = reading.BATCH_BYTES = CHUNK
if __name__ == "__main__":
    runpy.run_path(str(ROOT / "worker.py"), run_name="__main__")
