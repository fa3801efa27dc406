"""Failures of platforms: a sentence for people, a word for machines, and never a secret."""

import inspect

import pytest

from shop.platforms import failures
from shop.platforms.failures import PlatformFailure, quoted

KINDS = [
    kind for _, kind in inspect.getmembers(failures, inspect.isclass)
    if issubclass(kind, PlatformFailure) and kind not in (PlatformFailure, failures.Transient)
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_failure_says_what_happened_what_was_kept_and_what_to_do(kind: type[PlatformFailure]) -> None:
    failure = kind("Something happened.")
    assert failure.message == f"Something happened. Nothing of the shop was changed. {kind.mend}"
    assert kind.mend.endswith(".")
    assert failure.transient == issubclass(kind, failures.Transient)
    assert failure.code.islower()


def test_every_failure_has_a_word_of_its_own() -> None:
    assert len({kind.code for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize(("asked", "kept"), [(None, None), (5, 5), (-5, 0), (1e12, 3600), (float("inf"), 3600)])
def test_a_wait_is_an_hour_at_most(asked: float | None, kept: float | None) -> None:
    assert failures.TooFast("x.", asked).retry_after == kept


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Page 9 not found, max page is 8.", "“Page 9 not found, max page is 8.”"),
        ("see https://x.example/api-results/a-b.json now", "“see (an address) now”"),
        (r"see https:\/\/x.example\/a-b.json", "“see (an address)”"),
        ("token 222651-p-7-0123456789abcdef0123456789abcdef is bad", "“token ••• is bad”"),
        ("two\nlines\tand a tab", "“two lines and a tab”"),
        ("", "nothing"),
    ],
)
def test_the_platforms_own_words_are_told_without_what_may_be_a_secret(said: str, told: str) -> None:
    assert quoted(said) == told
    assert len(quoted("long words " * 99)) <= 202
