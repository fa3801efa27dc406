"""Files are read whole or refused: every kind of damage has its sentence (faults F1 to F8, F10)."""

import gzip
import random
from pathlib import Path

import pytest

from shop.snapshots import reading
from shop.snapshots.reading import DamagedFile, ReadAhead, batches

TEXT = b"".join(b'{"code":"%d","name":"%s"}\n' % (number, b"x" * (number % 97)) for number in range(5000))


def written(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


def lines_of(path: Path, skip: int = 0) -> list[bytes]:
    with ReadAhead(batches(path, skip)) as source:
        return [line for batch in source for line in batch.lines]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_whole_file_gives_its_lines(tmp_path: Path, pack: object) -> None:
    assert lines_of(written(tmp_path, pack(TEXT))) == TEXT.splitlines()  # type: ignore[operator]


def test_offsets_and_numbers_say_where_each_batch_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BLOCK", 1000)
    number = 1
    for batch in batches(written(tmp_path, TEXT)):
        assert batch.first == number
        assert TEXT[batch.offset :].startswith(b"\n".join(batch.lines))
        number += len(batch.lines)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_reading_goes_on_at_any_line(tmp_path: Path, pack: object) -> None:
    path = written(tmp_path, pack(TEXT))  # type: ignore[operator]
    whole = TEXT.splitlines()
    for line in (0, 1, 2500, 4999):
        offset = sum(len(before) + 1 for before in whole[:line])
        assert lines_of(path, offset) == whole[line:]


def test_f1_a_file_cut_anywhere_is_never_taken_for_whole(tmp_path: Path) -> None:
    packed = gzip.compress(TEXT)
    for cut in random.Random(1).sample(range(3, len(packed)), 100):
        with pytest.raises(DamagedFile, match=r"cut short|damaged"):
            lines_of(written(tmp_path, packed[:cut]))


def test_f3_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(TEXT))
    for place in random.Random(2).sample(range(20, len(packed)), 50):
        packed[place] ^= 1
        with pytest.raises(DamagedFile, match=r"damaged|cut short|Other bytes"):
            lines_of(written(tmp_path, bytes(packed)))
        packed[place] ^= 1


def test_several_members_are_one_text_and_zeros_may_follow(tmp_path: Path) -> None:
    half = TEXT.index(b"\n", len(TEXT) // 2) + 1
    packed = gzip.compress(TEXT[:half]) + gzip.compress(TEXT[half:]) + b"\0" * 4096
    assert lines_of(written(tmp_path, packed)) == TEXT.splitlines()


def test_f3_other_bytes_behind_the_end_are_refused(tmp_path: Path) -> None:
    for tail in (b"<html>", b"\0\0garbage", b"\x1f"):
        with pytest.raises(DamagedFile):
            lines_of(written(tmp_path, gzip.compress(TEXT) + tail))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!doctype html><html><h1>502 Bad Gateway</h1></html>", "HTML"),
        (gzip.compress(b"  <html>"), "HTML"),
        ('{"code": "1"}'.encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04rest", "ZIP"),
    ],
    ids=["html", "packed html", "utf-16", "zip"],
)
def test_other_formats_are_named(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(DamagedFile, match=words):
        lines_of(written(tmp_path, content))


@pytest.mark.parametrize("content", [b"", gzip.compress(b"")], ids=["no bytes", "empty gzip"])
def test_an_empty_file_has_no_lines(tmp_path: Path, content: bytes) -> None:
    assert lines_of(written(tmp_path, content)) == []


def test_f7_a_bomb_is_stopped_early(tmp_path: Path) -> None:
    packed = gzip.compress(b"0" * (64 << 20), 9)
    with pytest.raises(DamagedFile, match="200 times"):
        lines_of(written(tmp_path, packed))


def test_a_bomb_inside_a_bomb_is_only_unpacked_once(tmp_path: Path) -> None:
    inner = gzip.compress(b'{"code":"1"}\n' * 10)
    assert lines_of(written(tmp_path, gzip.compress(inner)))[0].startswith(b"\x1f\x8b")


def test_f8_a_line_without_end_is_stopped_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST_LINE", 1 << 20)
    with pytest.raises(DamagedFile, match="16 MiB"):
        lines_of(written(tmp_path, b'{"code":"' + random.Random(3).randbytes(3 << 20).hex().encode()))


def test_the_last_line_may_lack_its_line_feed_but_says_so(tmp_path: Path) -> None:
    found = list(batches(written(tmp_path, b'{"code":"1"}\n{"code":"2"}')))
    assert [batch.ended for batch in found] == [True, False]
    assert found[-1].lines == [b'{"code":"2"}']


def test_only_line_feeds_end_lines(tmp_path: Path) -> None:
    text = '{"name":"a\u2028b\u0085c\r"}\n'.encode()
    assert lines_of(written(tmp_path, text)) == [text[:-1]]


def test_a_reader_that_stops_early_leaves_no_thread_behind(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT * 200)
    with ReadAhead(batches(path)) as source:
        next(source)
