"""Result files: written packed to disk while the job runs, served whole or from a byte on.

A file stays as it is until the simulator ends, so its ETag is its name and size, and Range with If-Range goes on where
a broken download stopped. Memory is that of a block, however many rows the file has.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from random import Random

from shop.simulator.answers import Answer
from shop.simulator.faults import Fault, FaultName
from shop.simulator.generator import packed, shuffled

RANGE = re.compile(r"bytes=(\d+)-(\d*)")
EVERY = 7  # a broken line comes after so many good ones, as long as there are any to break


def written(path: Path, lines: Iterable[bytes], faults: dict[FaultName, Fault]) -> Path:
    """Write the file with the faults that were asked for, under its own name only when it is whole."""
    part = path.with_suffix(".part")
    packed(part, spoiled(lines, faults), 1)
    return part.rename(path)


def spoiled(lines: Iterable[bytes], faults: dict[FaultName, Fault]) -> Iterator[bytes]:
    if fault := faults.get(FaultName.DUPLICATE_LINES):
        lines = repeated(lines, fault.amount)
    if fault := faults.get(FaultName.SHUFFLED_LINES):
        lines = shuffled(lines, fault.amount, 1)
    if fault := faults.get(FaultName.BAD_RECORDS):
        lines = broken(lines, fault.amount)
    return iter(lines)


def repeated(lines: Iterable[bytes], times: int) -> Iterator[bytes]:
    """Yield the lines and then the last ones again."""
    latest: deque[bytes] = deque(maxlen=times)
    for line in lines:
        latest.append(line)
        yield line
    yield from latest


def broken(lines: Iterable[bytes], amount: int) -> Iterator[bytes]:
    """Yield the lines, of which so many cannot be read: cut, no JSON, without their key, no UTF-8."""
    dice, left = Random(1), amount  # noqa: S311 - repeatable, not secret
    source = iter(lines)
    for number, line in enumerate(chain(source), 1):
        if left and (number % EVERY == 1 or amount >= EVERY):
            left -= 1
            yield bad(line, (amount - left) % 4, dice)
        else:
            yield line


def bad(line: bytes, way: int, dice: Random) -> bytes:
    if way == 0:
        return line[: dice.randrange(1, len(line) - 1)] + b"\n"
    if way == 1:
        return b"<b>Warning</b>: Undefined index\n"
    if way == 2:
        return line.replace(b'"code":', b'"was":').replace(b'"guid":', b'"id":')
    return line.replace(b'"', b'"\xff\xfe', 3)


def result(path: Path, wanted: str | None, if_range: str | None) -> Answer:
    """Return the file, or its rest from the byte that the Range asks for if the ETag still holds."""
    size = path.stat().st_size
    etag = f'"{path.stem}-{size}"'
    headers = {"ETag": etag, "Accept-Ranges": "bytes"}
    match = RANGE.fullmatch(wanted or "")
    if match is None or if_range not in (None, etag):
        return Answer(200, content_type="application/json", headers=headers, file=path, length=size)
    start = int(match[1])
    end = min(int(match[2] or size - 1), size - 1)
    if start >= size or end < start:
        return Answer(416, content_type="application/json", headers=headers | {"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    return Answer(206, content_type="application/json", headers=headers, file=path, start=start, length=end - start + 1)
