"""Where platforms tell that an export is done: signed, bounded, stored, and a worker woken; nothing else happens here."""

from http import HTTPStatus

from flask import Blueprint, current_app, request
from werkzeug.wrappers import Response

from shop.config import Config
from shop.db import db
from shop.errors import ShopError, failure_page
from shop.languages import gettext as _
from shop.platforms.failures import PlatformFailure
from shop.platforms.registry import platform as platform_named
from shop.shops.models import Shop
from shop.shops.queries import shop_by_slug
from shop.shops.webhook_keys import keys_of
from shop.snapshots import jobs, noticing
from shop.staff.access import public

bp = Blueprint("webhooks", __name__)
LARGEST = 64 << 10


class NotSigned(ShopError):
    """Whoever calls has not shown that they are the platform."""

    status = HTTPStatus.UNAUTHORIZED


@bp.post("/webhooks/<platform>/<shop>")
@public
def notice(platform: str, shop: str) -> Response | tuple[str, int]:
    """Take a notice. The signature stands for the sender, so there is no session and no token of a form."""
    request.max_content_length = LARGEST
    body = request.get_data(cache=False)
    its = shop_by_slug(shop)
    if its is None or its.platform != platform:
        return failure_page(HTTPStatus.NOT_FOUND)
    runs = noted(its, body)
    db.session.commit()
    for run in runs:
        jobs.enqueue(run)
    return "", HTTPStatus.OK


def noted(shop: Shop, body: bytes) -> list[int]:
    config: Config = current_app.extensions["pult"]
    try:
        told = platform_named(shop.platform).notice(dict(request.headers), body, keys_of(shop, config.secret_key))
    except PlatformFailure as failure:
        raise NotSigned(f"{failure.happened} {_('Nothing was changed.')}") from failure
    if shop.platform_shop_id is not None and told.shop_id != shop.platform_shop_id:
        raise NotSigned(_("The notice is about another shop. Nothing was changed."))
    return noticing.note(shop, told)
