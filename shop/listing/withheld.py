"""Filters of those who may not see personal data: a search for people is refused before anything is looked up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement

from shop.languages import gettext as _
from shop.listing.filters import Column, Filter
from shop.listing.listing import Spec
from shop.listing.wording import quoted
from shop.personal import Unsearchable


@dataclass(frozen=True)
class Withheld(Filter):
    """A parameter that is known and takes no value."""

    @property
    def allowed(self) -> str:
        return _("nothing without the right to see personal data")

    def read(self, given: Sequence[str]) -> str:  # noqa: ARG002
        raise Unsearchable

    def written(self, value: str) -> list[str]:
        return [value]

    def words(self, value: str) -> str:
        return value


@dataclass(frozen=True)
class Code(Filter):
    """The whole number of a record, which names nobody."""

    column: Column

    @property
    def allowed(self) -> str:
        return _("a whole number of an order")

    def read(self, given: Sequence[str]) -> str:
        return given[0].strip()

    def written(self, value: str) -> list[str]:
        return [value]

    def words(self, value: str) -> str:
        return quoted(value)

    def phrase(self, value: str) -> str:
        return _("with the number “%(number)s”", number=value)

    def condition(self, value: str, zone: ZoneInfo) -> ColumnElement[bool]:  # noqa: ARG002
        found: ColumnElement[bool] = self.column == value
        return found


def without_people(spec: Spec, *instead: Filter) -> Spec:
    """Return a list of its own, with these filters in place of those of the same names: statements are kept by list."""
    by_name = {known.name: known for known in instead}
    return replace(spec, filters=tuple(by_name.get(known.name, known) for known in spec.filters))
