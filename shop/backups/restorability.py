"""Whether this installation could be restored today, in one sentence where it could not."""

from datetime import datetime, timedelta

from shop.backups.models import Backup
from shop.formatting import duration
from shop.languages import gettext as _
from shop.settings.options import BACKUP_LATE_HOURS
from shop.settings.values import value


def too_old() -> timedelta:
    """Return the age from which on the newest proven copy is late."""
    return timedelta(hours=value(BACKUP_LATE_HOURS))


def worry(newest: Backup | None, now: datetime, limit: timedelta) -> str:
    """Return what is wrong with the newest copy that could be restored; nothing when it is good enough."""
    if newest is None:
        return _("No backup has been proven yet: after a disaster there would be nothing to restore.")
    age = now - newest.started_at
    if age > limit:
        return _(
            "The newest proven backup is %(age)s old; what came since would be lost in a disaster.", age=duration(age)
        )
    return ""
