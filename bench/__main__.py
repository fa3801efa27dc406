"""`python -m bench [load] [lists] [fetching] [notices]`: runs the benchmarks on embedded servers of their own; exit code 1 if a limit is broken."""

import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench import fetching, lists, load, notices
from bench.table import Row, printed
from shop.config import Config
from shop.local.servers import LocalServers

PARTS = {"load": load.run, "lists": lists.run, "fetching": fetching.run, "notices": notices.run}


def main() -> int:
    chosen = [name for name in sys.argv[1:] if name in PARTS] or list(PARTS)
    os.environ["TZ"] = "UTC"
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="pult-bench-") as folder, LocalServers(Path(folder)) as servers:
        addresses = servers.start()
        config = Config(addresses.database_url, addresses.redis_url, "a key for benchmarks only", Path(folder))
        print(
            f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
        )
        for name in chosen:
            rows += PARTS[name](config)
    print(printed(rows))
    return int(any(row.holds is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
