"""A whole shop from the simulator through request, wait, download and load: memory of every process, and the platform's limits."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from bench.load import MEMORY_GROWTH, MEMORY_LIMIT, flask, loaded_from
from bench.table import Row
from shop.config import Config

ORDERS = int(os.environ.get("BENCH_FETCH_ORDERS", "100000"))
SMALL = 10_000


def run(config: Config) -> list[Row]:
    """Fetch and load a small and a large shop from a simulator in a process of its own."""
    environment = os.environ | {
        "DATABASE_URL": config.database_url, "REDIS_URL": config.redis_url, "SECRET_KEY": config.secret_key,
        "PULT_DATA_DIR": str(config.data_dir), "PULT_BASE_URL": "http://127.0.0.1:9", "TZ": "UTC",
    }  # fmt: skip
    flask(environment, "db", "upgrade")
    with simulator(("fetch-small", SMALL), ("fetch-large", ORDERS)) as shops:
        for shop in shops:
            connect(environment, shop)
        _, small = loaded_from(environment, "fetch-small", None)
        done, large = loaded_from(environment, "fetch-large", None)
        counts = asked(f"{shops[0]['base_url']}/simulator/counts")
    overflows = counts["bucket_overflows"] + counts["connection_overflows"]
    peak, connections = large.own, counts["connections_peak"]
    return [
        Row(f"{done['lines']:,} orders fetched and loaded", f"{done['seconds']:.0f} s", "every one stored", done["inserted"] == ORDERS),
        Row(f"… peak memory at {SMALL:,} orders", f"{small.own:.0f} MiB"),
        Row("… peak memory", f"{peak:.0f} MiB", f"under {MEMORY_LIMIT} MiB", peak < MEMORY_LIMIT),
        Row("… growth between them", f"{peak - small.own:.1f} MiB", f"within {MEMORY_GROWTH} MiB", peak - small.own <= MEMORY_GROWTH),
        Row("… calls beyond the platform's limits, as it counts them", f"{overflows}", "none", overflows == 0),
        Row("… connections at once", f"{connections}", "at most 3", connections <= 3),
        Row("… downloads with a token", f"{counts['downloads_with_token']}", "none", counts["downloads_with_token"] == 0),
    ]  # fmt: skip


@contextmanager
def simulator(*shops: tuple[str, int]) -> Iterator[list[dict[str, str]]]:
    """Run the simulator; yield what it says of its shops."""
    command = [sys.executable, "-m", "shop.simulator.serve", "--port", "0"]
    for slug, orders in shops:
        command += ["--shop", f"{slug}:cz:{orders}:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield [json.loads(process.stdout.readline()) for _ in shops]
        finally:
            process.terminate()


def connect(environment: dict[str, str], shop: dict[str, str]) -> None:
    """Connect a shop of the simulator as a person would, with the webhook that Shoptet wants before it exports anything."""
    words = ("--platform", "shoptet", "--currency", "CZK", "--timezone", "Europe/Prague")
    flask(
        environment,
        "shops",
        "add",
        shop["slug"],
        *words,
        "--base-url",
        shop["base_url"],
        "--token",
        shop["private_token"],
    )
    flask(environment, "shops", "webhook", shop["slug"])


def asked(address: str) -> dict[str, int]:
    with urllib.request.urlopen(address, timeout=30) as answer:
        counts: dict[str, int] = json.load(answer)
    return counts
