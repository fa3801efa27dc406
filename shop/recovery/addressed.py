"""What an address of the recovery page names: a failure that the person may see, and the shops that it is about."""

from http import HTTPStatus

from flask import abort, request

from shop.db import db
from shop.shops.models import Shop
from shop.snapshots.models import FailedSnapshot, Snapshot
from shop.staff.access import chosen_shops, refuse, visible_shops

HIGHEST_ID = 2**63 - 1


def failure_or_404(failure_id: int) -> FailedSnapshot:
    """Return a failure of one of the person's shops; any other does not exist."""
    failed = db.session.get(FailedSnapshot, failure_id) if failure_id <= HIGHEST_ID else None
    if failed is None:
        abort(HTTPStatus.NOT_FOUND)
    if failed.shop_id not in {shop.id for shop in visible_shops()}:
        refuse(HTTPStatus.NOT_FOUND, needs=f"failure {failure_id}")
    return failed


def shop_of(row: FailedSnapshot | Snapshot) -> Shop:
    return next(shop for shop in visible_shops() if shop.id == row.shop_id)


def asked_ids() -> list[int]:
    """Return the numbers of the shops that the page was about."""
    return [shop.id for shop in chosen_shops()]


def only_shop() -> Shop | None:
    shops = chosen_shops()
    return shops[0] if len(shops) == 1 else None


def query() -> str:
    """Return which shops the page was about, as its forms carry it on."""
    slugs = ",".join(request.args.getlist("shop"))
    return f"?shop={slugs}" if slugs else ""
