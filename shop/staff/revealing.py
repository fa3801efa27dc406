"""Revealing: whoever sees personal data masked may see one page plainly for a short while, with a reason that is kept."""

import time
from datetime import timedelta

from flask import flash, session

from shop.audit.recording import Action, Numbered, record
from shop.errors import ShopError
from shop.languages import gettext as _
from shop.staff.sessions import hashed

LASTS = timedelta(minutes=10)
LONGEST_REASON = 200
KEY = "revealed"  # in the signed cookie: the page, until when (seconds since 1970), and a mark of the session it is of


class NoReason(ShopError):
    """A reveal needs a reason, and a short one."""


def reveal(page: str, secret: str, subject: str, shop: Numbered, reason: str) -> None:
    """Show this page to this session; one revealed before is masked again. Raises NoReason. The caller commits."""
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise NoReason(
            _("Say why in up to %(longest_reason)s characters. Nothing was shown.", longest_reason=LONGEST_REASON)
        )
    record(Action.PERSONAL_REVEALED, subject, shop, reason=reason)
    flash(_("Personal data are shown on this page for ten minutes. The audit trail keeps your reason."), "good")
    session[KEY] = [page, int(time.time() + LASTS.total_seconds()), mark(secret)]


def is_revealed(page: str, secret: str | None) -> bool:
    """Tell whether this page is shown plainly to the session with this secret. A token has none."""
    if secret is None or KEY not in session:
        return False
    known, until, of = session[KEY]
    return bool(known == page and of == mark(secret) and time.time() < until)


def mark(secret: str) -> str:
    """Return what tells sessions apart and opens none: the cookie stays when somebody else signs in."""
    return hashed(secret + KEY).hex()[:32]
