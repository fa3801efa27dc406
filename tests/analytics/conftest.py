"""A shop for the overview, with Olga looking at it."""

import pytest
from flask.testing import FlaskClient

from shop.shops.models import Shop
from tests.analytics.ledger import know_statuses
from tests.builders import a_shop, an_owner, signed_in


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A shop that sells every day, with a person who returns and one who is new; Olga looks at it."""
    shop = a_shop("praha")
    know_statuses(shop)
    signed_in(client, an_owner())
    return shop
