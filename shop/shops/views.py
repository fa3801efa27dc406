"""The page of the shops: what each is, and what was last fetched from it."""

from collections.abc import Sequence
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template
from sqlalchemy import ScalarSelect, select
from werkzeug.wrappers import Response

from shop.db import db
from shop.shops import connecting
from shop.shops.models import Shop
from shop.shops.queries import shop_numbers
from shop.snapshots.models import Snapshot
from shop.staff.access import may, requires, shop_or_404, visible_shops
from shop.staff.permissions import Permission

bp = Blueprint("shops", __name__, url_prefix="/shops")

KINDS = ("orders", "customers", "products")


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


@bp.post("/<shop>/pause")
@requires(Permission.MANAGE_SHOPS)
def pause(shop: str) -> Response:
    paused = shop_or_404(shop)
    connecting.pause(paused)
    db.session.commit()
    flash(f"{paused.name} is paused. Its numbers stay; nothing is fetched until it is resumed.", "warn")
    return redirect("/shops/", HTTPStatus.SEE_OTHER)


@bp.post("/<shop>/resumption")
@requires(Permission.MANAGE_SHOPS)
def resumption(shop: str) -> Response:
    resumed = shop_or_404(shop)
    connecting.resume(resumed)
    db.session.commit()
    flash(f"{resumed.name} is active again.", "good")
    return redirect("/shops/", HTTPStatus.SEE_OTHER)


def newest_snapshots(shops: Sequence[Shop]) -> dict[tuple[int, str], Snapshot]:
    """Return the newest run of each shop and kind: one step into the index for each, however many runs there were."""
    ids = select(*(newest_id(kind) for kind in KINDS)).where(Shop.id.in_([shop.id for shop in shops]))
    wanted = [id_ for row in db.session.execute(ids) for id_ in row if id_ is not None]
    found = db.session.scalars(select(Snapshot).where(Snapshot.id.in_(wanted)))
    return {(snapshot.shop_id, snapshot.kind): snapshot for snapshot in found}


def newest_id(kind: str) -> ScalarSelect[int]:
    ids = select(Snapshot.id).where(Snapshot.shop_id == Shop.id, Snapshot.kind == kind)
    return ids.order_by(Snapshot.id.desc()).limit(1).correlate(Shop).scalar_subquery()
