"""What a list can be filtered by: each filter reads its parameter, says itself, and gives its SQL condition."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, bindparam, cast, or_
from sqlalchemy.dialects.postgresql import TSQUERY

from shop.languages import gettext as _
from shop.languages import said
from shop.listing.refusal import BadListing, refused
from shop.listing.wording import either, listed, quoted, spoken_of
from shop.search import exactly, of_shop, query

Column = Any  # a mapped column: SQLAlchemy types it by its Python value, which differs from filter to filter
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Filter(ABC):
    """One parameter. Values are immutable and comparable; `many` takes the parameter several times, meaning any of them."""

    name: str
    label: str
    many: ClassVar[bool] = False
    by_zone: ClassVar[bool] = False  # whether the condition differs from zone to zone

    @property
    @abstractmethod
    def allowed(self) -> str:
        """Say which values there are, for a refusal."""

    @abstractmethod
    def read(self, given: Sequence[str]) -> Any:
        """Return the value of what the address gives (never empty). Raises BadListing."""

    @abstractmethod
    def written(self, value: Any) -> list[str]:
        """Return what an address gives for the value; reading it again gives the same value."""

    @abstractmethod
    def words(self, value: Any) -> str:
        """Say the value beside the filter's label."""

    def phrase(self, value: Any) -> str:
        """Say the value in the sentence that tells the whole list."""
        return f"{said(self.label).lower()} {self.words(value)}"

    def condition(self, value: Any, zone: ZoneInfo) -> ColumnElement[bool] | None:  # noqa: ARG002  # some do not need them
        """Return the SQL condition in a shop of this zone; None where the domain finds the rows in its own way."""
        return None

    def within(self, value: Any, shop_id: int) -> ColumnElement[bool] | None:  # noqa: ARG002
        """Return the same condition once more for one shop, as an index answers it that knows whose rows they are."""
        return None

    def otherwise(self) -> ColumnElement[bool] | None:
        """Return the SQL condition that holds while this filter is not in force."""
        return None

    def asks(self, value: Any) -> Sequence[str]:  # noqa: ARG002
        """Return what the value asks of an index: usually what the filter is named after."""
        return (self.name,)

    def parts(self) -> Mapping[str, Callable[[str], str]]:
        """Return the names that a form may send instead, each with how its text becomes a part of the value."""
        return {}


@dataclass(frozen=True)
class Search(Filter):
    """Typed words, each the beginning of something searchable. `own` is the vector with the shop before each lexeme."""

    column: Column
    own: Column | None = None

    @property
    def allowed(self) -> str:
        return _("words")

    def read(self, given: Sequence[str]) -> str:
        return " ".join(given[0].split())

    def written(self, value: str) -> list[str]:
        return [value]

    def words(self, value: str) -> str:
        return quoted(value)

    def phrase(self, value: str) -> str:
        return _("matching “%(words)s”", words=value)

    def condition(self, value: str, zone: ZoneInfo) -> ColumnElement[bool]:  # noqa: ARG002
        return matches(self.column, query(value))

    def within(self, value: str, shop_id: int) -> ColumnElement[bool] | None:
        return None if self.own is None else matches(self.own, query(value, of_shop(shop_id)))


@dataclass(frozen=True)
class Lexemes(Filter):
    """Whole things that the search vector holds behind a mark: a SKU, a country. `fixed` are the only values, with their words."""

    column: Column
    lexeme: Callable[[str], str]
    fixed: Mapping[str, str] = field(default_factory=dict)
    spoken: str | None = None  # with SKU {}: how a sentence says it; the label if nothing is said
    own: Column | None = None  # the vector with the shop before each lexeme
    many: ClassVar[bool] = True

    @property
    def allowed(self) -> str:
        return listed(self.fixed) if self.fixed else _("a text")

    def read(self, given: Sequence[str]) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(text.strip() for text in given))
        for text in found:
            if not text or (self.fixed and text not in self.fixed):
                raise refused(self.name, text, self.allowed)
        return found

    def written(self, value: tuple[str, ...]) -> list[str]:
        return list(value)

    def words(self, value: tuple[str, ...]) -> str:
        return either(said(self.fixed[text]) if text in self.fixed else text for text in value)

    def phrase(self, value: tuple[str, ...]) -> str:
        return spoken_of(self.label if self.spoken is None else self.spoken, self.words(value))

    def condition(self, value: tuple[str, ...], zone: ZoneInfo) -> ColumnElement[bool]:  # noqa: ARG002
        return matches(self.column, self.asked(value))

    def within(self, value: tuple[str, ...], shop_id: int) -> ColumnElement[bool] | None:
        return None if self.own is None else matches(self.own, self.asked(value, of_shop(shop_id)))

    def asked(self, value: tuple[str, ...], within: str = "") -> str:
        return " | ".join(exactly(self.lexeme(text), within) for text in value)


