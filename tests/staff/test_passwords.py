"""Which passwords are refused: what anybody would try first, whatever it is made of, and nothing else."""

import pytest

from shop.staff.passwords import LONGEST, NOBODY, invented, is_outdated, is_password, password_hash, weakness

EMAIL = "olga.nova@lnena-dilna.example"
GUESSED = [
    "password", "Password1", "Passw0rd!2026", "iloveyou", "12345678", "qwertyuiop", "1q2w3e4r", "letmein1", "sunshine2024",
    "Winter2026!", "abcdefgh", "aaaaaaaaaaaaaaaaaaaaaaaa", "abcabcabcabc", "23.11.1985", "19851123", "trustno1", "monkey123",
    "dragon99", "asdfghjkl;", "zxcvbnm1", "football1!", "x" * LONGEST,
]  # fmt: skip
THEIRS = [
    "olga.nova",
    "Olganova1",
    "nova1985",
    "lnena-dilna",
    "LnenaDilna26",
    "pult2026",
    "Shoptet123",
    "backoffice1",
    "manager1!",
]
GOOD = [
    "canary quiet grey geese", "zimní kabát ze Lhoty", "Tr3zor-pod-schody", "ptáček na střeše", "gfTz8wq2Lm", "ОченьДлинныйПароль",
    "        eight spaces around        ", "𝕬 𝖕𝖆𝖘𝖘𝖜𝖔𝖗𝖉 𝖔𝖋 𝖆𝖓𝖔𝖙𝖍𝖊𝖗 𝖑𝖊𝖙𝖙𝖊𝖗", "nur kleine buchstaben hier", "one more of ours " * 60,
]  # fmt: skip


@pytest.mark.parametrize("password", [*GUESSED, *THEIRS], ids=lambda password: password[:24])
def test_what_is_tried_first_is_refused(password: str) -> None:
    assert "first that anybody would try" in str(weakness(password, EMAIL))


def test_no_kind_of_letters_is_asked_for() -> None:
    assert {password: weakness(password, EMAIL) for password in GOOD} == dict.fromkeys(GOOD)
    assert weakness(invented(), EMAIL) is None


def test_length_has_bounds_and_the_address_is_none() -> None:
    assert weakness("gfTz8wq", EMAIL) == "The password has 7 characters; it needs at least 8."
    assert "at most 1024 are read" in str(weakness("gfTz8wq2Lm" * 103, EMAIL))
    assert "is the e-mail address" in str(weakness(EMAIL.upper(), EMAIL))


def test_a_password_is_compared_to_its_last_character() -> None:
    longest = "gfTz8wq2Lm" * 102 + "four"
    kept = password_hash(longest)
    assert is_password(kept, longest)
    for other in (longest[:-1], f"{longest}x", longest.upper(), f" {longest[1:]}"):
        assert not is_password(kept, other)


def test_who_is_unknown_costs_what_a_hash_of_today_costs() -> None:
    assert not is_outdated(NOBODY), "other parameters would tell known from unknown accounts"
    assert not is_password(None, "anything")
