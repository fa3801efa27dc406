"""The pages of orders, and the same rows for programs."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from shop.audit.recording import Action, record
from shop.db import db
from shop.languages import N_
from shop.listing.answers import Freshness, json_page, overall
from shop.listing.asked import asked, opened_from, root, secret, tidied
from shop.listing.cells import Fields
from shop.listing.links import Links, added, record_address, sums_by_currency
from shop.listing.listing import START, Listing
from shop.listing.marks import Marks
from shop.listing.page import Page, neighbours, page_of
from shop.listing.streaming import csv_response
from shop.listing.window import Key
from shop.orders.fields import HEADER, MONEY, order_fields
from shop.orders.history import happenings
from shop.orders.lists import FOLDED, folded_total, listed, order_scopes
from shop.orders.models import Order, OrderRevision
from shop.orders.queries import OrderRow, Status, order_rows, statuses_of
from shop.orders.row_cells import row_cells
from shop.orders.sheet import KINDS, addresses, notes, quantity, rate_words, vat
from shop.orders.single import lines_of, order_of, products_of, revisions_of, standing_of
from shop.orders.sums import sums_of
from shop.partitions.quarters import Quarter
from shop.partitions.queries import archive_over
from shop.personal import PERSONAL_FIELDS, all_shown, is_seen, shown
from shop.shops.models import Shop
from shop.shops.queries import shop_numbers
from shop.snapshots.queries import file_of, freshness
from shop.staff.access import chosen_shops, kept_secret, may, note_program, requires, shop_or_404, visible_shops
from shop.staff.confirmation import confirmed
from shop.staff.permissions import Permission
from shop.staff.revealing import NoReason, reveal

bp = Blueprint("orders", __name__)

HIGHEST_ID = 2**63 - 1
FIELDS = ("status", "category", "placed", "total", "sku", "email", "country", "currency", "counted", "deleted")


@bp.get("/orders/")
@requires(Permission.READ_SALES)
def index() -> str | AnyResponse:
    listing = asked(listed())
    elsewhere = tidied(listing)
    if elsewhere is not None:
        return elsewhere
    shops, statuses = chosen_shops(), visible_statuses()
    page = order_page(listing, shops, statuses)
    rows = all_shown("orders", order_rows(db.session(), page.keys))
    by_id = {shop.id: shop for shop in shops}
    links = Links(listing, page, secret())
    return render_template(
        "orders/index.html",
        listing=listing,
        links=links,
        rows=rows,
        cells=row_cells(rows, by_id, links, Marks(shop_numbers(), datetime.now(UTC))),
        sums=sums_by_currency(page.total.sums, shops),
        page_sums=sums_of_rows(rows, shops),
        shops=by_id,
        statuses=tuple((name, name) for name in dict.fromkeys(status.name for status in statuses)),
        fields=FIELDS,
        proof=proof_of(listing, page, rows, shops),
        newest=max((row.placed_at.astimezone(by_id[row.shop_id].zone).date() for row in rows), default=None),
        fresh=fresh(shops),
        searchable=is_seen(),
        may_export=may(Permission.EXPORT),
        may_load=may(Permission.RUN_SNAPSHOTS),
    )


@bp.get("/orders.json")
@requires(Permission.READ_SALES)
def rows() -> Response:
    listing, shops = asked(listed()), chosen_shops()
    page = order_page(listing, shops, visible_statuses())
    by_id, address = {shop.id: shop for shop in shops}, root()
    found = [order_fields(row, by_id, address) for row in all_shown("orders", order_rows(db.session(), page.keys))]
    answer = json_page(Links(listing, page, secret()), found, fresh(shops), address)
    note_program("/orders.json", listing.address(suffix=""), len(found))
    return jsonify(answer)


@bp.get("/orders.csv")
@requires(Permission.EXPORT)
def download() -> Response:
    listing, shops = asked(listed()), chosen_shops()
    scopes = order_scopes(listing, shops, visible_statuses())
    by_id, address, plainly = {shop.id: shop for shop in shops}, root(), is_seen()

    def batch(session: Session, keys: Sequence[Key]) -> Iterable[Fields]:
        found = all_shown("orders", order_rows(session, keys), plainly=plainly)
        return [order_fields(row, by_id, address) for row in found]

    record(Action.EXPORTED, "/orders.csv", query=listing.address(suffix=""), rows=None)
    db.session.commit()
    return csv_response(db.engine, listing, scopes, HEADER, batch, money=MONEY, as_of=fresh(shops).as_of)


@bp.get("/orders/<shop>/<int:order_id>")
@requires(Permission.READ_SALES)
def show(shop: str, order_id: int) -> str:
    its_shop = shop_or_404(shop)
    order = order_or_404(its_shop, order_id)
    listing, lines, statuses = opened_from(listed()), lines_of(order), visible_statuses()
    before, after = beside(order, listing, statuses)
    seen = shown("orders", order)
    page = render_template(
        "orders/show.html",
        shop=its_shop,
        order=seen,
        masked=not is_seen(),
        listing=listing,
        status=next(
            (known for known in statuses if (known.shop_id, known.code) == (order.shop_id, order.status_code)), None
        ),
        lines=lines,
        archive=archive_over(order.items_at) if order.items and not lines else None,
        quarter=Quarter.of(order.items_at),
        products=products_of(order.shop_id, [line.sku for line in lines if line.sku]),
        sums=sums_of(order, lines, its_shop.currency),
        events=happenings(order, told(revisions_of(order)), statuses, its_shop.timezone, datetime.now(UTC)),
        standing=standing_of(order),
        origin=file_of(order.snapshot_id),
        before=before,
        after=after,
        addresses=addresses(seen),
        notes=notes(seen),
        kinds=KINDS,
        quantity=quantity,
        vat=vat,
        rate_words=rate_words(order, its_shop.currency),
        numbers=shop_numbers(),
        fresh=fresh([its_shop]),
        may_see_runs=may(Permission.READ_OPERATIONS),
        may_bring_back=may(Permission.RUN_SNAPSHOTS),
    )
    record(Action.ORDER_VIEWED, N_("order %(code)s") % {"code": order.code}, its_shop)
    db.session.commit()
    return page


@bp.post("/orders/<shop>/<int:order_id>/reveal")
@requires(Permission.READ_SALES)
@confirmed
def revealing(shop: str, order_id: int) -> AnyResponse:
    """Show this one page plainly to this session for ten minutes, and keep why."""
    its_shop = shop_or_404(shop)
    order = order_or_404(its_shop, order_id)
    page = f"/orders/{its_shop.slug}/{order.id}"
    try:
        reveal(
            page, kept_secret(), N_("order %(code)s") % {"code": order.code}, its_shop, request.form.get("reason", "")
        )
    except NoReason as refusal:
        flash(refusal.message, "warn")
    db.session.commit()
    return redirect(page, HTTPStatus.SEE_OTHER)


def told(revisions: Iterable[OrderRevision]) -> list[OrderRevision]:
    """Return the history as it may be seen; what is no personal field stays as it is."""
    return [one if one.field not in PERSONAL_FIELDS else shown("order_revisions", one) for one in revisions]


def order_or_404(shop: Shop, order_id: int) -> Order:
    order = order_of(shop.id, order_id) if order_id <= HIGHEST_ID else None
    if order is None:
        abort(HTTPStatus.NOT_FOUND)
    return order


def visible_statuses() -> Sequence[Status]:
    """Return the statuses of every shop the person may see."""
    return statuses_of([shop.id for shop in visible_shops()])


def order_page(listing: Listing, shops: Sequence[Shop], statuses: Sequence[Status]) -> Page:
    """Return the keys of the listing's page and its total."""
    scopes = order_scopes(listing, shops, statuses)
    return page_of(db.session(), listing, scopes, lambda: folded_total(listing, scopes, statuses))


