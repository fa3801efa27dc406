"""The workers' entry: `python worker.py imports ops` serves the named queues, all but the scheduler's own without a name."""

import sys

from shop.factory import create_app
from shop.queues import ALL, TICK, work
from shop.ticking import left_by_dead, look_after

if __name__ == "__main__":
    names = [name for name in sys.argv[1:] if name != "--burst"]
    unknown = set(names) - {*ALL, TICK}
    if unknown:
        sys.exit(f"There is no queue named {', '.join(sorted(unknown))}. The queues are {', '.join(ALL)}, and {TICK}.")
    work(create_app(), names or list(ALL), look_after, left_by_dead, burst="--burst" in sys.argv)
