"""How often a sign-in may be tried, by account and by address, in one process or many."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis

from shop.config import Config
from shop.proxies import networks
from shop.staff.throttle import Throttle
from tests.builders import PASSWORD, a_manager, a_shop, an_owner, another_app
from tests.page import Page
from tests.staff.acting import is_signed_in, sign_in, trail


def test_the_sixth_try_for_an_account_waits_even_with_the_right_password(client: FlaskClient, db: SQLAlchemy) -> None:
    an_owner(password=PASSWORD)
    for left in (4, 3, 2):
        assert f"{left} tries are left" in sign_in(client, password="wrong").text.replace("\xa0", " ")
    assert "1 try is left" in sign_in(client, password="wrong").text.replace("\xa0", " ")
    assert "That was the last try for now" in sign_in(client, password="wrong").text
    refused = sign_in(client)
    assert refused.status_code == 429
    assert Page(refused.text).has("There were too many tries for this account or from this address.")
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60
    assert not is_signed_in(client)
    assert len(trail(db)) == 5, "a try that was not looked at must not fill the trail"


def test_an_account_is_guarded_against_many_addresses(client: FlaskClient, app: Flask) -> None:
    an_owner(password=PASSWORD)
    for number in range(5):
        client.environ_base["REMOTE_ADDR"] = f"10.0.0.{number}"
        sign_in(client, password="wrong")
    other = app.test_client()
    other.environ_base["REMOTE_ADDR"] = "10.9.9.9"
    assert sign_in(other).status_code == 429
    a_manager([a_shop()], password=PASSWORD)
    assert sign_in(other, "adam@example.com").status_code == 303, "another account is not held up"


def test_one_address_may_not_guess_through_the_accounts(client: FlaskClient) -> None:
    codes = [sign_in(client, f"person-{number}@example.com", "summer2026").status_code for number in range(31)]
    assert codes == [401] * 30 + [429]


def test_a_success_forgets_the_tries_of_the_account(client: FlaskClient) -> None:
    an_owner(password=PASSWORD)
    for _ in range(4):
        sign_in(client, password="wrong")
    assert sign_in(client).status_code == 303
    with client.session_transaction() as session:
        session.clear()
    assert "4 tries are left" in sign_in(client, password="wrong").text.replace("\xa0", " ")


def test_redis_never_holds_the_e_mail_that_was_typed(client: FlaskClient, redis: Redis) -> None:
    sign_in(client, "olga@example.com", "wrong")
    keys = redis.keys("pult:tries*")
    assert keys
    assert not [key for key in keys if b"olga" in key]


def test_while_redis_is_away_people_sign_in_and_guessing_is_still_counted(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = Throttle("redis://127.0.0.1:1/0")
    monkeypatch.setitem(client.application.extensions, "sign_in_throttle", alone)
    an_owner(password=PASSWORD)
    for _ in range(5):
        sign_in(client, password="wrong")
    assert sign_in(client).status_code == 429
    a_manager([a_shop()], password=PASSWORD)
    assert sign_in(client, "adam@example.com").status_code == 303


@pytest.mark.parametrize(
    ("peer", "claimed", "believed"),
    [
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "somewhere", "127.0.0.1"),
        ("198.51.100.9", "203.0.113.7", "198.51.100.9"),
        ("::1", "2001:db8::7", "2001:db8::7"),
    ],
)
def test_only_a_proxy_on_this_machine_speaks_for_others_as_long_as_no_other_is_named(
    client: FlaskClient, db: SQLAlchemy, peer: str, claimed: str, believed: str
) -> None:
    client.environ_base["REMOTE_ADDR"] = peer
    client.environ_base["HTTP_X_FORWARDED_FOR"] = claimed
    sign_in(client, password="wrong")
    assert str(trail(db)[0].address) == believed


@pytest.mark.parametrize(
    ("peer", "claimed", "believed"),
    [
        ("172.18.0.5", "203.0.113.7", "203.0.113.7"),
        ("::ffff:172.18.0.5", "203.0.113.7", "203.0.113.7"),
        ("172.18.0.5", "198.51.100.1, 203.0.113.7, 172.18.0.9", "203.0.113.7"),  # the proxy before the proxy
        ("172.18.0.5", "198.51.100.1, somewhere", "172.18.0.5"),
        ("172.18.0.5", "", "172.18.0.5"),
        ("172.19.0.5", "203.0.113.7", "172.19.0.5"),
        ("203.0.113.7", "172.18.0.5", "203.0.113.7"),
    ],
)
def test_a_proxy_that_is_named_speaks_for_others(
    config: Config, db: SQLAlchemy, peer: str, claimed: str, believed: str
) -> None:
    """In a container of its own it is not on this machine; nobody else can claim to be one."""
    with another_app(replace(config, trusted_proxies=networks("172.18.0.0/16"))) as app:
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = peer
        client.environ_base["HTTP_X_FORWARDED_FOR"] = claimed
        sign_in(client, password="wrong")
    assert str(trail(db)[0].address) == believed
