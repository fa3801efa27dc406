"""One shop, ready to be loaded."""

import pytest
from flask_sqlalchemy import SQLAlchemy

from shop.shops.models import Shop


@pytest.fixture
def shop(db: SQLAlchemy) -> Shop:
    shop = Shop(slug="dilna", name="Dílna", platform="shoptet", currency="CZK", timezone="Europe/Prague")
    db.session.add(shop)
    db.session.commit()
    return shop
