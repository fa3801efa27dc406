"""Days as people type them: 14. 3. 2026, 14.3., 14 Mar 2026, 2026-03-14, today, dnes."""

import re
from datetime import date, timedelta

from shop.errors import ShopError
from shop.languages import gettext as _

WORDS = {"today": 0, "yesterday": 1, "dnes": 0, "včera": 1}
ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})")
CZECH = re.compile(r"(?P<day>\d{1,2})[. /]+(?P<month>\d{1,2})[. /]*(?P<year>\d{4})?")


NAMED = re.compile(
    r"(?P<day>\d{1,2})\.? (?P<name>[a-z]{3})[a-z]*\.?(?: (?P<year>\d{4}))?"
)  # as English pages write them
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class NotADay(ShopError):
    """What was typed names no day."""


def day_from(text: str, today: date) -> date:
    """Return the day that a text names; one without a year is the latest that is not after today.

    Raises NotADay with a sentence that shows how to write it.
    """
    typed = " ".join(text.lower().split())
    if typed in WORDS:
        return today - timedelta(days=WORDS[typed])
    found = ISO.fullmatch(typed) or CZECH.fullmatch(typed) or NAMED.fullmatch(typed)
    try:
        if found is None:
            raise ValueError(typed)
        month = MONTHS.index(found["name"]) + 1 if found.re is NAMED else int(found["month"])
        named = month, int(found["day"])
        return date(int(found["year"]), *named) if found["year"] else latest(*named, today)
    except ValueError as error:
        raise NotADay(
            _("“%(typed)s” is not a day. Write it as 14. 3. 2026, or as 2026-03-14.", typed=text.strip())
        ) from error


def latest(month: int, day: int, today: date) -> date:
    """Return the latest such day up to today; for 29. 2. that may be years ago."""
    for year in range(today.year, today.year - 9, -1):  # between two leap years lie eight at most
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found <= today:
            return found
    raise ValueError(f"{day}. {month}.")
