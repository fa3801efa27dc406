"""Which shops there are, and the number that gives each its colour."""

from flask import g, has_request_context
from sqlalchemy import select

from shop.boundaries import lifted
from shop.db import db
from shop.shops.models import Shop

EVERY = select(Shop).order_by(Shop.id)


def shop_by_slug(slug: str) -> Shop | None:
    return db.session.scalar(select(Shop).where(Shop.slug == slug))


def locked_shop(id_: int) -> Shop:
    """Return the shop as it is now, its row locked; rows that belong to it can still be written."""
    query = select(Shop).where(Shop.id == id_).with_for_update(key_share=True)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def all_shops() -> list[Shop]:
    """Return every shop in the order it was connected."""
    return list(db.session.scalars(EVERY))


def shop_numbers() -> dict[int, int]:
    """Return each shop's number by its id, counted from 1 in the order of connection: colour and key everywhere.

    A page asks for them in its frame and in its rows; those of the shops that its person may see are known by then.
    """
    if not has_request_context():
        return numbered()
    if "shop_numbers" not in g:
        g.shop_numbers = numbered()
    return dict(g.shop_numbers)


def numbered() -> dict[int, int]:
    return {id_: number for number, id_ in enumerate(db.session.scalars(select(Shop.id).order_by(Shop.id)), start=1)}


def home_zone() -> str:
    """Return the zone for what belongs to no shop: that of the first one connected, UTC before there is one."""
    with lifted():
        return db.session.scalar(select(Shop.timezone).order_by(Shop.id).limit(1)) or "UTC"
