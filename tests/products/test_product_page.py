"""A product's page says in the reader's words where the shop shows it; a word that is not known yet stays the platform's."""

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests.builders import a_manager, a_product, a_shop, signed_in
from tests.page import Page


@pytest.mark.parametrize(
    ("visibility", "english", "czech"),
    [
        ("visible", "Visible", "Viditelný"),
        ("block-unregistered", "Visible, bought by registered customers", "Viditelný, koupí jen registrovaní"),
        ("detail-only", "By its address only", "Jen přímou adresou"),
        ("moonlight-only", "moonlight-only", "moonlight-only"),
    ],
)
def test_where_a_product_is_shown(
    client: FlaskClient, db: SQLAlchemy, visibility: str, english: str, czech: str
) -> None:
    shop = a_shop("praha")
    product = a_product(shop, visibility=visibility)
    signed_in(client, a_manager([shop]))
    for language, words in (("en", english), ("cs", czech)):
        answer = client.get(f"/products/praha/{product.id}", headers={"Accept-Language": language})
        assert f"<dd>{words}</dd>" in answer.text


def test_a_product_of_unknown_visibility_says_nothing_of_it(client: FlaskClient, db: SQLAlchemy) -> None:
    shop = a_shop("praha")
    product = a_product(shop)
    signed_in(client, a_manager([shop]))
    assert not Page(client.get(f"/products/praha/{product.id}").text).has("Visibility")


def test_another_shops_product_does_not_exist(client: FlaskClient, db: SQLAlchemy) -> None:
    theirs, other = a_shop("praha"), a_shop("brno")
    product = a_product(other, visibility="visible")
    signed_in(client, a_manager([theirs]))
    assert client.get(f"/products/brno/{product.id}").status_code == 404
    assert client.get(f"/products/praha/{product.id}").status_code == 404
