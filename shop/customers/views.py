"""The pages of customers, and the same rows for programs."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from http import HTTPStatus

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from shop.audit.recording import Action, record
from shop.customers.fields import HEADER, MONEY, customer_fields
from shop.customers.lists import FIELDS, listed, place_of
from shop.customers.models import Customer, CustomerMetrics
from shop.customers.queries import (
    CustomerRow,
    accounts_of,
    average,
    customer_of,
    customer_rows,
    merges_into,
    metrics_of,
)
from shop.customers.row_cells import row_cells
from shop.customers.sheet import called, identity, identity_title, particulars, where
from shop.db import db
from shop.languages import gettext as _
from shop.listing.answers import Freshness, json_page, overall
from shop.listing.asked import asked, opened_from, root, secret, tidied
from shop.listing.cells import Fields
from shop.listing.links import Links, added, record_address, sums_by_currency
from shop.listing.listing import Listing
from shop.listing.marks import Marks
from shop.listing.months import month_chart
from shop.listing.page import Page, neighbours, page_of
from shop.listing.scopes import scopes
from shop.listing.streaming import csv_response
from shop.listing.window import Key
from shop.orders.queries import latest_orders_of, spent_by_month, usual_gap_of
from shop.personal import all_shown, is_seen, shown
from shop.shops.models import Shop
from shop.shops.queries import shop_numbers
from shop.snapshots.queries import freshness
from shop.staff.access import chosen_shops, kept_secret, may, note_program, requires, shop_or_404, visible_shops
from shop.staff.confirmation import confirmed
from shop.staff.permissions import Permission
from shop.staff.revealing import NoReason, reveal

bp = Blueprint("customers", __name__)

HIGHEST_ID = 2**63 - 1
DAY = 86_400  # seconds
LATEST = 25  # orders shown on a customer's page


@bp.get("/customers/")
@requires(Permission.READ_SALES)
def index() -> str | AnyResponse:
    listing = asked(listed())
    elsewhere = tidied(listing)
    if elsewhere is not None:
        return elsewhere
    shops = chosen_shops()
    page = customer_page(listing, shops)
    rows = all_shown("customers", customer_rows(db.session(), page.keys))
    by_id = {shop.id: shop for shop in shops}
    links = Links(listing, page, secret())
    return render_template(
        "customers/index.html",
        listing=listing,
        links=links,
        rows=rows,
        cells=row_cells(rows, by_id, links, Marks(shop_numbers(), datetime.now(UTC))),
        sums=sums_by_currency(page.total.sums, shops),
        page_sums=sums_by_currency(added((row.shop_id, row.total_spent) for row in rows), shops),
        shops=by_id,
        fields=FIELDS,
        newest=newest_day(listing, rows, shops),
        fresh=fresh(shops),
        searchable=is_seen(),
        may_export=may(Permission.EXPORT),
        may_load=may(Permission.RUN_SNAPSHOTS),
    )


@bp.get("/customers.json")
@requires(Permission.READ_SALES)
def rows() -> Response:
    listing, shops = asked(listed()), chosen_shops()
    page = customer_page(listing, shops)
    by_id, address = {shop.id: shop for shop in shops}, root()
    people = all_shown("customers", customer_rows(db.session(), page.keys))
    found = [customer_fields(row, by_id, address) for row in people]
    answer = json_page(Links(listing, page, secret()), found, fresh(shops), address)
    note_program("/customers.json", listing.address(suffix=""), len(found))
    return jsonify(answer)


@bp.get("/customers.csv")
@requires(Permission.EXPORT)
def download() -> Response:
    listing, shops = asked(listed()), chosen_shops()
    by_id, address, plainly = {shop.id: shop for shop in shops}, root(), is_seen()

    def batch(session: Session, keys: Sequence[Key]) -> Iterable[Fields]:
        people = all_shown("customers", customer_rows(session, keys), plainly=plainly)
        return [customer_fields(row, by_id, address) for row in people]

    record(Action.EXPORTED, "/customers.csv", query=listing.address(suffix=""), rows=None)
    db.session.commit()
    return csv_response(
        db.engine, listing, scopes(listing, shops), HEADER, batch, money=MONEY, as_of=fresh(shops).as_of
    )


@bp.get("/customers/<shop>/<int:customer_id>")
@requires(Permission.READ_SALES)
def show(shop: str, customer_id: int) -> str | AnyResponse:
    its_shop = shop_or_404(shop)
    customer = customer_or_404(its_shop, customer_id)
    if customer.merged_into is not None:
        return redirect(f"/customers/{its_shop.slug}/{customer.merged_into}", HTTPStatus.SEE_OTHER)
    listing, metrics, now = opened_from(listed()), metrics_of(customer), datetime.now(UTC)
    accounts, merges = accounts_of(customer), all_shown("customer_merges", merges_into(customer))
    seen = shown("customers", customer)
    months = spent_by_month(its_shop.id, customer.id)
    orders = latest_orders_of(its_shop.id, customer.id, LATEST)
    gap, (before, after) = usual_gap_of(its_shop.id, customer.id), beside(customer, metrics, listing)
    page = render_template(
        "customers/show.html",
        shop=its_shop,
        customer=seen,
        called=called(seen),
        where=where(seen),
        particulars=particulars(seen),
        masked=not is_seen(),
        listing=listing,
        metrics=metrics,
        average=average(metrics.total_spent, metrics.orders_count),
        gap=round(gap.total_seconds() / DAY) if gap else None,
        chart=month_chart({month.start: month.spent for month in months}, _("Spent"), its_shop.currency),
        orders=orders,
        older_count=metrics.orders_count - len(orders),
        older=metrics.total_spent - sum((order.total_shop for order in orders), Decimal(0)),
        adds_up=sum((month.spent for month in months), Decimal(0)) == metrics.total_spent,
        identity_title=identity_title(accounts, merges),
        identity=identity(seen, accounts, merges, its_shop.timezone, now),
        before=before,
        after=after,
        numbers=shop_numbers(),
        fresh=fresh([its_shop]),
        may_erase=may(Permission.ERASE),
    )
    record(Action.CUSTOMER_VIEWED, f"customer {customer.id}", its_shop)
    db.session.commit()
    return page


@bp.post("/customers/<shop>/<int:customer_id>/reveal")
@requires(Permission.READ_SALES)
@confirmed
def revealing(shop: str, customer_id: int) -> AnyResponse:
    """Show this one page plainly to this session for ten minutes, and keep why."""
    its_shop = shop_or_404(shop)
    page = f"/customers/{its_shop.slug}/{customer_or_404(its_shop, customer_id).id}"
    try:
        reveal(page, kept_secret(), f"customer {customer_id}", its_shop, request.form.get("reason", ""))
    except NoReason as refusal:
        flash(refusal.message, "warn")
    db.session.commit()
    return redirect(page, HTTPStatus.SEE_OTHER)


def customer_or_404(shop: Shop, customer_id: int) -> Customer:
    customer = customer_of(shop.id, customer_id) if customer_id <= HIGHEST_ID else None
    if customer is None:
        abort(HTTPStatus.NOT_FOUND)
    return customer


def customer_page(listing: Listing, shops: Sequence[Shop]) -> Page:
    """Return the keys of the listing's page and its total."""
    return page_of(db.session(), listing, scopes(listing, shops))


