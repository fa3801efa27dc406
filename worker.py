"""The workers' entry: `python worker.py imports ops` serves the named queues, all of them without a name."""

import sys

from shop.factory import create_app
from shop.queues import ALL, work
from shop.snapshots.jobs import enqueue_waiting

if __name__ == "__main__":
    names = [name for name in sys.argv[1:] if name != "--burst"]
    unknown = set(names) - set(ALL)
    if unknown:
        sys.exit(f"There is no queue named {', '.join(sorted(unknown))}. The queues are {', '.join(ALL)}.")
    work(create_app(), names or list(ALL), enqueue_waiting, burst="--burst" in sys.argv)
