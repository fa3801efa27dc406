"""The page of the audit trail."""

from flask import Blueprint, abort, render_template, request

from shop.audit.queries import trail
from shop.audit.wording import act, particulars
from shop.shops.queries import home_zone
from shop.staff.access import requires
from shop.staff.permissions import Permission

bp = Blueprint("audit", __name__, url_prefix="/audit")

HIGHEST_ID = 2**63 - 1


@bp.get("/")
@requires(Permission.READ_AUDIT)
def index() -> str:
    page = trail(before=id_asked("before"), after=id_asked("after"))
    return render_template("audit/index.html", page=page, zone=home_zone(), act=act, particulars=particulars)


def id_asked(name: str) -> int | None:
    """Return the id a parameter names. Anything else in it is a 400."""
    given = request.args.get(name)
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or int(given[:20]) > HIGHEST_ID:
        abort(400, f"`{name}` is {given[:40]!r}, and it must be the number of an entry.")
    return int(given)
