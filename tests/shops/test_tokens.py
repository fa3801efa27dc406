"""The access token in the shop's row: sealed, shared, and renewed once however many workers meet its end."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.config import Config
from shop.db import connector
from shop.platforms import failures
from shop.platforms.tokens import AccessToken
from shop.shops import tokens
from shop.shops.tokens import ShopTokens
from tests.builders import a_shop
from tests.platforms.scripted import Clock, playing
from tests.platforms.test_shoptet_tokens import calls_made_at_expiry

NOW = datetime(2026, 9, 21, 18, 0, tzinfo=UTC)
FIRST = AccessToken("222651-a-1-XXXX", NOW + timedelta(minutes=30))
SECOND = AccessToken("222651-a-2-XXXX", NOW + timedelta(minutes=60))


def store_of(shop_id: int, key: str = "a key", now: Callable[[], datetime] = lambda: NOW) -> ShopTokens:
    return ShopTokens(shop_id, key, connector(), now)


def test_a_token_is_fetched_once_kept_and_shared(db: SQLAlchemy) -> None:
    shop = a_shop()
    assert store_of(shop.id).current() is None
    assert store_of(shop.id).refreshed(None, lambda: FIRST) == FIRST
    assert store_of(shop.id).current() == FIRST
    assert store_of(shop.id).refreshed(None, lambda: pytest.fail("it is fresh")) == FIRST
    assert store_of(a_shop().id).current() is None, "and no other shop has it"


def test_it_is_sealed_in_the_row_and_opens_in_no_other(db: SQLAlchemy) -> None:
    shop, other = a_shop(), a_shop()
    store_of(shop.id).refreshed(None, lambda: FIRST)
    sealed, until = db.session.execute(
        text("SELECT access_token, access_token_expires_at FROM shops ORDER BY id LIMIT 1")
    ).one()
    assert b"222651" not in bytes(sealed)
    assert until == FIRST.expires_at
    db.session.execute(
        text("UPDATE shops SET access_token = :s, access_token_expires_at = :u"), {"s": sealed, "u": until}
    )
    db.session.commit()
    assert store_of(other.id).current() is None
    assert store_of(shop.id, "another key").current() is None, "under a new SECRET_KEY it is simply fetched again"
    assert store_of(shop.id, "another key").refreshed(None, lambda: SECOND) == SECOND


def test_the_one_that_failed_is_replaced_and_a_newer_one_is_taken_as_it_is(db: SQLAlchemy) -> None:
    shop = a_shop()
    store_of(shop.id).refreshed(None, lambda: FIRST)
    assert store_of(shop.id).refreshed(FIRST.value, lambda: SECOND) == SECOND
    assert store_of(shop.id).refreshed(FIRST.value, lambda: pytest.fail("somebody has renewed it")) == SECOND


@pytest.mark.parametrize(("minutes", "kept"), [(28, True), (28.6, False), (31, False)])
def test_a_token_is_renewed_a_minute_and_a_half_before_its_end(db: SQLAlchemy, minutes: float, kept: bool) -> None:
    shop = a_shop()
    store_of(shop.id).refreshed(None, lambda: FIRST)
    later = store_of(shop.id, now=lambda: NOW + timedelta(minutes=minutes))
    assert (later.refreshed(None, lambda: SECOND) == FIRST) == kept


def test_two_workers_that_meet_expiry_refresh_once(db: SQLAlchemy) -> None:
    shop = a_shop()
    store_of(shop.id).refreshed(None, lambda: FIRST)
    meeting = threading.Barrier(8)
    connect, fetched, got = connector(), [], []

    def fetch() -> AccessToken:
        fetched.append(1)
        threading.Event().wait(0.3)  # long enough for all the others to wait at the lock
        return SECOND

    def work() -> None:
        store = ShopTokens(shop.id, "a key", connect, lambda: NOW)
        meeting.wait(20)
        got.append(store.refreshed(FIRST.value, fetch))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert got == [SECOND] * 8
    assert fetched == [1]


def test_two_workers_that_meet_expiry_in_the_middle_of_their_calls_refresh_once(db: SQLAlchemy) -> None:
    """The whole way: two clients, two connections to PostgreSQL, one platform that has just forgotten the token."""
    shop, clock = a_shop(), Clock()
    with playing() as script:
        stores = [store_of(shop.id, now=clock.now) for _ in range(2)]
        assert calls_made_at_expiry(script, clock, *stores) == 1
    kept = stores[0].current()
    assert kept is not None
    assert kept.value == "222651-a-1-XXXX"


def test_a_fetch_that_fails_keeps_what_was_there_and_lets_the_next_one_try(db: SQLAlchemy) -> None:
    shop = a_shop()
    store_of(shop.id).refreshed(None, lambda: FIRST)

    def fetch() -> AccessToken:
        raise failures.Faltered("It failed.")

    with pytest.raises(failures.Faltered):
        store_of(shop.id).refreshed(FIRST.value, fetch)
    assert store_of(shop.id).current() == FIRST
    assert store_of(shop.id).refreshed(FIRST.value, lambda: SECOND) == SECOND


def test_a_renewal_keeps_nobody_from_writing_what_belongs_to_the_shop(db: SQLAlchemy, config: Config) -> None:
    shop = a_shop()

    def fetch() -> AccessToken:
        with psycopg.connect(config.database_url, options="-c lock_timeout=1s") as other:
            other.execute("SELECT 1 FROM shops WHERE id = %s FOR KEY SHARE", (shop.id,))  # what a foreign key takes
        return FIRST

    assert store_of(shop.id).refreshed(None, fetch) == FIRST


def test_a_lock_that_is_held_for_ever_is_a_transient_failure(
    db: SQLAlchemy, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = a_shop()
    monkeypatch.setattr(tokens, "PATIENCE", "100ms")
    with psycopg.connect(config.database_url) as other:
        other.execute("SELECT 1 FROM shops WHERE id = %s FOR UPDATE", (shop.id,))
        with pytest.raises(failures.Locked) as caught:
            store_of(shop.id).refreshed(None, lambda: FIRST)
    assert caught.value.transient
