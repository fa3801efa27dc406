"""Each fault that Pult must survive has a test that carries its name, and the few that have none say why."""

import re

from tests.test_architecture import TESTS, functions

FAULTS = {  # group: how many faults the matrix has that must have a test
    "P": 18,  # processes
    "R": 14,  # Redis
    "D": 8,  # PostgreSQL
    "T": 7,  # time
    "F": 36,  # files and what platforms answer
    "M": 16,  # partitions and their migration
    "B": 14,  # backups
    "S": 12,  # security
    "C": 3,  # caches
    "U": 4,  # operators
}
WITHOUT = {  # each with its reason; whoever writes the test takes the line out
    "R6": "A Redis without memory answers as one that is away does (R2): the row waits, and is found by the reconciler.",
    "R7": "A Redis that refuses writes for its disk's sake answers as one that is away does (R2).",
    "R8": "A Redis that only reads answers as one that is away does (R2); replicas are no part of what Pult starts.",
    "R10": "A Redis that is loading answers as one that is away does (R2, R3).",
    "R11": "A wrong password ends the start with a sentence: tests/test_doctor.py looks at that without a fault's name.",
    "R13": "Locks that run out early are fenced by PostgreSQL, which P5, P6 and R4 strike at directly.",
    "F36": "Ten million lines take minutes: `make bench-scale` measures memory and pace of 8.2 million and of fifty million.",
}
CARRIED = re.compile(r"test_(?:fault_)?((?:[a-z]\d{1,2}_)+)")


def carried() -> set[str]:
    """Return every fault that the name of a test carries, as in `test_p3_p11_a_whole_group`."""
    found: set[str] = set()
    for path in TESTS:
        if path.name.startswith("test_"):
            for function in functions(path):
                if name := CARRIED.match(function.name):
                    found |= set(name[1].upper().rstrip("_").split("_"))
    return found


def wanted() -> set[str]:
    return {f"{group}{number}" for group, count in FAULTS.items() for number in range(1, count + 1)}


def test_every_fault_has_a_test_that_carries_its_name() -> None:
    missing = wanted() - carried() - set(WITHOUT)
    assert missing == set(), "name a test after each, as in test_s4_a_planted_session_is_worth_nothing"


def test_no_name_is_made_up_and_no_excuse_is_out_of_date() -> None:
    assert carried() - wanted() == set(), "the matrix has no such fault"
    assert set(WITHOUT) & carried() == set(), "it has its test now: take it out of the list"
    assert set(WITHOUT) <= wanted()
