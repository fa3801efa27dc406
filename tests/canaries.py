"""S11: secrets that tests use are canaries, and everything that is printed or logged while they run is searched for them.

A secret that is heard fails the test in which it was. Password, SECRET_KEY and the secrets of single tests carry the word;
tokens of people, of simulated shops and in headers are known by their form.
"""

import re

import pytest

WORDS = re.compile(
    r"canary[ -][\w-]+"  # made by the tests
    r"|pult_(?:test_\d+_\d+|[\w-]{43})"  # a person's token
    r"|\b\d+-[pa]-\d+-[0-9a-f]{30,}"  # a token of a simulated shop
    r"|Bearer (?!•)[\w.~+/=-]{8,}"
    r"|AGE-SECRET-KEY-1\w{20,}"
)
HEARD = ("Captured stdout", "Captured stderr")  # pytest's own "log" holds records as they were before Pult masks them


def heard_in(text: str) -> list[str]:
    """Return the secrets that a text holds."""
    return sorted({found.group() for found in WORDS.finditer(text)})


def assert_unheard(text: str, where: str) -> None:
    """Fail where a secret was heard; it is told, as those of tests are worth nothing."""
    heard = heard_in(text)
    assert not heard, f"S11: {where} told {heard}"


def judged(report: pytest.TestReport) -> pytest.TestReport:
    """Turn a report of success into one of failure where a secret was printed or logged."""
    heard = heard_in("\n".join(text for title, text in report.sections if title.startswith(HEARD)))
    if heard and report.outcome != "failed":
        report.outcome = "failed"
        report.longrepr = f"S11: a secret was printed or logged while {report.nodeid} ran ({report.when}): {heard}"
    return report
