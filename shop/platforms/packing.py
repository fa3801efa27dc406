"""How often a result file is packed, seen by its bytes: a server may pack once more what was packed already."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

MAGIC = b"\x1f\x8b"
BLOCK = 256 << 10


def layers(file: BinaryIO, most: int = 3) -> int:
    """Return how many times the file is gzipped: 0 for plain lines, 1 as a rule, 2 where a server did it again."""
    file.seek(0)
    head, found = file.read(4096), 0
    while head.startswith(MAGIC) and found < most:
        found += 1
        try:
            head = zlib.decompressobj(31).decompress(head, 4096)
        except zlib.error:
            break  # the proof of the file says what is wrong with it
    return found


def peeled(file: BinaryIO) -> Iterator[bytes]:
    """Yield the file with its outer layer taken off, block by block; raises EOFError where that ends too early."""
    file.seek(0)
    inner = zlib.decompressobj(31)
    rest = b""
    while block := rest or file.read(BLOCK):
        plain = inner.decompress(block, BLOCK)
        rest = inner.unconsumed_tail
        if plain:
            yield plain
        if inner.eof:
            rest = inner.unused_data or file.read(BLOCK)
            if not rest:
                return
            inner = zlib.decompressobj(31)
    yield inner.flush()
    if not inner.eof:
        raise EOFError("the outer packing of the file ends too early")
