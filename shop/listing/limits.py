"""How long the statements of a page may take, and how they are planned."""

from collections.abc import Callable
from typing import TypeVar

from psycopg.errors import QueryCanceled
from sqlalchemy import ColumnElement, func, true
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

Result = TypeVar("Result")

LONGEST = 5_000  # milliseconds for any statement of a page
PATIENCE = 150  # milliseconds for counting
TOGETHER = 400  # … for a count that says in which shops not to walk, and is remembered: in all of them at once,
ALONE = 400  # in each by itself where that was too long,
LONG_PATIENCE = 2_000  # and for these together
TURNS = (60, 300, 1_500)  # milliseconds for a walk, and again for sorting, where nobody knows which of both is quick


OF_A_PAGE = {
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "max_parallel_workers_per_gather": "0",  # to start one takes longer than a page
    "statement_timeout": str(LONGEST),
}


SETTLED = "; ".join(f"SET LOCAL {name} = {value}" for name, value in OF_A_PAGE.items())
WALKING, WALKED = (
    "; ".join(f"SET LOCAL {name} = {allowed}" for name in ("enable_bitmapscan", "enable_sort", "enable_material"))
    for allowed in ("off", "on")
)


AFTERWARDS = {"statement_timeout": str(LONGEST), "plan_cache_mode": "force_generic_plan"}
FOR_ITS_VALUES = "SET LOCAL plan_cache_mode = force_custom_plan"
UNSAID, IS_WALKING, IS_OVER = "settings not said yet", "walks an index", "has searched"  # kept with the session


def settle(session: Session) -> None:
    """Plan what follows in this transaction for its own values, row by row along indexes, and let none of it run for long.

    A page wants a few rows, or no more than are counted. Whatever first reads a whole table for that, to scan it or to join
    it, is cheap only while what matches lies anywhere in it; the orders of last month all lie at its end. It is said to the
    server together with what comes next, as each message costs a page its own way there and back.
    """
    session.info.update({UNSAID: SETTLED, IS_WALKING: False, IS_OVER: False})


def search_is_over() -> ColumnElement[str]:
    """Return what the last statement of a search says to the server: those after it may take their time again.

    They read rows by their keys, and need not be planned for their values. To be selected; see `note_end`.
    """
    return func.concat(*(func.set_config(name, value, true()) for name, value in AFTERWARDS.items()))


def say(session: Session, *settings: str) -> None:
    """Send settings, and before them what was not said yet, in one message."""
    unsaid = session.info.pop(UNSAID, "")
    session.connection().exec_driver_sql("; ".join(filter(None, (unsaid, *settings))))


def within(
    session: Session, milliseconds: int, work: Callable[[], Result], *, says_when_over: bool = False
) -> Result | None:
    """Return what the work reads, or None where its statements take longer; then the transaction is as it was before.

    `says_when_over`: its only statement selects `search_is_over`, which spares a message to the server. The savepoint then
    stays until the transaction ends, where it costs nothing.
    """
    keep_index_order(session, start=False, saying=f"SAVEPOINT patience; SET LOCAL statement_timeout = {milliseconds:d}")
    try:
        found = work()
    except OperationalError as error:
        if isinstance(error.orig, QueryCanceled):
            session.info[IS_WALKING] = False
            say(session, "ROLLBACK TO SAVEPOINT patience; RELEASE SAVEPOINT patience")
            return None
        raise
    if says_when_over and found:  # nothing at all comes back where nothing was sent
        note_end(session)
    else:
        say(session, f"RELEASE SAVEPOINT patience; SET LOCAL statement_timeout = {LONGEST:d}")
    return found


def note_end(session: Session) -> None:
    """Know that a statement has said `search_is_over`: a search after it must take that back."""
    session.info[IS_OVER] = True


def keep_index_order(session: Session, *, start: bool, saying: str = "") -> None:
    """Let the statements that follow walk an index in its order, or go back to any plan.

    A walk ends after a few rows, which no estimate of a search knows: sorting, a bitmap, or keeping one side of a join at
    hand, would first read all that match. Who asks for rows by their numbers after a walk need not go back.
    """
    again = FOR_ITS_VALUES if (start or saying) and session.info.get(IS_OVER) else ""
    if again:
        session.info[IS_OVER] = False
    if session.info.get(IS_WALKING, False) != start:
        session.info[IS_WALKING] = start
        say(session, WALKING if start else WALKED, again, saying)
    elif saying or UNSAID in session.info:
        say(session, again, saying)
