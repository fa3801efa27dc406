"""What an option can hold: how a person writes it, what is stored, which values fit, and the sentence when one does not."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from shop.errors import ShopError
from shop.formatting import number, plural
from shop.languages import N_, language, said
from shop.languages import gettext as _

T = TypeVar("T")
Json = str | int | list[str]
NEVER = N_("never")
MOST_CODES = 200
SOME = 5  # stands for any number, where the noun behind it must have one form
LONGEST_CODE = 200
CODE = re.compile(r"[^,\s][^,\n\r\x00]*")
LINE = re.compile(r"[^\x00-\x1f\x7f]*")


class Unfit(ShopError):
    """A value that an option cannot have; the message says which it can."""


@dataclass(frozen=True)
class Kind(Generic[T]):
    """One kind of value. `control` names how a page asks for it."""

    control: ClassVar[str] = "line"

    def read(self, text: str) -> T:
        """Return the value that a person wrote. Raises Unfit."""
        raise NotImplementedError

    def fit(self, stored: object) -> T:
        """Return the value that was stored. Raises Unfit, also for what an older version has stored."""
        raise NotImplementedError

    def stored(self, value: T) -> Json:
        """Return what is kept as JSON; `fit` is its way back."""
        raise NotImplementedError

    def written(self, value: T) -> str:
        """Return the value as a person writes it; `read` is its way back."""
        raise NotImplementedError

    def words(self, value: T) -> str:
        """Return the value as a page says it."""
        return self.written(value)

    def objection(self, stored: object) -> str:
        """Return why what is stored does not fit; nothing where it does."""
        try:
            self.fit(stored)
        except Unfit as error:
            return error.message
        return ""


@dataclass(frozen=True)
class Whole(Kind[int]):
    """A whole number within bounds, with its unit in the singular and plural."""

    control: ClassVar[str] = "number"
    lowest: int
    highest: int
    unit: tuple[str, str] = ("", "")

    def read(self, text: str) -> int:
        text = text.strip()
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise self.unfit(text)
        return self.fit(int(text))

    def fit(self, stored: object) -> int:
        if type(stored) is not int or not self.lowest <= stored <= self.highest:
            raise self.unfit(stored)
        return stored

    def stored(self, value: int) -> Json:
        return value

    def written(self, value: int) -> str:
        return str(value)

    def words(self, value: int) -> str:
        return plural(value, *self.unit) if self.unit[0] else number(value)

    def unfit(self, given: object) -> Unfit:
        words = _(
            "“%(given)s” is not a whole number from %(lowest)s to %(highest)s.", given=shown(given), **self.bounds
        )
        return Unfit(words)

    @property
    def bounds(self) -> dict[str, str]:
        return {"lowest": number(self.lowest), "highest": number(self.highest)}

    @property
    def unit_words(self) -> str:
        """Return the unit as it stands behind a number that is still being written."""
        return language().catalogue.counted(*self.unit, SOME) if self.unit[0] else ""


@dataclass(frozen=True)
class WholeOrNever(Kind[int | None]):
    """A whole number within bounds, or None: never."""

    control: ClassVar[str] = "or-never"
    whole: Whole

    def read(self, text: str) -> int | None:
        if text.strip() in (NEVER, said(NEVER)):
            return None
        try:
            return self.whole.read(text)
        except Unfit as error:
            raise self.unfit(text.strip()) from error

    def fit(self, stored: object) -> int | None:
        if stored == NEVER:
            return None
        try:
            return self.whole.fit(stored)
        except Unfit as error:
            raise self.unfit(stored) from error

    def stored(self, value: int | None) -> Json:
        return NEVER if value is None else value

    def written(self, value: int | None) -> str:
        return NEVER if value is None else str(value)

    def words(self, value: int | None) -> str:
        return said(NEVER) if value is None else self.whole.words(value)

    def unfit(self, given: object) -> Unfit:
        return Unfit(
            _(
                "“%(given)s” is neither never nor a whole number from %(lowest)s to %(highest)s.",
                given=shown(given),
                **self.whole.bounds,
            )
        )


@dataclass(frozen=True)
class OneOf(Kind[str]):
    """One of a few words, each with what it means."""

    control: ClassVar[str] = "choice"
    meanings: Mapping[str, str]

    def read(self, text: str) -> str:
        return self.fit(text.strip())

    def fit(self, stored: object) -> str:
        if not isinstance(stored, str) or stored not in self.meanings:
            raise Unfit(_("“%(given)s” is not one of %(words)s.", given=shown(stored), words=", ".join(self.meanings)))
        return stored

    def stored(self, value: str) -> Json:
        return value

    def written(self, value: str) -> str:
        return value

    def words(self, value: str) -> str:
        return said(self.meanings[value])


@dataclass(frozen=True)
class Line(Kind[str]):
    """A line of text that matches a pattern as a whole; empty means: none. `refusal` says of any other what it is not."""

    pattern: re.Pattern[str]
    refusal: str  # a marked sentence
    longest: int = 200

    def read(self, text: str) -> str:
        return self.fit(text.strip())

    def fit(self, stored: object) -> str:
        fits = isinstance(stored, str) and len(stored) <= self.longest and LINE.fullmatch(stored)
        if not fits or (stored and not self.pattern.fullmatch(str(stored))):
            raise Unfit(said(self.refusal) % {"given": shown(stored)})
        return str(stored)

    def stored(self, value: str) -> Json:
        return value

    def written(self, value: str) -> str:
        return value

    def words(self, value: str) -> str:
        return value or _("none")


@dataclass(frozen=True)
class Hidden(Kind[str]):
    """A secret line: read once, sealed, and never written or told again."""

    control: ClassVar[str] = "secret"
    longest: int = 1000

    def read(self, text: str) -> str:
        return self.fit(text)

    def fit(self, stored: object) -> str:
        if not isinstance(stored, str) or not stored or len(stored) > self.longest or not LINE.fullmatch(stored):
            raise Unfit(_("A secret is one line of 1 to %(most)s characters.", most=number(self.longest)))
        return stored

    def stored(self, value: str) -> Json:  # noqa: ARG002  # whatever it is
        raise TypeError("A secret is sealed, and stored in no other form.")

    def written(self, value: str) -> str:  # noqa: ARG002  # whatever it is
        return ""

    def words(self, value: str) -> str:
        return _("set") if value else _("not set")


@dataclass(frozen=True)
class Codes(Kind[tuple[str, ...] | None]):
    """Codes of a platform with commas between them, in any order; None: as the platform itself has it."""

    control: ClassVar[str] = "codes"
    unset: str  # what None means, in marked words

    def read(self, text: str) -> tuple[str, ...] | None:
        return self.fit([part.strip() for part in text.split(",") if part.strip()])

    def fit(self, stored: object) -> tuple[str, ...] | None:
        if not isinstance(stored, list) or len(stored) > MOST_CODES:
            words = _("“%(given)s” is not a list of up to %(most)s codes.", given=shown(stored), most=MOST_CODES)
            raise Unfit(words)
        for one in stored:
            if not isinstance(one, str) or len(one) > LONGEST_CODE or not CODE.fullmatch(one):
                raise Unfit(_("“%(given)s” is not the code of a status.", given=shown(one)))
        return tuple(sorted(set(stored)))

    def stored(self, value: tuple[str, ...] | None) -> Json:
        return list(value or ())

    def written(self, value: tuple[str, ...] | None) -> str:
        return ",".join(value or ())

    def words(self, value: tuple[str, ...] | None) -> str:
        if value is None:
            return said(self.unset)
        return ", ".join(value) or _("none")


def shown(given: object) -> str:
    """Return what was given as a sentence can quote it, between the quotes of its language."""
    text = given if isinstance(given, str) else repr(given)
    return f"{text[:60]}{'…' if len(text) > 60 else ''}"
