"""Loading speed and memory: a generated shop through the whole pipeline, against a plain COPY of the same rows."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
from psycopg import sql

from bench.table import Row
from shop.config import Config
from shop.platforms.records import Kind
from shop.simulator.generator import PROFILES, generate

LINES = int(os.environ.get("BENCH_LINES", "1000000"))
LINES_AN_ORDER = 6
SMALL = 10_000  # orders
MEMORY_LIMIT = 256  # MiB
MEMORY_GROWTH = 10  # MiB


@dataclass(frozen=True)
class Memory:
    """Peaks in MiB: of the loading process, and of the largest of the processes that map lines for it."""

    own: float
    mapper: float


def run(config: Config) -> list[Row]:
    """Load small and large, measure COPY of the same lines, load again unchanged."""
    environment = os.environ | {
        "DATABASE_URL": config.database_url, "REDIS_URL": config.redis_url, "SECRET_KEY": config.secret_key,
        "PULT_DATA_DIR": str(config.data_dir), "TZ": "UTC",
    }  # fmt: skip
    flask(environment, "db", "upgrade")
    for slug in ("small", "large"):
        flask(
            environment,
            "shops",
            "add",
            slug,
            "--platform",
            "shoptet",
            "--currency",
            "CZK",
            "--timezone",
            "Europe/Prague",
        )
    with tempfile.TemporaryDirectory(prefix="pult-bench-files-") as folder:
        small = written(Path(folder) / "small", SMALL)
        large = written(Path(folder) / "large", LINES // LINES_AN_ORDER)
        _, small_memory = loaded(environment, "small", small)
        first, memory = loaded(environment, "large", large)
        again, _ = loaded(environment, "large", large)
    lines, copy_seconds = plain_copy(config)
    speed, ratio, faster = (
        lines / first["seconds"],
        first["seconds"] / copy_seconds,
        first["seconds"] / again["seconds"],
    )
    growth = memory.own - small_memory.own
    return [
        Row("plain COPY of the same rows, same primary key", f"{lines / copy_seconds:,.0f} lines/s ({copy_seconds:.1f} s)"),
        Row("first load, staged, published, folded", f"{speed:,.0f} lines/s ({first['seconds']:.1f} s, {lines:,} lines)", "aim 45,000 lines/s", speed >= 45_000),
        Row("… as a share of COPY's speed", f"1/{ratio:.1f}", "at least 1/6", ratio <= 6),
        Row("the same file again, unchanged", f"{faster:.1f}x faster ({again['seconds']:.1f} s)", "at least 3x", faster >= 3 and again["unchanged"] == again["lines"]),
        Row(f"peak memory at {SMALL:,} orders", f"{small_memory.own:.0f} MiB"),
        Row(f"peak memory at {first['lines']:,} orders", f"{memory.own:.0f} MiB", f"under {MEMORY_LIMIT} MiB", memory.own < MEMORY_LIMIT),
        Row("… growth between them", f"{growth:.1f} MiB", f"within {MEMORY_GROWTH} MiB", growth <= MEMORY_GROWTH),
        Row("… and of each process that maps lines", f"{memory.mapper:.0f} MiB", f"under {MEMORY_LIMIT} MiB", memory.mapper < MEMORY_LIMIT),
    ]  # fmt: skip


def written(folder: Path, orders: int) -> Path:
    shop = generate(PROFILES["cz"], orders=orders, seed=1, start=date(2024, 1, 1), end=date(2025, 12, 31))
    return shop.write(folder)[Kind.ORDERS]


def flask(environment: dict[str, str], *words: str) -> str:
    command = [sys.executable, "-m", "flask", *words]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def loaded(environment: dict[str, str], slug: str, path: Path) -> tuple[dict[str, float], "Memory"]:
    return loaded_from(environment, slug, path)


def loaded_from(environment: dict[str, str], slug: str, path: Path | None) -> tuple[dict[str, float], "Memory"]:
    """Load orders in a process of its own, from a file or from the platform; return what it printed and its peaks."""
    command = [sys.executable, "-m", "bench.measured", "snapshots", "run", slug, "--kind", "orders", "--json"]
    command += ["--file", str(path)] if path else []
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    result, own, children = done.stdout.strip().splitlines()
    return json.loads(result), Memory(float(own), float(children))


def plain_copy(config: Config) -> tuple[int, float]:
    """COPY the lines as they are stored into an empty table with the same columns and primary key; the better of two."""
    with psycopg.connect(config.database_url, autocommit=True) as connection, tempfile.TemporaryFile() as file:
        connection.execute(
            "CREATE TABLE copied (LIKE order_items INCLUDING DEFAULTS, PRIMARY KEY (shop_id, order_id, line, created_at))"
        )
        with connection.cursor().copy(
            "COPY (SELECT * FROM order_items WHERE shop_id = 2 ORDER BY order_id, line) TO STDOUT"
        ) as copy:
            for block in copy:
                file.write(block)
        return count(connection), min(copy_once(connection, file) for _ in range(2))


def count(connection: psycopg.Connection[tuple[int]]) -> int:
    row = connection.execute("SELECT count(*) FROM order_items WHERE shop_id = 2").fetchone()
    return row[0] if row else 0


def copy_once(connection: psycopg.Connection[tuple[int]], file: object) -> float:
    connection.execute(sql.SQL("TRUNCATE copied"))
    file.seek(0)  # type: ignore[attr-defined]
    started = time.perf_counter()
    with connection.transaction(), connection.cursor().copy("COPY copied FROM STDIN") as copy:
        while block := file.read(1 << 20):  # type: ignore[attr-defined]
            copy.write(block)
    return time.perf_counter() - started
