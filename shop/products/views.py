"""The pages of products, and the same rows for programs."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, jsonify, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from shop.audit.recording import Action, record
from shop.db import db
from shop.languages import gettext as _
from shop.listing.answers import Freshness, json_page, overall
from shop.listing.asked import asked, opened_from, root, secret, tidied
from shop.listing.cells import Fields
from shop.listing.links import Links, added, sums_by_currency
from shop.listing.listing import Listing
from shop.listing.marks import Marks
from shop.listing.months import month_chart
from shop.listing.page import Page, page_of
from shop.listing.scopes import scopes
from shop.listing.streaming import csv_response
from shop.listing.window import Key
from shop.orders.queries import latest_orders_with
from shop.personal import all_shown
from shop.products.fields import HEADER, MONEY, product_fields
from shop.products.lists import FIELDS, PRODUCTS
from shop.products.models import Product
from shop.products.queries import months_of, product_of, product_rows, sales_without_sku, variants_of
from shop.products.row_cells import row_cells
from shop.products.sheet import address, each, offer, particulars, quantity, stock_of, summed
from shop.shops.models import Shop
from shop.shops.queries import shop_numbers
from shop.snapshots.queries import freshness
from shop.staff.access import chosen_shops, may, note_program, requires, shop_or_404
from shop.staff.permissions import Permission

bp = Blueprint("products", __name__)

HIGHEST_ID = 2**63 - 1
LATEST = 10  # orders shown on a product's page


@bp.get("/products/")
@requires(Permission.READ_SALES)
def index() -> str | AnyResponse:
    listing = asked(PRODUCTS)
    elsewhere = tidied(listing)
    if elsewhere is not None:
        return elsewhere
    shops = chosen_shops()
    page = product_page(listing, shops)
    rows, by_id = product_rows(db.session(), page.keys), {shop.id: shop for shop in shops}
    links = Links(listing, page, secret())
    return render_template(
        "products/index.html",
        listing=listing,
        links=links,
        rows=rows,
        cells=row_cells(rows, by_id, links, Marks(shop_numbers(), datetime.now(UTC))),
        sums=sums_by_currency(page.total.sums, shops),
        page_sums=sums_by_currency(added((row.shop_id, row.sales) for row in rows), shops),
        without_sku=sums_by_currency(sales_without_sku([shop.id for shop in shops]), shops),
        shops=by_id,
        fields=FIELDS,
        quantity=quantity,
        fresh=fresh(shops),
        may_export=may(Permission.EXPORT),
        may_load=may(Permission.RUN_SNAPSHOTS),
    )


@bp.get("/products.json")
@requires(Permission.READ_SALES)
def rows() -> Response:
    listing, shops = asked(PRODUCTS), chosen_shops()
    page = product_page(listing, shops)
    by_id, base = {shop.id: shop for shop in shops}, root()
    found = [product_fields(row, by_id, base) for row in product_rows(db.session(), page.keys)]
    answer = json_page(Links(listing, page, secret()), found, fresh(shops), base)
    note_program("/products.json", listing.address(suffix=""), len(found))
    return jsonify(answer)


@bp.get("/products.csv")
@requires(Permission.EXPORT)
def download() -> Response:
    listing, shops = asked(PRODUCTS), chosen_shops()
    by_id, base = {shop.id: shop for shop in shops}, root()

    def batch(session: Session, keys: Sequence[Key]) -> Iterable[Fields]:
        return [product_fields(row, by_id, base) for row in product_rows(session, keys)]

    record(Action.EXPORTED, "/products.csv", query=listing.address(suffix=""), rows=None)
    db.session.commit()
    return csv_response(
        db.engine, listing, scopes(listing, shops), HEADER, batch, money=MONEY, as_of=fresh(shops).as_of
    )


@bp.get("/products/<shop>/<int:product_id>")
@requires(Permission.READ_SALES)
def show(shop: str, product_id: int) -> str:
    its_shop = shop_or_404(shop)
    product = product_or_404(its_shop, product_id)
    variants = variants_of(product)
    skus = [row.sku for row in variants]
    months = months_of(its_shop.id, skus)
    units, sales = summed(variants)
    return render_template(
        "products/show.html",
        shop=its_shop,
        product=product,
        offer=offer(product),
        particulars=particulars(product),
        listing=opened_from(PRODUCTS),
        variants=variants,
        units=units,
        sales=sales,
        stock=stock_of(variants),
        each=each(sales, units),
        address=address(product),
        adds_up=sum((month.sales for month in months), 0 * sales) == sales,
        chart=month_chart({month.start: month.sales for month in months}, _("Sales"), its_shop.currency),
        orders=all_shown("orders", latest_orders_with(its_shop.id, skus, LATEST)),
        orders_href="/orders/?" + urlencode([("shop", its_shop.slug), *(("sku", sku) for sku in skus)]),
        quantity=quantity,
        numbers=shop_numbers(),
        fresh=fresh([its_shop]),
    )


def product_or_404(shop: Shop, product_id: int) -> Product:
    product = product_of(shop.id, product_id) if product_id <= HIGHEST_ID else None
    if product is None:
        abort(HTTPStatus.NOT_FOUND)
    return product


def product_page(listing: Listing, shops: Sequence[Shop]) -> Page:
    """Return the keys of the listing's page and its total."""
    return page_of(db.session(), listing, scopes(listing, shops))


def fresh(shops: Sequence[Shop]) -> Freshness:
    """Products come with products and with orders; their numbers are as fresh as the newest of both."""
    return overall(freshness([shop.id for shop in shops], ("orders", "products")), shops, datetime.now(UTC))
