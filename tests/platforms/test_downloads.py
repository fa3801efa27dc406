"""Result files over a line that breaks, stalls and lies: whole in the end, or refused with a sentence."""

import gzip
import io
import tracemalloc
from pathlib import Path
from typing import BinaryIO

import pytest
import structlog

from shop.platforms import failures
from shop.platforms.addresses import Gate
from shop.platforms.downloads import Downloader, Received, fetch
from shop.platforms.exchanges import http_client
from shop.platforms.failures import PlatformFailure
from shop.platforms.remote import ExportState, ExportStatus
from shop.platforms.timing import Timing
from tests.platforms.scripted import TOKEN, Asked, Clock, Say, Script, a_shop_at, eshop, good, html, real_timing

LINES = b"".join(b'{"code": "%d", "x": "%s"}\n' % (number, str(number * 7919).encode() * 9) for number in range(20_000))
FILE = gzip.compress(LINES, mtime=0)
PATH = "/api-results/3ax1844-sfva5eu.json"
ASK = f"GET {PATH}"
MARK = {"ETag": '"v1"'}


class Fetcher:
    """Fetches the script's file into memory, as a worker would into its part file."""

    def __init__(self, script: Script, timing: Timing, largest: int = 64 << 20) -> None:
        self.address = script.base + PATH
        self.timing = timing
        self.client = http_client(timing)
        self.downloader = Downloader(self.client, Gate(frozenset(), (), "127.0.0.1"), timing, largest)
        self.kept: list[Received] = []

    def fetch(self, file: BinaryIO, received: Received = Received()) -> Received:  # noqa: B008 frozen
        with self.client:
            return fetch(
                lambda at: self.downloader.open(self.address, at), file, received, self.timing, self.kept.append
            )


def fetched(script: Script, clock: Clock, have: bytes = b"", received: Received | None = None) -> bytes:
    file = io.BytesIO(have)
    Fetcher(script, clock.timing()).fetch(file, received or Received())
    return file.getvalue()


def rest(asked: Asked) -> Say:
    """Answer a Range as a good server does."""
    start = int(asked.headers["Range"].removeprefix("bytes=").rstrip("-"))
    return Say(206, FILE[start:], MARK | {"Content-Range": f"bytes {start}-{len(FILE) - 1}/{len(FILE)}"})


def test_a_file_comes_whole_and_without_the_token(script: Script, clock: Clock) -> None:
    state = ExportState("3ax1844", ExportStatus.COMPLETED, None, None, None, script.base + PATH)
    script.expect("GET /api/eshop", good(eshop()))
    script.expect(ASK, Say(200, FILE, MARK))
    with a_shop_at(script, clock.timing()).download(state, Received()) as transfer:
        assert (transfer.starts_at, transfer.total, transfer.mark) == (0, len(FILE), '"v1"')
        assert b"".join(transfer) == FILE
    assert TOKEN not in str(script.asked[-1].headers)
    assert script.asked[-1].headers["Accept-Encoding"] == "identity"
    assert "Range" not in script.asked[-1].headers


def test_f30_a_cut_download_goes_on_where_it_stopped(script: Script, clock: Clock) -> None:
    """F30. A connection that is cut goes on by Range."""
    script.expect(ASK, Say(200, FILE, MARK, cut=9_000), rest)
    assert fetched(script, clock) == FILE
    assert script.asked[1].headers["Range"] == "bytes=9000-"
    assert script.asked[1].headers["If-Range"] == '"v1"'


def test_another_process_goes_on_with_what_it_finds(script: Script, clock: Clock) -> None:
    script.expect(ASK, rest)
    assert fetched(script, clock, FILE[:5_000] + b"torn", Received(5_000, '"v1"')) == FILE


def test_a_file_that_changed_meanwhile_is_taken_from_its_start(script: Script, clock: Clock) -> None:
    script.expect(ASK, Say(200, FILE, {"ETag": '"v2"'}))
    assert fetched(script, clock, b"old" * 9_000, Received(27_000, '"v1"')) == FILE


def test_a_server_that_knows_no_ranges_is_asked_from_the_start(script: Script, clock: Clock) -> None:
    script.expect(ASK, Say(200, FILE, cut=9_000), Say(200, FILE))
    assert fetched(script, clock) == FILE
    assert "Range" not in script.asked[1].headers, "without a mark nobody knows that it is the same file"


