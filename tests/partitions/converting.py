"""`python converting.py [STEP]`: the conversion in a process of its own, with leases that end soon, for faults to strike."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from shop import locks
from shop.factory import create_app
from shop.partitions import backfilling, turns
from shop.partitions.conversion import become_partitioned, become_plain

locks.LASTS, locks.BEAT, turns.LASTS = 1, 0.25, 1
backfilling.SMALLEST = backfilling.LARGEST = int(os.environ.get("PULT_BATCH", "200"))
if __name__ == "__main__":
    with create_app().app_context():
        (become_plain if "join" in sys.argv else become_partitioned)()
