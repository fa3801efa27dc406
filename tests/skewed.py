"""Sets the clocks of its process wrong by PULT_TEST_SKEW seconds, before anybody else takes them from where they are."""

import datetime as dt
import os
import time
from typing import Any

SKEW = float(os.environ["PULT_TEST_SKEW"])
right_time, right_datetime = time.time, dt.datetime


class Right(type):
    """Takes every moment for one of these, whoever made it."""

    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, right_datetime)


class WrongDatetime(right_datetime, metaclass=Right):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        return right_datetime.now(tz) + dt.timedelta(seconds=SKEW)

    @classmethod
    def utcnow(cls) -> Any:
        return cls.now(dt.UTC).replace(tzinfo=None)


time.time = lambda: right_time() + SKEW
dt.datetime = WrongDatetime  # type: ignore[misc]
