"""All orders taken away as one file: how long that takes, and how much memory beyond the first rows."""

import contextvars
import time
from pathlib import Path

from bench.meter import Meter
from bench.table import Row

ALL = "/orders.csv"
FIRST = 10_000  # rows, after which memory must not grow any more
MOST_GROWTH = 10.0  # MiB


def taken_away(meter: Meter) -> list[Row]:
    """Read the stream to its end, as a browser would; the file is not kept."""
    return contextvars.Context().run(read, meter)


def read(meter: Meter) -> list[Row]:
    began, rows, size = time.perf_counter(), -1, 0
    early = peak = 0.0
    with meter.client.get(ALL, buffered=False) as answer:
        for piece in answer.iter_encoded():
            rows, size = rows + piece.count(b"\r\n"), size + len(piece)
            peak = max(peak, resident())
            early = peak if rows <= FIRST else early
    growth = peak - early
    return [
        Row(f"all {rows:,} orders as one file of {size / 1e6:,.0f} MB", f"{time.perf_counter() - began:.1f} s"),
        Row(
            f"… memory at its peak, and grown since the first {FIRST:,} rows",
            f"{peak:.0f} MiB, {growth:.1f} MiB",
            f"within {MOST_GROWTH:.0f} MiB",
            growth <= MOST_GROWTH,
        ),
    ]


def resident() -> float:
    """Return the MiB that this process has in memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
