"""Keeps calls below Shoptet's limits: a bucket of 200 drops that leaks 10 a second, told by a header of each answer."""

import re

import httpx

from shop.platforms.timing import Timing

LEAK = 10.0  # drops a second
GENTLE = 0.6  # filled to here, calls go on at once; above, they wait until it has leaked so far
LONGEST = 30.0  # whatever the header says
FILLING = re.compile(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*")


class Pace:
    """The bucket as the latest answer told it. A call's cost is added after it ran, so room is kept for a dear one."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.ready_at = timing.clock()

    def wait(self) -> None:
        """Sleep until the next call leaves the bucket safely below its brim."""
        pause = self.ready_at - self.timing.clock()
        if pause > 0:
            self.timing.sleep(min(pause, LONGEST))

    def note(self, headers: httpx.Headers) -> None:
        """Take the filling from an answer; other workers of the same shop are in it too."""
        told = FILLING.fullmatch(headers.get("X-RateLimit-Bucket-Filling", ""))
        if told is None or not int(told[2]):
            return
        above = int(told[1]) - GENTLE * int(told[2])
        self.ready_at = self.timing.clock() + max(above, 0.0) / LEAK
