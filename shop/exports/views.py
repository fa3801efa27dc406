"""The pages of what was taken away: who exported what, and whether a file is still what was sent."""

from http import HTTPStatus
from typing import BinaryIO, cast

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response

from shop.audit.recording import Action, record
from shop.db import db
from shop.errors import ShopError
from shop.exports.checking import compared, sha256_of
from shop.exports.lists import EXPORTS, exports_of
from shop.exports.models import Export
from shop.exports.queries import export_numbered, export_of_file, exports_by_id
from shop.languages import gettext as _
from shop.listing.answers import Freshness, json_page
from shop.listing.asked import asked, root, secret, tidied
from shop.listing.links import Links
from shop.listing.listing import Listing
from shop.listing.page import Page, page_of
from shop.shops.queries import home_zone
from shop.staff.access import chosen_shops, may, note_program, person, requires
from shop.staff.permissions import Permission

bp = Blueprint("exports", __name__)
HIGHEST_ID = 2**63 - 1
NOT_DATED = Freshness(None, (), 0, "")
LONGEST_NAME = 255


@bp.get("/exports/")
@requires(Permission.READ_SALES)
def index() -> str | Response:
    listing = asked(EXPORTS)
    chosen_shops()  # what one may not see does not exist, here as elsewhere
    elsewhere = tidied(listing)
    if elsewhere is not None:
        return elsewhere
    page = export_page(listing)
    rows = exports_by_id(db.session(), [key.row for key in page.keys])
    newest = max((one.at.date() for one in rows), default=None)
    return render_template(
        "exports/index.html",
        listing=listing,
        links=Links(listing, page, secret()),
        rows=rows,
        newest=newest,
        everybody=whose() is None,
        zone=home_zone(),
    )


@bp.get("/exports.json")
@requires(Permission.READ_SALES)
def rows() -> Response:
    listing = asked(EXPORTS)
    chosen_shops()
    page = export_page(listing)
    found = [fields(one) for one in exports_by_id(db.session(), [key.row for key in page.keys])]
    answer = json_page(Links(listing, page, secret()), found, NOT_DATED, root())
    note_program("/exports.json", listing.address(suffix=""), len(found))
    return jsonify(answer)


@bp.get("/exports/<int:export_id>")
@requires(Permission.READ_SALES)
def show(export_id: int) -> str:
    return render_template("exports/show.html", export=export_or_404(export_id), zone=home_zone())


@bp.post("/exports/checks")
@requires(Permission.READ_SALES)
def check() -> Response:
    """Compare an uploaded file with the manifest that it belongs to, by its bytes or else by its name. It is not kept."""
    upload = request.files.get("file")
    name = (upload.filename or "").replace("\\", "/").rsplit("/", 1)[-1][:LONGEST_NAME] if upload else ""
    if upload is None or not name:
        raise ShopError(_("No file was chosen. Nothing was checked; choose the file that was exported."))
    stream = cast("BinaryIO", upload.stream)
    sha256 = sha256_of(stream)
    export = export_of_file(sha256, name, whose())
    if export is None:
        record(Action.EXPORT_CHECKED, "unknown file", same=False)
        db.session.commit()
        flash(_("No export is known with these bytes or this name. Another installation may have sent the file."))
        return redirect("/exports/", HTTPStatus.SEE_OTHER)
    verdict = compared(stream, sha256, export)
    record(Action.EXPORT_CHECKED, f"export {export.id}", same=verdict.is_same)
    db.session.commit()
    if verdict.is_same:
        flash(_("The file is byte for byte what was sent as export %(export)s.", export=export.id), "good")
    else:
        told = " ".join(verdict.differences)
        flash(_("The file is not what was sent as export %(export)s. %(told)s", export=export.id, told=told), "bad")
    return redirect(f"/exports/{export.id}", HTTPStatus.SEE_OTHER)


def whose() -> int | None:
    """Return whose exports one may see: one's own, or everybody's for those who read the trail."""
    return None if may(Permission.READ_AUDIT) else person().id


def export_page(listing: Listing) -> Page:
    return page_of(db.session(), listing, exports_of(listing, home_zone(), whose()))


def export_or_404(export_id: int) -> Export:
    export = export_numbered(export_id, whose()) if export_id <= HIGHEST_ID else None
    if export is None:
        abort(HTTPStatus.NOT_FOUND)
    return export


def fields(export: Export) -> dict[str, str | int | None]:
    """Return a manifest as one flat row: sums are a text of their own."""
    sums = ", ".join(f"{column} {amount} {currency}" for column, amount, currency in export.amounts)
    return export.as_manifest() | {"sums": sums, "url": f"{root()}/exports/{export.id}"}
