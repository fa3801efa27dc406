"""A shop that knows its statuses, and Adam who manages it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from shop.shops.models import Shop
from tests.builders import a_manager, a_shop, signed_in
from tests.listing.rows import know_statuses


@pytest.fixture
def shop(db: SQLAlchemy) -> Shop:
    shop = a_shop("linen", name="Lněná dílna")
    know_statuses(shop)
    return shop


@pytest.fixture
def adam(app: Flask, shop: Shop) -> FlaskClient:
    return signed_in(app.test_client(), a_manager([shop]))
