"""How long the statements of a page may take, and how they are planned."""

from sqlalchemy import text
from sqlalchemy.orm import Session

LONGEST = 5_000  # milliseconds for any statement of a page
PATIENCE = 300  # milliseconds for counting


def settle(session: Session) -> None:
    """Plan every statement of this transaction for its own values, and let none of them run for long."""
    plans = "set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)"
    session.execute(text(f"SELECT {plans}, set_config('statement_timeout', :longest, true)"), {"longest": str(LONGEST)})


def limit_statements(session: Session, milliseconds: int) -> None:
    """Let the statements that follow in this transaction run for so long."""
    session.execute(text("SELECT set_config('statement_timeout', :limit, true)"), {"limit": str(milliseconds)})


def keep_index_order(session: Session, *, start: bool) -> None:
    """Let the statements that follow walk an index in its order, or go back to any plan.

    A walk ends after a few rows, which no estimate of a search knows: sorting, or a bitmap, would first read all that match.
    """
    allowed = {"allowed": "off" if start else "on"}
    session.execute(
        text("SELECT set_config('enable_bitmapscan', :allowed, true), set_config('enable_sort', :allowed, true)"),
        allowed,
    )
