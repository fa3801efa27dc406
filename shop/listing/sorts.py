"""The orders a list can be read in: each is a walk along an index, by a key and then by a tie-breaker."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, FromClause

Column = Any  # a mapped column: SQLAlchemy types it by its Python value, which differs from key to key


@dataclass(frozen=True)
class Codec:
    """How a value of one type travels inside a cursor."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


MOMENT = Codec(datetime.isoformat, datetime.fromisoformat)
AMOUNT = Codec(str, Decimal)
COUNT = Codec(int, int)
TEXT = Codec(str, str)


@dataclass(frozen=True)
class Segment:
    """Rows of one sort that one index keeps in order within a shop: (shop, key, tie).

    `known` tells whether only rows with a key are meant (True), only those without (False), or the key is never missing (None).
    `part` is a column that some filters cut the list by; `divided` says that the index holds it between shop and key.
    `apart` says that key and tie stand in different tables, so that the index knows the key only. `measure` is what the rows
    sum up to, in the shop's currency.
    """

    source: FromClause
    shop: Column
    row: Column
    key: Column
    tie: Column
    key_codec: Codec
    tie_codec: Codec = COUNT
    known: bool | None = None
    where: tuple[ColumnElement[bool], ...] = ()
    part: Column | None = None
    divided: bool = False
    apart: bool = False
    measure: Column | None = None


@dataclass(frozen=True)
class Sort:
    """One order of a list, in both directions. Rows without a key come last in either.

    `serves` names the filters that the sort's own index answers; with others in force a list looks before it walks.
    """

    name: str
    ascending: str
    descending: str
    segments: tuple[Segment, ...]
    serves: frozenset[str] = frozenset()
    by_day: bool = False  # the key is a moment, so that one can go to a day
