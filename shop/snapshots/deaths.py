"""Work that kills its worker: noted by place, narrowed down to a line of the file, and parked where it has no line."""

from collections.abc import Iterator
from typing import Any

import psycopg

from shop.errors import ShopError
from shop.languages import gettext as _
from shop.snapshots.reading import Batch

MOST = 2  # deaths at one place, after which it is no coincidence
FIRST_NARROW = 256  # lines in a chunk, once a chunk has killed twice; each further death divides them
DIVISOR = 16
REACH = 200_000  # lines behind the cursor that were under way when a worker died
STAGE = "stage"

NOTE = """
    UPDATE snapshots s SET
        deaths = d.deaths, died_at = d.place,
        narrowed_to = CASE WHEN s.phase <> 'stage' THEN s.narrowed_to
                           WHEN s.narrowed_to IS NOT NULL THEN greatest(1, s.narrowed_to / %(divisor)s)
                           WHEN d.deaths >= %(most)s THEN %(first)s END,
        narrowed_until = coalesce(s.narrowed_until, CASE WHEN s.phase = 'stage' AND d.deaths >= %(most)s THEN s.cursor_line + %(reach)s END)
    FROM (SELECT id, place, CASE WHEN died_at = place THEN deaths + 1 ELSE 1 END AS deaths
          FROM (SELECT id, died_at, deaths, phase || CASE WHEN phase = 'stage' THEN ':' || cursor_line ELSE '' END
                       || CASE WHEN phase = 'stage' AND narrowed_to = 1 THEN ' alone' ELSE '' END AS place
                FROM snapshots WHERE id = %(id)s) AS p) AS d
    WHERE s.id = d.id AND s.state = 'running'"""


class Poisoned(ShopError):
    """A run that kills whoever works on it, at a place where no single record can be blamed."""

    code = "poisoned"


def note(connection: psycopg.Connection[Any], snapshot_id: int) -> None:
    """Write down that a worker died over this run, and where. What it had in hand was rolled back with it."""
    with connection.transaction():
        values = {"id": snapshot_id, "divisor": DIVISOR, "most": MOST, "first": FIRST_NARROW, "reach": REACH}
        if connection.execute(NOTE, values).rowcount == 0:
            return
        connection.execute(
            """UPDATE snapshot_attempts a SET ended_at = clock_timestamp(), outcome = 'killed', phase = s.phase, line = s.cursor_line
               FROM snapshots s WHERE a.snapshot_id = %s AND a.ended_at IS NULL AND s.id = a.snapshot_id""",
            (snapshot_id,),
        )


def refuse_poisoned(connection: psycopg.Connection[Any], snapshot_id: int, phase: str) -> None:
    """Do not enter a phase once more in which workers keep dying."""
    row = connection.execute("SELECT deaths, died_at FROM snapshots WHERE id = %s", (snapshot_id,)).fetchone()
    if row is not None and row[1] == phase and row[0] >= MOST:
        raise Poisoned(
            _(
                "This run killed its worker %(times)s times in the same place, while Pult was to %(phase)s it. It is "
                "parked: nothing of it was published, and its file is kept. Give the worker more memory, then try it "
                "again.",
                times=row[0],
                phase=phase,
            )
        )


class Narrowing:
    """How carefully the lines of a run are to be staged, after what happened to earlier workers."""

    def __init__(self, narrowed_to: int | None, until: int | None, poisonous: int | None) -> None:
        self.lines, self.until, self.poisonous = narrowed_to, until or 0, poisonous

    @classmethod
    def of(cls, connection: psycopg.Connection[Any], snapshot_id: int) -> "Narrowing":
        row = connection.execute(
            "SELECT narrowed_to, narrowed_until, cursor_line, deaths, died_at FROM snapshots WHERE id = %s",
            (snapshot_id,),
        ).fetchone()
        if row is None or row[0] is None:
            return cls(None, None, None)
        narrowed_to, until, line, deaths, died_at = row
        alone = died_at == f"{STAGE}:{line} alone" and deaths >= MOST
        return cls(narrowed_to, until, line + 1 if alone else None)

    @property
    def is_on(self) -> bool:
        return self.lines is not None

    def cut(self, batches: Iterator[Batch], line: int) -> Iterator[Batch]:
        """Cut batches into pieces of so many lines, up to where the danger reaches. `line` is the last one staged."""
        for batch in batches:
            if self.lines is None or line >= self.until:
                yield batch
            else:
                yield from pieces(batch, self.lines)
            line += len(batch.lines)


def pieces(batch: Batch, lines: int) -> Iterator[Batch]:
    offset, last = batch.offset, len(batch.lines)
    for start in range(0, last, lines):
        some = batch.lines[start : start + lines]
        ended = batch.ended or start + lines < last
        yield Batch(batch.first + start, offset, some, batch.packed_at, ended)
        offset += sum(map(len, some)) + len(some)


def widen(connection: psycopg.Connection[Any], snapshot_id: int) -> None:
    """Go on at full width: the line that killed is set aside, or the place is passed."""
    connection.execute(
        "UPDATE snapshots SET narrowed_to = NULL, narrowed_until = NULL, deaths = 0, died_at = NULL WHERE id = %s",
        (snapshot_id,),
    )
