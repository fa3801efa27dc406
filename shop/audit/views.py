"""The page of the audit trail, and the same entries for programs."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from flask import Blueprint, jsonify, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from shop.audit.lists import FIELDS, HEADER, TRAIL, entry_fields, whole_trail
from shop.audit.models import AuditEntry
from shop.audit.queries import entries
from shop.audit.recording import Action, record
from shop.audit.wording import WORDS, act, particulars
from shop.db import db
from shop.languages import gettext as _
from shop.languages import said
from shop.listing.answers import Freshness, json_page
from shop.listing.asked import asked, root, secret, tidied
from shop.listing.cells import Fields
from shop.listing.links import Links
from shop.listing.listing import Listing
from shop.listing.page import page_of
from shop.listing.scopes import Scope
from shop.listing.streaming import csv_response
from shop.listing.window import Key
from shop.shops.queries import all_shops, home_zone, shop_numbers
from shop.staff.access import chosen_shops, note_program, requires
from shop.staff.permissions import Permission

bp = Blueprint("audit", __name__)

Reader = Callable[[Sequence[AuditEntry]], list[Fields]]
NOT_DATED = Freshness(None, (), 0, "")  # an entry stands in the trail as soon as what it tells


@bp.get("/audit/")
@requires(Permission.READ_AUDIT)
def index() -> str | Response:
    listing = asked(TRAIL)
    elsewhere = tidied(listing)
    if elsewhere is not None:
        return elsewhere
    page = page_of(db.session(), listing, scopes_of(listing))
    rows = entries(db.session(), [key.row for key in page.keys])
    return render_template(
        "audit/index.html",
        listing=listing,
        links=Links(listing, page, secret()),
        rows=rows,
        fields=FIELDS,
        actions=[("", _("Anything")), *((action.value, said(words).capitalize()) for action, words in WORDS.items())],
        newest=newest_day(rows),
        shops={shop.id: shop for shop in all_shops()},
        numbers=shop_numbers(),
        zone=home_zone(),
        act=lambda entry: said(act(entry)),
        particulars=partial(particulars, say=said),
    )


@bp.get("/audit.json")
@requires(Permission.READ_AUDIT)
def rows() -> Response:
    listing = asked(TRAIL)
    page = page_of(db.session(), listing, scopes_of(listing))
    found = reader()(entries(db.session(), [key.row for key in page.keys]))
    answer = json_page(Links(listing, page, secret()), found, NOT_DATED, root())
    note_program("/audit.json", listing.address(suffix=""), len(found))
    return jsonify(answer)


@bp.get("/audit.csv")
@requires(Permission.READ_AUDIT, Permission.EXPORT)
def download() -> Response:
    listing = asked(TRAIL)
    scopes, read = scopes_of(listing), reader()

    def batch(session: Session, keys: Sequence[Key]) -> Iterable[Fields]:
        return read(entries(session, [key.row for key in keys]))

    record(Action.EXPORTED, "/audit.csv", query=listing.address(suffix=""), rows=None)
    db.session.commit()
    return csv_response(db.engine, listing, scopes, HEADER, batch)


def scopes_of(listing: Listing) -> list[Scope]:
    return whole_trail(listing, home_zone(), [shop.id for shop in chosen_shops()])


def reader() -> Reader:
    """Return what makes entries into rows; shops, zone and address are looked up once, before any row is streamed."""
    slugs, zone, address = {shop.id: shop.slug for shop in all_shops()}, home_zone(), root()
    return lambda found: [entry_fields(entry, slugs, zone, address) for entry in found]


def newest_day(found: Sequence[AuditEntry]) -> date | None:
    """Return the day of the newest entry that is shown, to go to another from."""
    zone = ZoneInfo(home_zone())
    return max((entry.at.astimezone(zone).date() for entry in found), default=None)
