"""The words of made-up shops go into JSON as they are, and the money is right to the hundredth."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.simulator.catalogue import Catalogue
from shop.simulator.dice import guid, share, throw
from shop.simulator.people import plain
from shop.simulator.profiles import PROFILES
from shop.simulator.rows import with_vat, without_vat
from shop.simulator.writing import money


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for each in fields(value):
            yield from texts(getattr(value, each.name))
    elif isinstance(value, dict):
        yield from texts(tuple(value.values()))
    elif isinstance(value, tuple):
        for child in value:
            yield from texts(child)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_no_word_needs_escaping(profile: Any) -> None:
    found = list(texts(profile.language))
    assert len(found) > 100
    assert not [word for word in found if set(word) & set('"\\') or not word.isprintable()]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_every_catalogue_is_whole(profile: Any) -> None:
    catalogue = Catalogue(profile, seed=1)
    skus = [variant.sku for variant in catalogue.variants] + [entry.sku for entry in catalogue.sets]
    assert len(skus) == len(set(skus))
    assert all(sku.isascii() for sku in skus)
    assert all(variant.cost < variant.price and variant.price % 10 == 0 for variant in catalogue.variants)
    assert all(2 <= len(entry.parts) <= 4 for entry in catalogue.sets)
    assert any(variant.deleted for variant in catalogue.variants)
    assert {variant.vat for variant in catalogue.variants} == {profile.vat, profile.reduced_vat}


@given(st.integers(-(10**12), 10**12))
def test_money_is_written_with_two_decimals(hundredths: int) -> None:
    assert Decimal(money(hundredths)) * 100 == hundredths
    assert money(hundredths)[-3] == "."


@given(st.integers(-(10**9), 10**9), st.sampled_from([0, 5, 7, 12, 19, 21, 23]))
def test_vat_is_taken_out_as_receipts_do(gross: int, rate: int) -> None:
    exact = (Decimal(gross) * 100 / (100 + rate)).quantize(Decimal(1), ROUND_HALF_UP)
    assert without_vat(gross, Decimal(rate)) == exact
    assert abs(without_vat(with_vat(abs(gross), Decimal(rate)), Decimal(rate)) - abs(gross)) <= 1


@given(st.integers(0, 2**64 - 1), st.integers(0, 10**9))
def test_dice_fall_the_same_way_for_the_same_question(seed: int, place: int) -> None:
    assert throw(seed, place) == throw(seed, place)
    assert 0 <= share(throw(seed, place)) < 1
    assert len(guid(seed, 1, place)) == 36


def test_names_in_emails_are_plain_letters() -> None:
    for profile in PROFILES.values():
        names = (
            *profile.language.men,
            *profile.language.women,
            *(name for pair in profile.language.surnames for name in pair),
        )
        assert all(plain(name).isascii() and plain(name).isalnum() for name in names)
