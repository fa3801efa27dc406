"""The workers' entry: `python worker.py imports ops` serves the named queues, all but the scheduler's own without a name."""

import gc
import sys

gc.disable()  # as in app.py: nothing that the imports build is garbage

from shop.factory import create_app  # noqa: E402 what comes before is about the imports
from shop.queues import ALL, TICK, work  # noqa: E402
from shop.ticking import left_by_dead, look_after  # noqa: E402

if __name__ == "__main__":
    names = [name for name in sys.argv[1:] if name != "--burst"]
    unknown = set(names) - {*ALL, TICK}
    if unknown:
        sys.exit(f"There is no queue named {', '.join(sorted(unknown))}. The queues are {', '.join(ALL)}, and {TICK}.")
    app = create_app()
    gc.freeze()  # what a job's child shares with its worker stays shared
    gc.enable()
    work(app, names or list(ALL), look_after, left_by_dead, burst="--burst" in sys.argv)
