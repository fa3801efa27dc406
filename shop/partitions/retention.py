"""How long the lines of orders are kept in the table: the one place that says so, and what it means for a quarter."""

from datetime import datetime, timedelta

from shop.partitions.quarters import AHEAD, ALWAYS, Quarter, standing, through
from shop.settings.options import KEPT_ASIDE_DAYS, RETENTION_YEARS
from shop.settings.values import value

LEFT_ALONE = timedelta(days=30)  # that retention does not touch a quarter that was brought back


def retention_years() -> int | None:
    """Return the years after its end that a quarter stays in the table; None: for good."""
    return value(RETENTION_YEARS)


def kept_aside() -> timedelta:
    """Return how long a detached quarter stays beside the table before it is dropped."""
    return timedelta(days=value(KEPT_ASIDE_DAYS))


def is_past(quarter: Quarter, now: datetime, years: int | None) -> bool:
    """Whether a quarter ended that many years ago, or longer."""
    return years is not None and quarter.plus(4 * years).ends_at <= now


def desired(now: datetime, years: int | None) -> set[Quarter]:
    """Return the quarters that there should be at a moment, so that no line finds its quarter missing.

    Where nobody looked after the table for long, those that were skipped meanwhile are among them, unless they are
    past retention already: what arrives that late makes its own quarter.
    """
    since = through(ALWAYS[1].plus(1), Quarter.of(now).plus(AHEAD))
    return standing(now) | {quarter for quarter in since if not is_past(quarter, now, years)}
