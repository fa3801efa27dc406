"""docs/security.md: each requirement of ASVS 5.0 up to level 2 has its line; tests and places that it names exist."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.test_architecture import functions

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
SECTIONS = {  # how many requirements of level 1 and 2 each section has; those of level 3 come last in all of them
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
    "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3,
    "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2,
    "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip
LINE = re.compile(
    r"^\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| \*\*(passed|not applicable|excepted)\*\*: ([^|]+) \|$", re.MULTILINE
)
LINES = LINE.findall(TEXT)
TESTS = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?(…)?`")
PLACES = re.compile(
    r"`((?:shop|docs|templates|tests|migrations)/[\w/.-]+|Makefile|pyproject\.toml|README\.md)(?:::\w+…?)?`"
)
HEADINGS = {
    re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
}


@cache
def names(path: str) -> set[str]:
    return {function.name for function in functions(ROOT / path)}


def test_every_requirement_of_level_1_and_2_has_one_line() -> None:
    wanted = [f"{section}.{number}" for section, count in SECTIONS.items() for number in range(1, count + 1)]
    assert len(wanted) == 253, "the standard has 70 of level 1 and 183 of level 2"
    assert [line[0] for line in LINES] == wanted
    assert sum(line[1] == "1" for line in LINES) == 70


def test_the_counts_are_those_of_the_lines() -> None:
    told = re.search(r"Of (\d+), (\d+) are passed, (\d+) are not applicable and (\d+) are excepted", TEXT)
    assert told
    kinds = [line[3] for line in LINES]
    assert [int(number) for number in told.groups()] == [
        len(kinds), *(kinds.count(kind) for kind in ("passed", "not applicable", "excepted"))
    ]  # fmt: skip


def test_what_is_passed_is_shown_and_what_is_excepted_has_a_reason() -> None:
    for number, _level, _asked, kind, here in LINES:
        if kind == "passed":
            assert "`" in here or "](#" in here, f"{number}: name the test or the place"
        if kind == "excepted":
            assert len(here) > 60, f"{number}: give the reason"


def test_every_test_that_is_named_exists() -> None:
    named = TESTS.findall(TEXT)
    assert len(named) > 120
    for path, function, rest in named:
        assert (ROOT / path).exists(), path
        known = {name for name in names(path) if name == function or (rest and name.startswith(function))}
        assert known or not function, f"{path} has no {function}{rest}"


def test_every_place_that_is_named_exists() -> None:
    missing = {place for place in PLACES.findall(TEXT) if not (ROOT / place).exists()}
    assert missing == set()
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= HEADINGS


@pytest.mark.parametrize("number", ["6.3.3", "13.3.1"])
def test_what_a_small_installation_lacks_is_excepted_openly(number: str) -> None:
    assert [line[3] for line in LINES if line[0] == number] == ["excepted"]
