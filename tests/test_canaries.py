"""S11: the search for secrets hears each kind of them, and fails the test that told one."""

import secrets

import pytest

from shop.staff.tokens import MARK
from tests.builders import PASSWORD, a_manager, a_shop, bearer
from tests.canaries import assert_unheard, heard_in, judged
from tests.servers import SECRET_KEY


def report(outcome: str = "passed", **sections: str) -> pytest.TestReport:
    told = [(f"Captured {title} call", text) for title, text in sections.items()]
    return pytest.TestReport("tests/x.py::test_x", ("x", 1, "x"), {}, outcome, None, "call", sections=told)  # type: ignore[arg-type]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_s11_whoever_tells_a_secret_has_failed(stream: str) -> None:
    found = judged(report(**{stream: f'{{"event": "signed_in", "word": "{PASSWORD}"}}'}))
    assert found.outcome == "failed"
    assert "canary quiet" in str(found.longrepr)
    assert judged(report(**{stream: '{"event": "answered", "path": "/"}'})).outcome == "passed"
    assert judged(report("skipped", **{stream: SECRET_KEY})).outcome == "failed"


@pytest.mark.usefixtures("db")
def test_s11_each_kind_of_secret_is_heard() -> None:
    of_a_person = f"{MARK}{secrets.token_urlsafe(32)}"
    of_a_header = bearer(a_manager([a_shop()]))["Authorization"]
    for secret in (
        PASSWORD,
        SECRET_KEY,
        of_a_person,
        of_a_header,
        "1234-p-7-" + "0f" * 20,
        "AGE-SECRET-KEY-1" + "Q" * 58,
    ):
        assert heard_in(f'{{"error": "{secret}"}}'), secret
        with pytest.raises(AssertionError, match="S11: a worker told"):
            assert_unheard(secret, "a worker")
    assert heard_in("Authorization: Bearer •••, canaries, pult_abcdefg, postgresql://pult:•••@db/pult") == []
