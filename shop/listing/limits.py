"""How long the statements of a page may take, and how they are planned."""

from collections.abc import Callable
from typing import TypeVar

from psycopg.errors import QueryCanceled
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

Result = TypeVar("Result")

LONGEST = 5_000  # milliseconds for any statement of a page
PATIENCE = 150  # milliseconds for counting
LONG_PATIENCE = 2_000  # … for a count that says in which shops not to walk, and is remembered
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


UNSAID, IS_WALKING = "settings not said yet", "walks an index"  # kept with the session


def settle(session: Session) -> None:
    """Plan what follows in this transaction for its own values, row by row along indexes, and let none of it run for long.

    A page wants a few rows, or no more than are counted. Whatever first reads a whole table for that, to scan it or to join
    it, is cheap only while what matches lies anywhere in it; the orders of last month all lie at its end. It is said to the
    server together with what comes next, as each message costs a page its own way there and back.
    """
    session.info.update({UNSAID: SETTLED, IS_WALKING: False})


def say(session: Session, *settings: str) -> None:
    """Send settings, and before them what was not said yet, in one message."""
    unsaid = session.info.pop(UNSAID, "")
    session.connection().exec_driver_sql("; ".join(filter(None, (unsaid, *settings))))


def within(session: Session, milliseconds: int, work: Callable[[], Result]) -> Result | None:
    """Return what the work reads, or None where its statements take longer; then the transaction is as it was before."""
    keep_index_order(session, start=False, saying=f"SAVEPOINT patience; SET LOCAL statement_timeout = {milliseconds:d}")
    try:
        found = work()
    except OperationalError as error:
        if isinstance(error.orig, QueryCanceled):
            session.info[IS_WALKING] = False
            say(session, "ROLLBACK TO SAVEPOINT patience; RELEASE SAVEPOINT patience")
            return None
        raise
    say(session, f"RELEASE SAVEPOINT patience; SET LOCAL statement_timeout = {LONGEST:d}")
    return found


def keep_index_order(session: Session, *, start: bool, saying: str = "") -> None:
    """Let the statements that follow walk an index in its order, or go back to any plan.

    A walk ends after a few rows, which no estimate of a search knows: sorting, a bitmap, or keeping one side of a join at
    hand, would first read all that match. Who asks for rows by their numbers after a walk need not go back.
    """
    if session.info.get(IS_WALKING, False) != start:
        session.info[IS_WALKING] = start
        say(session, WALKING if start else WALKED, saying)
    elif saying or UNSAID in session.info:
        say(session, saying)
