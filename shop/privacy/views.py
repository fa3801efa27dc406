"""The page on which a customer is erased: what would go, what stays, the number typed once more."""

from http import HTTPStatus

from flask import Blueprint, abort, current_app, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from shop.boundaries import lifted
from shop.config import Config
from shop.customers.models import Customer
from shop.customers.queries import customer_of, metrics_of
from shop.customers.sheet import called
from shop.errors import Conflict
from shop.formatting import plural
from shop.languages import gettext as _
from shop.personal import shown
from shop.privacy import erasing
from shop.privacy.queries import preview_of
from shop.shops.models import Shop
from shop.staff.access import requires, shop_or_404
from shop.staff.confirmation import confirmed
from shop.staff.permissions import Permission

bp = Blueprint("privacy", __name__)
HIGHEST_ID = 2**63 - 1


@bp.get("/customers/<shop>/<int:customer_id>/erasure")
@requires(Permission.ERASE)
def preview(shop: str, customer_id: int) -> str | Response:
    its_shop = shop_or_404(shop)
    customer = customer_or_404(its_shop, customer_id)
    if customer.erased_at is not None or customer.merged_into is not None:
        return to_customer(its_shop, customer.merged_into or customer.id)
    return page(its_shop, customer)


@bp.post("/customers/<shop>/<int:customer_id>/erasure")
@requires(Permission.ERASE)
@confirmed
def erase(shop: str, customer_id: int) -> Response:
    """Erase the customer. Whoever presses twice, or second, is led to what is left."""
    its_shop = shop_or_404(shop)
    customer = customer_or_404(its_shop, customer_id)
    if customer.erased_at is not None or customer.merged_into is not None:
        return to_customer(its_shop, customer.merged_into or customer.id)
    if request.form.get("number", "").strip() != str(customer.id):
        refused = page(its_shop, customer, _("This is not the number of this customer. Nothing was changed."))
        return make_response(refused, HTTPStatus.UNPROCESSABLE_ENTITY)
    config: Config = current_app.extensions["pult"]
    slug = its_shop.slug
    try:
        with lifted():
            done = erasing.erase(its_shop, customer_id, config)
    except Conflict as error:
        its_shop = shop_or_404(slug)
        return make_response(page(its_shop, customer_or_404(its_shop, customer_id), error.message), error.status)
    flash(
        _(
            "Customer %(customer)s is erased. %(orders)s amounts; %(files)s written anew within hours.",
            customer=customer_id,
            orders=plural(done.orders, "order keeps its", "orders keep their"),
            files=plural(done.files, "stored file is", "stored files are"),
        )
    )
    return redirect(f"/customers/{slug}/{customer_id}", HTTPStatus.SEE_OTHER)


def page(shop: Shop, customer: Customer, error: str = "") -> str:
    seen = shown("customers", customer)
    return render_template(
        "privacy/erasure.html",
        shop=shop,
        customer=seen,
        called=called(seen),
        metrics=metrics_of(customer),
        told=preview_of(customer),
        error=error,
    )


def customer_or_404(shop: Shop, customer_id: int) -> Customer:
    customer = customer_of(shop.id, customer_id) if customer_id <= HIGHEST_ID else None
    if customer is None:
        abort(HTTPStatus.NOT_FOUND)
    return customer


def to_customer(shop: Shop, customer_id: int) -> Response:
    return redirect(f"/customers/{shop.slug}/{customer_id}", HTTPStatus.SEE_OTHER)
