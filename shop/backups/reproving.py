"""Restores copies again that were good once: disks forget."""

from shop.backups.holding import alone
from shop.backups.models import RESTORABLE
from shop.backups.proving import prove
from shop.backups.queries import all_backups
from shop.backups.retention import counts, tiers
from shop.db import db


def reprove(by: str) -> dict[int, list[str]]:
    """Prove the newest copy of each tier; returns what differs by the copy's id: nothing, for one that is still good.

    Raises `Conflict` where another process is at the copies.
    """
    proved = {}
    for backup_id, name in newest_of_each():
        with alone() as hold:
            proved[backup_id] = prove(hold, backup_id, name, by)
    return proved


def newest_of_each() -> list[tuple[int, str]]:
    """Return id and folder of the copies that stand first in a tier, each once."""
    there = [one for one in all_backups() if one.state == RESTORABLE and one.is_there]
    wanted = counts()
    kept = tiers(there, wanted)
    first = {name: next((one for one in there if name in kept.get(one.id, [])), None) for name in wanted}
    found = {one.id: str(one.folder) for one in first.values() if one}
    db.session.rollback()
    return list(found.items())
