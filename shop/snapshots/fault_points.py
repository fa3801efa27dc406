"""Named places between two writes, at which a test may let this process die."""

import os

FAULT_AT = os.environ.get("PULT_FAULT_AT")  # tests name a point here at which this process kills itself


def fault_point(name: str) -> None:
    if name == FAULT_AT:
        os.kill(os.getpid(), 9)
