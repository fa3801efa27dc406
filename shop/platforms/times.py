"""Times of the shops: read with their offset, and the span in which an order may have been placed."""

from datetime import UTC, date, datetime, timedelta

from shop.languages import gettext as _

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=366)  # a shop's clock may be wrong, and orders may be dated ahead, by a year at most


class BadTime(ValueError):
    """A value that is no time, or one without its offset; the message is a sentence."""


def read_time(given: str) -> datetime:
    """Read `2026-09-21T20:36:22+0200`, also with a colon in the offset or a Z."""
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise BadTime(_("“%(given)s” is not a time.", given=given[:40])) from error
    if moment.tzinfo is None:
        raise BadTime(_("“%(given)s” does not say its offset from UTC.", given=given[:40]))
    return moment


def read_date(given: str) -> date:
    try:
        return date.fromisoformat(given[:10])
    except ValueError as error:
        raise BadTime(_("“%(given)s” is not a date.", given=given[:40])) from error


def is_plausible(moment: datetime) -> bool:
    """Whether something in a shop can have happened then: since 2000, and not more than a year ahead."""
    now = datetime.now(UTC)
    return EARLIEST.year < moment.year <= now.year or EARLIEST <= moment <= now + AHEAD
