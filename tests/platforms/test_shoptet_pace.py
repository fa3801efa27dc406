"""The rate governor: slower from 60 % of the bucket, never over its brim; waits as the platform asks for them."""

from datetime import UTC, datetime

import httpx
import pytest

from shop.platforms.shoptet.pace import Pace
from shop.platforms.timing import http_date, retry_after
from tests.platforms.scripted import Clock, Say, Script, a_shop_at, good

NOW = datetime(2024, 7, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("filling", "pause"),
    [("0/200", 0.0), ("120/200", 0.0), ("121/200", 0.1), ("150/200", 3.0), ("200/200", 8.0), ("250 / 200", 13.0),
     ("999999999/200", 30.0), ("nonsense", 0.0), ("", 0.0), ("150/0", 0.0), ("-1/200", 0.0)],
)  # fmt: skip
def test_a_call_waits_until_the_bucket_has_leaked_to_sixty_percent(clock: Clock, filling: str, pause: float) -> None:
    pace = Pace(clock.timing())
    pace.note(httpx.Headers({"X-RateLimit-Bucket-Filling": filling}))
    pace.wait()
    assert sum(clock.slept) == pytest.approx(pause)


def test_time_that_has_gone_by_is_counted(clock: Clock) -> None:
    pace = Pace(clock.timing())
    pace.note(httpx.Headers({"X-RateLimit-Bucket-Filling": "200/200"}))
    clock.at += 7.5
    pace.wait()
    assert clock.slept == [pytest.approx(0.5)]


def test_four_hundred_dear_calls_never_fill_the_bucket(script: Script, clock: Clock) -> None:
    """The platform here keeps the bucket itself: 200 drops, 10 leak a second, each call costs 30 and takes no time."""
    bucket = {"filling": 0.0, "at": clock.at, "most": 0.0}

    def leaky(_asked: object) -> Say:
        leaked = max(0.0, bucket["filling"] - 10 * (clock.at - bucket["at"]))
        bucket.update(filling=leaked + 30, at=clock.at, most=max(bucket["most"], leaked + 30))
        return good({"ok": 1}, X_RateLimit_Bucket_Filling=f"{bucket['filling']:.0f}/200")

    script.expect("GET /api/x", *[leaky] * 400)
    shop = a_shop_at(script, clock.timing())
    for _ in range(400):
        shop.api.get("/api/x")
    assert 120 < bucket["most"] < 160
    assert sum(clock.slept) == pytest.approx(400 * 3 - 15, abs=5), "and no longer is waited than the leak needs"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("7", 7.0), (" 7 ", 7.0), ("0", 0.0), ("7.9", 7.0), ("99999999999", 3600.0), ("9" * 18, 3600.0),
     ("Mon, 01 Jul 2024 12:01:11 GMT", 71.0), ("Mon, 01 Jul 2024 11:00:00 GMT", 0.0),
     ("Mon, 01 Jul 2124 11:00:00 GMT", 3600.0), ("soon", None), ("", None), ("-5", None), (None, None),
     ("Mon, 99 Jul 2024 12:01:11 GMT", None), ("9" * 40, None)],
)  # fmt: skip
def test_retry_after_is_read_as_seconds_or_as_a_date(given: str | None, seconds: float | None) -> None:
    assert retry_after(given, None, NOW) == seconds


def test_a_date_is_measured_by_the_clock_that_wrote_it() -> None:
    assert retry_after("Mon, 01 Jul 2024 12:01:11 GMT", "Mon, 01 Jul 2024 12:01:01 GMT", NOW) == 10.0
    assert retry_after("Mon, 01 Jul 2024 12:01:11 GMT", "whenever", NOW) == 71.0


def test_an_http_date_has_its_zone() -> None:
    assert http_date("Mon, 01 Jul 2024 12:01:11 GMT") == http_date("Mon, 01 Jul 2024 12:01:11 -0000")
    assert http_date(None) is None
