"""The pages of orders, and the same rows for programs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus

from flask import Blueprint, abort, jsonify, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from shop.audit.recording import Action, record
from shop.db import db
from shop.listing.answers import Freshness, json_page, overall
from shop.listing.asked import LIST_PARAMETER, asked, opened_from, root, secret, tidied
from shop.listing.cells import Fields
from shop.listing.links import Links, sums_by_currency
from shop.listing.listing import Listing
from shop.listing.page import Page, neighbours, page_of
from shop.listing.scopes import Scope
from shop.listing.streaming import csv_response
from shop.listing.window import Key
from shop.orders.fields import HEADER, order_fields
from shop.orders.history import happenings
from shop.orders.lists import ORDERS, folded_total, order_scopes
from shop.orders.models import Order, OrderStatus
from shop.orders.queries import lines_of, order_of, order_rows, revisions_of, standing_of, statuses_of
from shop.orders.sums import sums_of
from shop.shops.models import Shop
from shop.shops.queries import shop_numbers
from shop.snapshots.queries import freshness
from shop.staff.access import chosen_shops, may, requires, shop_or_404, signed_in, visible_shops
from shop.staff.permissions import Permission

bp = Blueprint("orders", __name__)


@bp.get("/orders/")
@requires(Permission.READ_SALES)
def index() -> str | Response:
    listing = asked(ORDERS)
    elsewhere = tidied(listing)
    if elsewhere is not None:
        return elsewhere
    shops, statuses = chosen_shops(), visible_statuses()
    page = order_page(listing, shops, statuses)
    rows = order_rows(db.session(), page.keys)
    return render_template(
        "orders/index.html",
        listing=listing,
        links=Links(listing, page, secret()),
        rows=rows,
        sums=sums_by_currency(page.total.sums, shops),
        page_sums=sums_by_currency(summed({row.shop_id: Decimal(0) for row in rows}, rows), shops),
        shops={shop.id: shop for shop in shops},
        numbers=shop_numbers(),
        statuses=named(statuses),
        fresh=fresh(shops),
        may_export=may(Permission.EXPORT),
    )
