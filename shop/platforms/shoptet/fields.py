"""Readings that Shoptet's orders, customers and products share: texts, addresses, times, and refusals with a place."""

from datetime import datetime
from decimal import Decimal

from msgspec.structs import asdict

from shop.languages import gettext as _
from shop.platforms.json_tree import shown
from shop.platforms.numbers import BadNumber, Given, Numbers
from shop.platforms.records import Address, BadRecord
from shop.platforms.shoptet import payloads
from shop.platforms.times import BadTime, is_plausible, read_time

LONGEST_KEY = 200  # codes, guids and SKUs are keys in the database, which bounds them
LONGEST_NAME = 500
LONGEST_EMAIL = 320

ADDRESS_WORDS = payloads.Address.__struct_encode_fields__


def key_of(given: str, path: str) -> str:
    """Return an identifier: trimmed, never empty; capitals and leading zeros are part of it."""
    key = given.strip()
    if not key:
        raise BadRecord("missing_field", path, _("The value is empty; it is what the record is known by."))
    return bounded(key, LONGEST_KEY, path)


def bounded(text: str, longest: int, path: str) -> str:
    if len(text) > longest:
        raise too_long(text, longest, path)
    return text


def too_long(text: str, longest: int, path: str) -> BadRecord:
    sentence = _(
        "%(value)s has %(count)s letters; %(most)s are the most.", value=shown(text), count=len(text), most=longest
    )
    return BadRecord("too_long", path, sentence)


def email_of(given: str | None, path: str) -> str | None:
    """Return the address by which a person is recognised: trimmed and lower-cased, null when empty."""
    if given is None:
        return None
    return bounded(given.strip().lower(), LONGEST_EMAIL, path) or None


def name_of(given: payloads.Named | None) -> str | None:
    return given.name if given is not None else None


def filled(address: payloads.Address | None) -> Address | None:
    """Return the parts of an address that are there, under Shoptet's words; null when there is none."""
    if address is None:
        return None
    values = asdict(address).values()
    return {word: value for word, value in zip(ADDRESS_WORDS, values, strict=True) if value} or None


def changed_time(given: str | None, path: str, changes: list[str]) -> datetime | None:
    """Return a time that only informs: an impossible one (1970, 9999) is left out and noted, so that it never wins."""
    if not given:
        return None
    moment = moment_of(given, path)
    if is_plausible(moment):
        return moment
    changes.append(_("%(place)s: %(given)s left out, it cannot be true", place=path.removeprefix("$."), given=given))
    return None


def moment_of(given: str, path: str) -> datetime:
    try:
        return read_time(given)
    except BadTime as error:
        raise BadRecord("bad_date", path, str(error)) from error


def number_of(given: Given | None, numbers: Numbers, path: str) -> Decimal | None:
    """Return a number that may be null; for the few of a record, where the place of a bad one is known at once."""
    if given is None:
        return None
    try:
        return numbers[given]
    except BadNumber as error:
        raise BadRecord(error.code, path, error.sentence) from error
