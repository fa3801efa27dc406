"""Connects the demo's shops, and keeps the demo away from an installation that has shops of its own."""

from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text

from shop.config import Config
from shop.db import db
from shop.demo.cast import SHOPS, DemoShop
from shop.demo.memory import Memory
from shop.errors import ShopError
from shop.local.commands import HOST
from shop.shops import checking, webhook_registration
from shop.shops.connecting import Connection, connect
from shop.shops.credentials import Credentials
from shop.shops.models import Shop
from shop.shops.queries import shop_by_slug


def refuse_other_shops(memory: Memory) -> None:
    """Refuse a database with shops that are not the demo's, before anything of it is changed, migrations too."""
    found = shops_here()
    slugs = {shop.slug for shop in SHOPS}
    others = [slug for slug, base_url in found if slug not in slugs or urlsplit(base_url or "").hostname != HOST]
    if others:
        raise ShopError(
            f"This installation has shops of its own ({', '.join(sorted(others)[:3])}). Nothing was changed; start it with "
            "`make run`, or give the demo a place of its own: PULT_DATA_DIR=var-demo make demo, without DATABASE_URL."
        )
    if found and not memory.journal.exists():
        raise ShopError(
            f"The demo's shops are in the database, but {memory.journal}, which says what happened in them, is gone. "
            "Nothing was changed; bring it back, or begin anew with another database and another PULT_DATA_DIR."
        )


def shops_here() -> list[tuple[str, str | None]]:
    with db.engine.connect() as connection:
        if connection.scalar(text("SELECT to_regclass('shops')")) is None:
            return []
        return [(row.slug, row.base_url) for row in connection.execute(text("SELECT slug, base_url FROM shops"))]


def connected(wanted: DemoShop, told: dict[str, Any], config: Config) -> Shop:
    """Return the demo's shop, added or led to where the simulator answers today, and checked. Commits."""
    shop = shop_by_slug(wanted.slug)
    if shop is None:
        shop = connect(connection_of(wanted, told), config.secret_key)
    shop.base_url = told["base_url"]
    db.session.commit()
    registered = webhook_registration.register(shop, config, "", replace=True, let_go=db.session.commit)
    webhook_registration.keep(shop, registered, config.secret_key)
    db.session.commit()
    checking.keep(shop, checking.ask(shop, config, db.session.commit))
    db.session.commit()
    return shop


def connection_of(wanted: DemoShop, told: dict[str, Any]) -> Connection:
    return Connection(
        slug=wanted.slug,
        name=wanted.name,
        platform="shoptet",
        currency=wanted.profile.currency,
        timezone=wanted.profile.timezone,
        base_url=told["base_url"],
        credentials=Credentials(token=told["private_token"]),
    )
