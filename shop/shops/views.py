"""The pages of the shops: which there are, one of them and its connection, and a new one."""

from collections.abc import Sequence
from http import HTTPStatus

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request
from sqlalchemy import ScalarSelect, select
from werkzeug.wrappers import Response

from shop import boundaries
from shop.config import Config
from shop.db import db
from shop.errors import ShopError
from shop.languages import AT_WORK, retold, spoken
from shop.languages import gettext as _
from shop.platforms.registry import PLATFORMS
from shop.shops import checking, connecting, webhook_registration
from shop.shops.connecting import Connection
from shop.shops.credentials import Credentials, Misstated
from shop.shops.models import Shop
from shop.shops.queries import shop_numbers
from shop.shops.reaching import webhook_url
from shop.snapshots.models import Snapshot
from shop.snapshots.queries import freshness
from shop.staff.access import may, requires, shop_or_404, visible_shops
from shop.staff.permissions import Permission

bp = Blueprint("shops", __name__, url_prefix="/shops")

KINDS = ("orders", "customers", "products")
WORDS = ("slug", "platform", "name", "base_url", "currency", "timezone")
FIRST = {"platform": "shoptet", "currency": "CZK", "timezone": "Europe/Prague"}  # what a new form proposes


@bp.get("/")
@requires(Permission.READ_OPERATIONS)
def index() -> str:
    shops = visible_shops()
    return render_template(
        "shops/index.html",
        shops=shops,
        kinds=KINDS,
        numbers=shop_numbers(),
        newest=newest_snapshots(shops),
        may_manage=may(Permission.MANAGE_SHOPS),
    )


@bp.get("/new")
@requires(Permission.MANAGE_SHOPS)
def new() -> str:
    return new_page(FIRST)


@bp.post("/")
@requires(Permission.MANAGE_SHOPS)
def create() -> Response:
    """Connect the shop. Its platform is asked from the shop's page."""
    given = {name: request.form.get(name, "").strip() for name in WORDS}
    given["currency"] = given["currency"].upper()
    try:
        with boundaries.lifted():
            shop = connecting.connect(
                Connection(**given, credentials=Credentials.of(request.form)), config().secret_key
            )
            boundaries.take_in(shop.id)
    except Misstated as error:
        db.session.rollback()
        return make_response(
            new_page(given | {"token_url": request.form.get("token_url", "")}, error), HTTPStatus.UNPROCESSABLE_ENTITY
        )
    db.session.commit()
    flash(_("%(name)s is connected. Nothing was asked of its platform yet: check the connection now.", name=shop.name))
    return to(shop)


@bp.get("/<shop>")
@requires(Permission.READ_OPERATIONS)
def show(shop: str) -> str:
    return show_page(shop_or_404(shop))


@bp.post("/<shop>/check")
@requires(Permission.RUN_SNAPSHOTS)
def check(shop: str) -> Response:
    """Ask the platform step by step; the steps are kept and shown on the shop's page."""
    checked = shop_or_404(shop)
    with spoken(AT_WORK.code):  # the steps are kept, and read by others
        report = checking.ask(checked, config(), db.session.commit)
    checking.keep(checked, report)
    db.session.commit()
    if report.failed:
        flash(
            _(
                "The check of %(name)s has failed: %(sentence)s",
                name=checked.name,
                sentence=retold(report.failed[0].sentence),
            ),
            "bad",
        )
    else:
        flash(_("The connection of %(name)s is good.", name=checked.name), "good")
    return to(checked)


@bp.post("/<shop>/token")
@requires(Permission.MANAGE_SHOPS)
def token(shop: str) -> str | Response:
    """Replace the token; the old one is gone, and neither is ever shown."""
    changed = shop_or_404(shop)
    try:
        connecting.replace_token(changed, Credentials.of(request.form), config().secret_key)
    except Misstated as error:
        db.session.rollback()
        return make_response(show_page(changed, error), HTTPStatus.UNPROCESSABLE_ENTITY)
    db.session.commit()
    flash(_("%(name)s has a new token. Check the connection now.", name=changed.name))
    return to(changed)


@bp.post("/<shop>/webhook")
@requires(Permission.MANAGE_SHOPS)
def webhook(shop: str) -> str | Response:
    """Register where the platform tells of finished exports, and renew the key of its signatures."""
    changed = shop_or_404(shop)
    url, replace = request.form.get("url", ""), request.form.get("replace") == "1"
    try:
        registered = webhook_registration.register(changed, config(), url, replace=replace, let_go=db.session.commit)
    except ShopError as error:
        db.session.rollback()
        return make_response(show_page(changed, webhook_error=error.message), HTTPStatus.UNPROCESSABLE_ENTITY)
    webhook_registration.keep(changed, registered, config().secret_key)
    db.session.commit()
    flash(registered.in_words(changed), "good" if registered.hook.is_ours else "warn")
    return to(changed)


@bp.post("/<shop>/pause")
@requires(Permission.MANAGE_SHOPS)
def pause(shop: str) -> Response:
    paused = shop_or_404(shop)
    connecting.pause(paused)
    db.session.commit()
    flash(_("%(name)s is paused. Its numbers stay; nothing is fetched until it is resumed.", name=paused.name), "warn")
    return to(paused)


@bp.post("/<shop>/resumption")
@requires(Permission.MANAGE_SHOPS)
def resumption(shop: str) -> Response:
    resumed = shop_or_404(shop)
    connecting.resume(resumed)
    db.session.commit()
    flash(_("%(name)s is active again.", name=resumed.name), "good")
    return to(resumed)


def new_page(given: dict[str, str], error: Misstated | None = None) -> str:
    """Render the form as it was filled in, but for the tokens."""
    errors = {error.name: error.message} if error else {}
    return render_template("shops/new.html", given=given, errors=errors, platforms=sorted(PLATFORMS))


def show_page(shop: Shop, token_error: Misstated | None = None, webhook_error: str = "") -> str:
    return render_template(
        "shops/show.html",
        shop=shop,
        number=shop_numbers()[shop.id],
        kinds=KINDS,
        newest=newest_snapshots([shop]),
        complete={fresh.kind: fresh for fresh in freshness([shop.id])},
        errors={token_error.name: token_error.message} if token_error else {},
        webhook_error=webhook_error,
        webhook_url=webhook_url(shop, config()),
        may_check=may(Permission.RUN_SNAPSHOTS),
        may_manage=may(Permission.MANAGE_SHOPS),
    )


def newest_snapshots(shops: Sequence[Shop]) -> dict[tuple[int, str], Snapshot]:
    """Return the newest run of each shop and kind: one step into the index for each, however many runs there were."""
    ids = select(*(newest_id(kind) for kind in KINDS)).where(Shop.id.in_([shop.id for shop in shops]))
    wanted = [id_ for row in db.session.execute(ids) for id_ in row if id_ is not None]
    found = db.session.scalars(select(Snapshot).where(Snapshot.id.in_(wanted)))
    return {(snapshot.shop_id, snapshot.kind): snapshot for snapshot in found}


def newest_id(kind: str) -> ScalarSelect[int]:
    ids = select(Snapshot.id).where(Snapshot.shop_id == Shop.id, Snapshot.kind == kind)
    return ids.order_by(Snapshot.id.desc()).limit(1).correlate(Shop).scalar_subquery()


def to(shop: Shop) -> Response:
    return redirect(f"/shops/{shop.slug}", HTTPStatus.SEE_OTHER)


def config() -> Config:
    found: Config = current_app.extensions["pult"]
    return found