def beside(customer: Customer, metrics: CustomerMetrics, listing: Listing) -> list[str]:
    """Return the pages of the people before and behind this one in the list it was opened from; empty at its ends."""
    slugs = set(listing.shops)
    shops = [shop for shop in visible_shops() if not slugs or shop.slug in slugs]
    segment, key = place_of(customer, metrics, listing.sort)
    here = Key(segment, customer.shop_id, customer.id, key, customer.id)
    by_id = {shop.id: shop.slug for shop in shops}
    found = neighbours(db.session(), listing, scopes(listing, shops), here)
    return [record_address(listing, by_id[near.shop_id], near.row) if near else "" for near in found]


def newest_day(listing: Listing, rows: Sequence[CustomerRow], shops: Sequence[Shop]) -> date | None:
    """Return the latest day by which the shown rows are ordered, to go to another from."""
    zones = {shop.id: shop.zone for shop in shops}
    moments = [(row.created_at if listing.sort.name == "created" else row.last_order_at, row.shop_id) for row in rows]
    return max((at.astimezone(zones[shop_id]).date() for at, shop_id in moments if at), default=None)


def fresh(shops: Sequence[Shop]) -> Freshness:
    """People come with customers and with orders; their numbers are as fresh as the newest of both."""
    return overall(freshness([shop.id for shop in shops], ("orders", "customers")), shops, datetime.now(UTC))
