"""Which copies are kept: a plan first, made from proven copies alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shop.backups.models import FAILED, RESTORABLE, RUNNING, Backup
from shop.languages import N_
from shop.languages import gettext as _
from shop.settings.options import DAILY_COPIES, MONTHLY_COPIES, WEEKLY_COPIES, YEARLY_COPIES, Option
from shop.settings.values import value

FEWEST = 3  # restorable copies that are never gone below
FRESH = timedelta(hours=48)  # the newest restorable copy must be younger, else nothing is removed
RECORD = timedelta(days=30)  # that the files of a copy that failed are kept, for whoever looks for the cause
PERIODS: dict[str, Callable[[datetime], object]] = {  # tier: the period of a moment
    N_("daily"): lambda at: at.date(),
    N_("weekly"): lambda at: at.isocalendar()[:2],
    N_("monthly"): lambda at: (at.year, at.month),
    N_("yearly"): lambda at: at.year,
}
COUNTS: dict[str, Option[int]] = {
    "daily": DAILY_COPIES,
    "weekly": WEEKLY_COPIES,
    "monthly": MONTHLY_COPIES,
    "yearly": YEARLY_COPIES,
}
USUAL = {tier: option.default for tier, option in COUNTS.items()}


@dataclass
class Plan:
    """What is kept for which tiers, and what would be removed for which reason. With `refused`, nothing is removed."""

    tiers: dict[int, list[str]] = field(default_factory=dict)
    removed: dict[int, str] = field(default_factory=dict)
    refused: str | None = None


def counts() -> dict[str, int]:
    """Return how many copies each tier wants."""
    return {tier: value(option) for tier, option in COUNTS.items()}


def plan(backups: Sequence[Backup], now: datetime, wanted: Mapping[str, int] = USUAL) -> Plan:
    """Plan what is removed of the copies that still have their files; pure. `now` is the database's time."""
    there = sorted((one for one in backups if one.is_there), key=lambda one: one.started_at, reverse=True)
    proven = [one for one in there if one.state == RESTORABLE]
    found = Plan(tiers=tiers(proven, wanted))
    found.refused = objection(proven, now)
    if found.refused:
        return found
    for one in there:
        why = reason(one, proven, found, now)
        if why:
            found.removed[one.id] = why
    return found


def tiers(proven: Sequence[Backup], wanted: Mapping[str, int] = USUAL) -> dict[int, list[str]]:
    """Return the tiers that each proven copy, the newest first, stands for: the newest of each period."""
    kept: dict[int, list[str]] = {one.id: [N_("newest")] for one in proven[:FEWEST]}
    for name, period in PERIODS.items():
        seen: set[object] = set()
        for one in proven:
            key = period(one.started_at)
            if key not in seen and len(seen) < wanted[name]:
                seen.add(key)
                kept.setdefault(one.id, []).append(name)
    return kept


def objection(proven: Sequence[Backup], now: datetime) -> str | None:
    if not proven:
        return _("No copy is proven, so nothing is removed.")
    age = now - proven[0].started_at
    if age < timedelta(0):
        return _("The newest proven copy is from the future: the clock was changed, so nothing is removed.")
    if age > FRESH:
        return _(
            "The newest proven copy is %(days)s days old: either the clock jumped or copies fail, so nothing is removed.",
            days=age.days,
        )
    return None


def reason(one: Backup, proven: Sequence[Backup], found: Plan, now: datetime) -> str | None:
    """Say why a copy would be removed; None where it stays."""
    if one.state == RESTORABLE:
        return None if one.id in found.tiers else _("no tier needs it")
    if one.state == RUNNING or now - one.started_at < RECORD:
        return None
    if one.state == FAILED:
        return _("it failed, and is older than 30 days")
    return _("it was never proven, and newer ones are") if proven[0].started_at > one.started_at else None
