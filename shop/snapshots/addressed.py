"""The run that an address names, among those that a person may see, and the page that says another one is under way."""

from http import HTTPStatus

from flask import abort, make_response, render_template
from werkzeug.wrappers import Response

from shop.db import db
from shop.errors import reference
from shop.languages import N_
from shop.languages import gettext as _
from shop.shops.models import Shop
from shop.snapshots import runs
from shop.snapshots.models import Snapshot
from shop.staff.access import refuse, visible_shops

HIGHEST_ID = 2**63 - 1
# Words of rows that pages say: the states, and who asks beside people.
STATES = (N_("queued"), N_("running"), N_("done"), N_("previewed"), N_("failed"), N_("cancelled"))
ASKING = (N_("schedule"), N_("webhook"))


def busy(error: runs.AlreadyRunning) -> Response:
    """Show that a run of the same shop and kind is live, and the way to it."""
    db.session.rollback()
    page = render_template(
        "snapshots/busy.html",
        code=int(HTTPStatus.CONFLICT),
        title=_("Something is already running"),
        message=_("A snapshot of the same shop and kind is being loaded. Nothing was started and nothing was changed."),
        advice=_("Wait for it to finish; its page shows how far it is."),
        reference=reference(),
        snapshot_id=error.snapshot_id,
    )
    return make_response(page, HTTPStatus.CONFLICT)


def run_or_404(snapshot_id: int) -> Snapshot:
    """Return a run of one of the person's shops; any other does not exist."""
    run = db.session.get(Snapshot, snapshot_id) if snapshot_id <= HIGHEST_ID else None
    if run is None:
        abort(HTTPStatus.NOT_FOUND)
    if run.shop_id not in {shop.id for shop in visible_shops()}:
        refuse(HTTPStatus.NOT_FOUND, needs=f"snapshot {snapshot_id}")
    return run


def shop_of(run: Snapshot) -> Shop:
    return next(shop for shop in visible_shops() if shop.id == run.shop_id)
