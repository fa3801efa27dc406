"""The state of a conversion, as a row in PostgreSQL: whoever takes it up after a kill or a crash reads it here."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from shop.errors import ShopError
from shop.formatting import number
from shop.partitions.quarters import PARENT

NEXT = f"{PARENT}_next"  # the table that is filled, until the swap
BEFORE = f"{PARENT}_before"  # the table that was, from the swap on
ASTRAY = f"{PARENT}_astray"  # keys of lines for which the other table had no quarter when they were written
SPLIT, JOIN = "split", "join"


class Phase(StrEnum):
    """How far a conversion has come."""

    PLANNED = "planned"
    PREPARED = "prepared"
    BACKFILLING = "backfilling"
    VERIFIED = "verified"
    SWAPPED = "swapped"
    FINISHED = "finished"
    ROLLED_BACK = "rolled_back"


class WrongPhase(ShopError):
    """What was asked for does not follow from how far the conversion has come."""


@dataclass(frozen=True)
class Conversion:
    """One row of `table_conversions`. A range of keys is a pair: above which, and up to which; None is an open end."""

    id: int
    direction: str
    phase: Phase
    by: str
    started_at: datetime
    changed_at: datetime
    swapped_at: datetime | None
    ended_at: datetime | None
    rows_total: int
    rows_done: int
    todo: list[Any]
    again: list[Any]
    paused: str | None
    figures: dict[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "phase", Phase(self.phase))

    @property
    def is_filled(self) -> bool:
        return not self.todo and not self.again and self.phase != Phase.PLANNED

    @property
    def target(self) -> str:
        """Return the table that follows the live one: the new one before the swap, the old one after it."""
        return BEFORE if self.phase == Phase.SWAPPED else NEXT

    @property
    def follower_is_partitioned(self) -> bool:
        return (self.direction == SPLIT) == (self.target == NEXT)

    def required(self, *phases: Phase) -> Self:
        """Return itself, if it is in one of the phases; raise `WrongPhase` otherwise."""
        if self.phase not in phases:
            raise WrongPhase(
                f"The conversion is {self}. Nothing was changed; this step comes after: "
                f"{', '.join(phase.replace('_', ' ') for phase in phases)}. `flask partitions status` says what is next."
            )
        return self

    def __str__(self) -> str:
        words = self.phase.replace("_", " ")
        if self.phase in (Phase.PREPARED, Phase.BACKFILLING):
            words += f", {number(self.rows_done)} of {number(self.rows_total)} lines"
        return f"{words} ({self.paused})" if self.paused else words


FIELDS = sql.SQL(", ").join(map(sql.Identifier, Conversion.__dataclass_fields__))


def under_way(connection: psycopg.Connection[Any]) -> Conversion | None:
    """Return the conversion that has neither been finished nor rolled back."""
    return one(connection, sql.SQL("ended_at IS NULL"))


def newest(connection: psycopg.Connection[Any]) -> Conversion | None:
    return one(connection, sql.SQL("true"))


def one(connection: psycopg.Connection[Any], which: sql.SQL) -> Conversion | None:
    with connection.cursor(row_factory=class_row(Conversion)) as cursor:
        statement = sql.SQL("SELECT {} FROM table_conversions WHERE table_name = %s AND {} ORDER BY id DESC LIMIT 1")
        return cursor.execute(statement.format(FIELDS, which), (PARENT,)).fetchone()


def needed(connection: psycopg.Connection[Any]) -> Conversion:
    """Return the conversion under way; raise `WrongPhase` where there is none."""
    found = under_way(connection)
    if found is None:
        raise WrongPhase(
            f"No conversion of {PARENT} is under way. Nothing was changed; it begins with `flask partitions prepare`."
        )
    return found


def begin(connection: psycopg.Connection[Any], direction: str, by: str, figures: dict[str, Any]) -> None:
    connection.execute(
        "INSERT INTO table_conversions (table_name, direction, phase, by, figures) VALUES (%s, %s, %s, %s, %s)",
        (PARENT, direction, Phase.PLANNED, by, Jsonb(figures)),
    )


def change(connection: psycopg.Connection[Any], conversion: Conversion, **values: Any) -> None:
    """Write the fields given in the caller's transaction; `figures` are added to those that are there."""
    sets = [
        sql.SQL("{0} = figures || {1}" if name == "figures" else "{0} = {1}").format(
            sql.Identifier(name), sql.Placeholder(name)
        )
        for name in values
    ]
    wrapped = {name: Jsonb(value) if isinstance(value, list | dict) else value for name, value in values.items()}
    connection.execute(
        sql.SQL("UPDATE table_conversions SET {}, changed_at = clock_timestamp() WHERE id = %(id)s").format(
            sql.SQL(", ").join(sets)
        ),
        wrapped | {"id": conversion.id},
    )
