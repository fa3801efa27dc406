"""Numbers of the shops as exact decimals: read strictly, kept in a fixed number of places, remembered."""

import re
from decimal import ROUND_HALF_UP, Decimal

from shop.languages import gettext as _

Given = str | int | float  # as JSON has it: "15.30", 15.3 or 15

WRITTEN = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,100})?")
MOST_REMEMBERED = 8_192  # a megabyte or two for each kind of number
LARGE = 10_000_000  # a hundred thousand lines below this add up to what a column of money holds


class BadNumber(ValueError):
    """A value that is no number, or none that can be kept; says so in a word and in a sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Numbers(dict[Given, Decimal]):
    """Looks a given number up as a Decimal with `places` decimals, smaller than `below` either way.

    A number that needs more places is refused, or, with `rounds`, rounded half up and noted in `rounded`: sums must be
    exact to the penny, a unit price need not be. `large` is set when one of ten million or more was met.
    What was read once is remembered, which is faster than Decimal itself; what sets a mark is not.
    """

    def __init__(self, places: int, below: int, *, rounds: bool = False) -> None:
        super().__init__()
        self.step = Decimal(1).scaleb(-places)
        # As most are written: every place there, small, and not minus zero. Decimal takes these as they are.
        self.is_plain = re.compile(rf"(?!-0+\.0+$)-?[0-9]{{1,7}}\.[0-9]{{{places}}}").fullmatch
        self.below = below
        self.rounds = rounds
        self.rounded = False
        self.large = False

    def __missing__(self, given: Given) -> Decimal:
        if isinstance(given, str) and self.is_plain(given) and self.below > LARGE:
            kept = Decimal(given)
            self.remember(given, kept)
            return kept
        exact = exactly(given)
        if abs(exact) >= self.below:
            raise BadNumber(
                "out_of_range", _("%(value)s is %(limit)s or more.", value=written(given), limit=f"{self.below:,}")
            )
        kept = exact.quantize(self.step, ROUND_HALF_UP)
        if kept != exact:
            if not self.rounds:
                places = -int(self.step.as_tuple().exponent)
                raise BadNumber(
                    "too_precise",
                    _("%(value)s has more than %(places)s decimals.", value=written(given), places=places),
                )
            self.rounded = True
            return kept
        kept = kept or abs(kept)  # there is no minus zero among amounts
        if abs(kept) >= LARGE:
            self.large = True
            return kept
        self.remember(given, kept)
        return kept

    def remember(self, given: Given, kept: Decimal) -> None:
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[given] = kept


def exactly(given: Given) -> Decimal:
    if isinstance(given, str):
        if not WRITTEN.fullmatch(given):
            raise BadNumber("bad_number", _("%(value)s is not a number.", value=written(given)))
        return Decimal(given)
    if isinstance(given, float):
        return Decimal(repr(given))
    return Decimal(given)


def written(given: Given) -> str:
    text = str(given)
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"
