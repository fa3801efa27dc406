"""How a target stands: what lies there, what is to be sent, what no tier needs there, and whether it is too old."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shop.backup_settings import Target
from shop.backups.models import FAILED, RESTORABLE, VERIFIED, Backup, BackupDuplicate
from shop.backups.retention import USUAL, Plan, plan, tiers
from shop.formatting import duration
from shop.languages import gettext as _

TRIES = 8  # by the schedule; a person may always try again
LONGEST_REST = 24  # hours between two tries
AT_ONCE = 4  # copies that are sent to a target in one go, so that a new target does not hold the rest up
TOO_OLD = timedelta(hours=50)  # two nights and some patience


@dataclass(frozen=True)
class Standing:
    """A target with what is known of it; `worry` says what is wrong with it as a whole, and is empty when nothing is."""

    target: Target
    there: int  # copies that were read back from it, equal
    newest: datetime | None  # the moment that the newest of them holds
    last: BackupDuplicate | None  # what was tried last
    opened_at: datetime | None  # when one of them was last unpacked, every file equal
    worry: str

    @property
    def error(self) -> str:
        """Return why the last try failed; nothing, if it did not."""
        return (self.last.error or "") if self.last and self.last.state == FAILED else ""


def standing(
    target: Target, copies: Sequence[Backup], duplicates: Sequence[BackupDuplicate], now: datetime
) -> Standing:
    """Return how a target stands at `now`, the database's time; pure."""
    own = at(target, duplicates)
    moments = {one.id: one.started_at for one in copies}
    verified = [one for one in own if one.state == VERIFIED]
    newest = max((moments[one.backup_id] for one in verified if one.backup_id in moments), default=None)
    return Standing(
        target,
        there=len(verified),
        newest=newest,
        last=max(own, key=lambda one: one.tried_at, default=None),
        opened_at=max((one.opened_at for one in verified if one.opened_at), default=None),
        worry=worry(target, newest, min((one.first_tried_at for one in own), default=None), now),
    )


def worry(target: Target, newest: datetime | None, tried_since: datetime | None, now: datetime) -> str:
    if newest is None:
        if tried_since is None or now - tried_since <= TOO_OLD:
            return ""
        return _(
            "No copy has reached the target %(target)s in the %(spent)s that it was tried.",
            target=target.name,
            spent=duration(now - tried_since),
        )
    if now - newest <= TOO_OLD:
        return ""
    return _(
        "The newest copy on the target %(target)s is %(age)s old; with this machine, what came since would be lost.",
        target=target.name,
        age=duration(now - newest),
    )


def at(target: Target, duplicates: Sequence[BackupDuplicate]) -> list[BackupDuplicate]:
    """Return what is known of copies at the place that a target has now: under its name there may have been another."""
    return [one for one in duplicates if one.target == target.name and one.place == target.place]


def due(
    target: Target,
    copies: Sequence[Backup],
    duplicates: Sequence[BackupDuplicate],
    now: datetime,
    kept: Mapping[str, int] = USUAL,
) -> list[Backup]:
    """Return what is to be sent now, the newest first: proven copies that a tier needs, and that the target lacks; pure."""
    proven = [one for one in copies if one.state == RESTORABLE and one.is_there]
    wanted, known = tiers(proven, kept), {one.backup_id: one for one in at(target, duplicates)}
    return [one for one in proven if one.id in wanted and is_due(known.get(one.id), now)][:AT_ONCE]


def is_due(known: BackupDuplicate | None, now: datetime) -> bool:
    if known is None:
        return True
    return known.state == FAILED and known.tries < TRIES and known.tried_at + rest(known.tries) <= now


def rest(tries: int) -> timedelta:
    """Return how long a target is left alone after a copy has failed that often."""
    return timedelta(hours=min(2 ** max(tries - 1, 0), LONGEST_REST))


def plan_at(
    target: Target,
    copies: Sequence[Backup],
    duplicates: Sequence[BackupDuplicate],
    now: datetime,
    kept: Mapping[str, int] = USUAL,
) -> Plan:
    """Plan what is removed from a target: the rules of the copies on this machine, over what was read back from there; pure."""
    verified = {one.backup_id for one in at(target, duplicates) if one.state == VERIFIED}
    return plan(list(as_if_here(copies, verified)), now, kept)


def as_if_here(copies: Sequence[Backup], verified: set[int]) -> Iterator[Backup]:
    """Yield stand-ins for copies on a target: each was proven before it was sent, whatever has become of the one here."""
    for one in copies:
        if one.id in verified:
            yield Backup(id=one.id, state=RESTORABLE, started_at=one.started_at, folder=one.folder)