@dataclass(frozen=True)
class Emails(Lexemes):
    """Whole e-mail addresses. One without its @ could be a word of somebody's name, and is refused."""

    @property
    def allowed(self) -> str:
        return _("a whole e-mail address; search with “q” for a part of one")

    def read(self, given: Sequence[str]) -> tuple[str, ...]:
        for text in given:
            if "@" not in text:
                raise refused(self.name, text, self.allowed)
        return super().read(given)


def matches(column: Column, tsquery: str) -> ColumnElement[bool]:
    """Return the condition that a vector matches; both sides are written without a text search configuration."""
    found: ColumnElement[bool] = column.bool_op("@@")(cast(bindparam(None, tsquery, unique=True), TSQUERY))
    return found


@dataclass(frozen=True)
class Choice(Filter):
    """One or several of a few words, each with what is said of it and its condition."""

    options: Mapping[str, tuple[str, Callable[[], ColumnElement[bool] | None]]]
    usual: Callable[[], ColumnElement[bool] | None] = lambda: None
    many: ClassVar[bool] = True

    @property
    def allowed(self) -> str:
        return listed(self.options)

    def read(self, given: Sequence[str]) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(text.strip().lower() for text in given))
        for text in found:
            if text not in self.options:
                raise refused(self.name, text, self.allowed)
        return found

    def written(self, value: tuple[str, ...]) -> list[str]:
        return list(value)

    def words(self, value: tuple[str, ...]) -> str:
        return either(said(self.options[text][0]) for text in value)

    def phrase(self, value: tuple[str, ...]) -> str:
        return self.words(value)

    def condition(self, value: tuple[str, ...], zone: ZoneInfo) -> ColumnElement[bool] | None:  # noqa: ARG002
        found = [condition for text in value if (condition := self.options[text][1]()) is not None]
        return or_(*found) if found else None

    def otherwise(self) -> ColumnElement[bool] | None:
        return self.usual()


@dataclass(frozen=True)
class Named(Filter):
    """Names that the domain resolves against what the shops have, such as statuses."""

    many: ClassVar[bool] = True

    @property
    def allowed(self) -> str:
        return _("a name")

    def read(self, given: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(text.strip() for text in given))

    def written(self, value: tuple[str, ...]) -> list[str]:
        return list(value)

    def words(self, value: tuple[str, ...]) -> str:
        return either(value)


@dataclass(frozen=True)
class Exact(Filter):
    """One or several texts, as the column has them."""

    column: Column
    spoken: str = ""
    many: ClassVar[bool] = True

    @property
    def allowed(self) -> str:
        return _("a text")

    def read(self, given: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(text.strip() for text in given))

    def written(self, value: tuple[str, ...]) -> list[str]:
        return list(value)

    def words(self, value: tuple[str, ...]) -> str:
        return either(value)

    def phrase(self, value: tuple[str, ...]) -> str:
        return spoken_of(self.spoken or self.label, self.words(value))

    def condition(self, value: tuple[str, ...], zone: ZoneInfo) -> ColumnElement[bool]:  # noqa: ARG002
        found: ColumnElement[bool] = self.column.in_(value)
        return found


@dataclass(frozen=True)
class Identifier(Filter):
    """The number of one record."""

    column: Column
    spoken: str = ""

    @property
    def allowed(self) -> str:
        return _("a whole number")

    def read(self, given: Sequence[str]) -> int:
        text = given[0].strip()
        if not (text.isascii() and text.isdigit() and int(text[:20]) <= LARGEST_ID and len(text) < 20):
            raise refused(self.name, text, self.allowed)
        return int(text)

    def written(self, value: int) -> list[str]:
        return [str(value)]

    def words(self, value: int) -> str:
        return str(value)

    def phrase(self, value: int) -> str:
        return spoken_of(self.spoken or self.label, str(value))

    def condition(self, value: int, zone: ZoneInfo) -> ColumnElement[bool]:  # noqa: ARG002
        found: ColumnElement[bool] = self.column == value
        return found


def single(name: str, given: Sequence[str]) -> str:
    """Return the one value of a parameter that may stand only once."""
    if len(set(given)) > 1:
        raise BadListing(_("“%(name)s” stands in this address more than once. Keep one of its values.", name=name))
    return given[0]