def test_a_weak_mark_is_none_and_the_time_of_the_change_will_do(script: Script, clock: Clock) -> None:
    marks = {"ETag": 'W/"v1"', "Last-Modified": "Mon, 21 Sep 2026 18:00:00 GMT"}
    script.expect(ASK, Say(200, FILE, marks, cut=9_000), rest)
    assert fetched(script, clock) == FILE
    assert script.asked[1].headers["If-Range"] == "Mon, 21 Sep 2026 18:00:00 GMT"


@pytest.mark.parametrize("told", ["bytes 0-99/100", "bytes 4999-9/10", "items 5000-1/2", ""])
def test_a_part_that_is_not_the_part_asked_for_is_not_pasted_in(script: Script, clock: Clock, told: str) -> None:
    script.expect(ASK, Say(206, FILE[4_000:], {"Content-Range": told} if told else {}), Say(200, FILE))
    assert fetched(script, clock, FILE[:5_000], Received(5_000, '"v1"')) == FILE


def test_a_part_of_a_file_that_was_asked_for_whole_is_refused(script: Script, clock: Clock) -> None:
    script.expect(ASK, Say(206, FILE[:10], {"Content-Range": f"bytes 0-9/{len(FILE)}"}))
    with pytest.raises(failures.ContractBroken):
        fetched(script, clock)


def test_416_after_the_last_byte_is_the_end(script: Script, clock: Clock) -> None:
    script.expect(ASK, Say(416, b"", {"Content-Range": f"bytes */{len(FILE)}"}))
    assert fetched(script, clock, FILE, Received(len(FILE), '"v1"')) == FILE


@pytest.mark.parametrize("told", [{"Content-Range": f"bytes */{len(FILE)}"}, {"Content-Range": "bytes */*"}, {}])
def test_416_at_any_other_place_begins_again(script: Script, clock: Clock, told: dict[str, str]) -> None:
    script.expect(ASK, Say(416, b"", told), Say(200, FILE))
    assert fetched(script, clock, FILE + b"more", Received(len(FILE) + 4, '"v1"')) == FILE


def test_f34_a_length_that_promises_more_is_a_break(script: Script, clock: Clock) -> None:
    """F34. A Content-Length that promises more."""
    script.expect(ASK, *[Say(200, FILE, length=len(FILE) + 10)] * 4)
    with pytest.raises(failures.TransferBroken) as caught:
        fetched(script, clock)
    assert (caught.value.code, caught.value.transient) == ("download_broken", True)


def test_a_length_that_differs_from_the_range_is_a_break(script: Script, clock: Clock) -> None:
    wrong = {"Content-Range": f"bytes 5000-{len(FILE) + 9}/{len(FILE) + 10}"}
    after = Say(416, b"", {"Content-Range": f"bytes */{len(FILE)}"})
    script.expect(ASK, Say(206, FILE[5_000:], MARK | wrong), after)
    assert fetched(script, clock, FILE[:5_000], Received(5_000, '"v1"')) == FILE


def test_a_file_without_a_length_ends_with_its_connection(script: Script, clock: Clock) -> None:
    script.expect(ASK, Say(200, FILE, length=-1))
    assert fetched(script, clock) == FILE


def test_f30_a_stalled_download_is_left_after_the_read_timeout_and_resumed(script: Script) -> None:
    """F30. A file that stalls goes on by Range."""
    script.expect(ASK, Say(200, FILE, MARK, stall=9_000), rest)
    file = io.BytesIO()
    Fetcher(script, real_timing()).fetch(file)
    assert file.getvalue() == FILE


def test_f30_a_download_byte_by_byte_is_left_at_the_deadline_and_what_came_is_kept(script: Script) -> None:
    """F30. A file that drips."""
    script.expect(ASK, Say(200, FILE, MARK, drip=0.02))
    fetcher, file = Fetcher(script, real_timing(file=0.3)), io.BytesIO()
    with pytest.raises(failures.TransferBroken, match="takes longer than"):
        fetcher.fetch(file)
    assert 0 < len(file.getvalue()) < len(FILE)
    assert fetcher.kept[-1] == Received(len(file.getvalue()), '"v1"')


