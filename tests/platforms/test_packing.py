"""A file that a server packs once more: noticed by its bytes, taken off in small pieces, never unpacked twice."""

import gzip
import io
import tracemalloc

import pytest

from shop.platforms.packing import layers, peeled
from tests.platforms.scripted import Clock, Say, Script
from tests.platforms.test_downloads import ASK, FILE, LINES, fetched


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "gzip, gzip"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_transparent_encoding_is_never_unpacked_twice(
    script: Script, clock: Clock, encoding: str, times: int
) -> None:
    """The label may be the file's own packing or one more; the bytes themselves say which."""
    sent = FILE if times == 1 else gzip.compress(FILE)
    script.expect(ASK, Say(200, sent, {"Content-Encoding": encoding}))
    kept = fetched(script, clock)
    assert kept == sent, "as on the wire, so that lengths, ranges and sums are right"
    assert layers(io.BytesIO(kept)) == times
    plain = gzip.decompress(b"".join(peeled(io.BytesIO(kept)))) if times == 2 else gzip.decompress(kept)
    assert plain == LINES


def test_packing_is_seen_by_its_bytes() -> None:
    assert [layers(io.BytesIO(raw)) for raw in (b"", b"{}", LINES, FILE, FILE[:50], b"\x1f\x8b\x00")] == [
        0,
        0,
        0,
        1,
        1,
        1,
    ]


def test_a_layer_comes_off_in_small_pieces_and_its_end_is_checked() -> None:
    bomb = gzip.compress(b"\0" * (64 << 20))
    tracemalloc.start()
    assert sum(len(piece) for piece in peeled(io.BytesIO(bomb))) == 64 << 20
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()
    with pytest.raises(EOFError):
        list(peeled(io.BytesIO(FILE[:-9])))
    assert b"".join(peeled(io.BytesIO(FILE + FILE))) == LINES * 2, "members one after the other are one file"