def beside(order: Order, listing: Listing, statuses: Sequence[Status]) -> list[str]:
    """Return the pages of the orders before and behind this one in the list it was opened from; empty at its ends."""
    slugs = set(listing.shops)
    shops = [shop for shop in visible_shops() if not slugs or shop.slug in slugs]
    key = order.placed_at if listing.sort.name == "placed" else order.total_shop
    scopes = order_scopes(listing, shops, statuses)
    by_id = {shop.id: shop.slug for shop in shops}
    found = neighbours(db.session(), listing, scopes, Key(0, order.shop_id, order.id, key, order.id))
    return [record_address(listing, by_id[near.shop_id], near.row) if near else "" for near in found]


def sums_of_rows(rows: Iterable[OrderRow], shops: Sequence[Shop]) -> list[tuple[Decimal, str]]:
    """Return what the rows of a page add up to, in each currency of the shops."""
    return sums_by_currency(added((row.shop_id, row.total_shop) for row in rows), shops)


def proof_of(listing: Listing, page: Page, rows: Sequence[OrderRow], shops: Sequence[Shop]) -> bool | None:
    """Tell whether a list that one page holds whole adds up to what the daily folds say; None where nothing is compared."""
    if listing.position != START or page.next or not listing.chosen.keys() <= FOLDED or page.total.sums is None:
        return None
    return sums_by_currency(page.total.sums, shops) == sums_of_rows(rows, shops) and page.total.value == len(rows)


def fresh(shops: Sequence[Shop]) -> Freshness:
    known = freshness([shop.id for shop in shops], ("orders",))
    return overall(known, shops, datetime.now(UTC))
