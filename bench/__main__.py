"""`python -m bench [load] [lists] [fetching] [notices] [partitioning] [backups] [settings]`: runs the benchmarks on embedded servers of their own; exit code 1 if a limit is broken.

`python -m bench scale` is the full size, which needs what the extra “bench” installs.
"""

import importlib
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from bench import backups, fetching, lists, load, notices, partitioning, settings
from bench.table import Row, printed
from shop.config import Config
from shop.local.servers import LocalServers

PARTS = {
    "load": load.run,
    "lists": lists.run,
    "fetching": fetching.run,
    "notices": notices.run,
    "partitioning": partitioning.run,
    "backups": backups.run,
    "settings": settings.run,
}
FULL_SIZE = "scale"


def parts(asked: list[str]) -> list[Callable[[Config], list[Row]]]:
    """Return what is asked for; without a word everything but the full size, which takes too long to be run by the way."""
    if FULL_SIZE in asked:
        return [importlib.import_module("bench.scale.run").run]
    return [PARTS[name] for name in asked if name in PARTS] or list(PARTS.values())


def where() -> AbstractContextManager[str]:
    """Return the folder of the servers' data: one that is thrown away, or the one that BENCH_FOLDER names, which stays.

    The full size, once it was filled there, is measured again without being filled again.
    """
    kept = os.environ.get("BENCH_FOLDER")
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
    return nullcontext(kept) if kept else tempfile.TemporaryDirectory(prefix="pult-bench-")


def main() -> int:
    os.environ["TZ"] = "UTC"
    rows: list[Row] = []
    with where() as folder, LocalServers(Path(folder)) as servers:
        addresses = servers.start()
        config = Config(addresses.database_url, addresses.redis_url, "a key for benchmarks only", Path(folder))
        print(
            f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
        )
        for part in parts(sys.argv[1:]):
            found = part(config)
            print(printed(found), flush=True)  # at once: what fails later takes nothing away
            rows += found
    return int(any(row.holds is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