def test_progress_starts_the_count_of_tries_anew(script: Script, clock: Clock) -> None:
    def some(asked: Asked) -> Say:
        say = rest(asked)
        say.cut = 1_000
        return say

    breaks = len(FILE) // 1_000
    script.expect(ASK, Say(200, FILE, MARK, cut=1_000), *[some] * (breaks - 1), rest)
    assert breaks > 10
    assert fetched(script, clock) == FILE


def test_the_mark_is_told_before_the_first_byte_and_each_block_after_it_is_written(
    script: Script, clock: Clock
) -> None:
    script.expect(ASK, Say(200, FILE, MARK))
    fetcher = Fetcher(script, clock.timing())
    fetcher.fetch(io.BytesIO())
    assert fetcher.kept[0] == Received(0, '"v1"')
    assert fetcher.kept[-1] == Received(len(FILE), '"v1"')


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Say(404), failures.ExportGone), (Say(410), failures.ExportGone), (Say(403), failures.ExportGone),
        (html(200), failures.ContractBroken), (Say(204), failures.ContractBroken), (Say(400), failures.ContractBroken),
        (Say(200, FILE, {"Content-Encoding": "br"}), failures.ContractBroken),
        (html(429, Retry_After="600"), failures.TooFast), (html(503, Retry_After="600"), failures.Faltered),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_file(script: Script, clock: Clock, answer: Say, kind: type[PlatformFailure]) -> None:
    script.expect(ASK, answer)
    with pytest.raises(kind) as caught:
        fetched(script, clock)
    assert "sfva5eu" not in str(caught.value) + repr(caught.value)
    assert caught.value.retry_after == (600.0 if answer.headers.get("Retry-After") else None)


def test_short_troubles_are_waited_out(script: Script, clock: Clock) -> None:
    script.expect(ASK, html(503), html(429, Retry_After="3"), Say(drop=True), Say(200, FILE))
    assert fetched(script, clock) == FILE
    assert clock.slept == [1.0, 3.0, 4.0]


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "https://elsewhere.example/x",
        "//10.0.0.1/x",
    ],
)
def test_f31_a_redirect_elsewhere_is_refused_and_logged(script: Script, clock: Clock, target: str) -> None:
    """F31. A redirect to another host, inside, or to a file."""
    script.expect(ASK, Say(302, b"", {"Location": target}))
    with structlog.testing.capture_logs() as lines, pytest.raises(PlatformFailure) as caught:
        fetched(script, clock)
    assert not caught.value.transient
    assert [line["event"] for line in lines] == ["download_refused"]


def test_a_redirect_on_the_same_host_is_followed_and_without_end_refused(script: Script, clock: Clock) -> None:
    script.expect(ASK, Say(302, b"", {"Location": "/moved"}))
    script.expect("GET /moved", Say(200, FILE))
    assert fetched(script, clock) == FILE
    script.expect(ASK, *[Say(302, b"", {"Location": PATH})] * 5)
    with pytest.raises(failures.AddressRefused, match="redirected"):
        fetched(script, clock)


@pytest.mark.parametrize("length", [None, -1])
def test_a_file_larger_than_allowed_is_left(script: Script, clock: Clock, length: int | None) -> None:
    script.expect(ASK, Say(200, FILE, length=length))
    with pytest.raises(failures.ContractBroken, match="larger"):
        Fetcher(script, clock.timing(), largest=20_000).fetch(io.BytesIO())


def test_f35_a_full_disk_is_the_callers_to_tell_and_what_is_written_counts(script: Script, clock: Clock) -> None:
    """F35. The disk is full."""

    class Full(io.BytesIO):
        def write(self, _block: object) -> int:
            raise OSError(28, "No space left on device")

    script.expect(ASK, Say(200, FILE, MARK))
    fetcher = Fetcher(script, clock.timing())
    with pytest.raises(OSError, match="No space left"):
        fetcher.fetch(Full())
    assert fetcher.kept == [Received(0, '"v1"')]


def test_a_large_file_takes_no_more_memory_than_a_small_one(script: Script, clock: Clock, tmp_path: Path) -> None:
    size = 48 << 20
    script.expect(ASK, Say(200, b"x" * size))
    with (tmp_path / "x.part").open("w+b") as file:
        fetcher = Fetcher(script, clock.timing())
        tracemalloc.start()
        assert fetcher.fetch(file).bytes == size
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < 8 << 20
