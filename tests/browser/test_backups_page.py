"""Backups in a real browser: a copy is asked for, restored beside, looked at, approved with a password, thrown away."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from playwright.sync_api import Page, expect
from redis import Redis
from sqlalchemy import select, text

from shop.backups import beside, jobs, taking
from shop.backups.files import backups_folder
from shop.backups.models import Restoration
from shop.config import Config
from shop.shops.models import Shop
from tests.browser.conftest import Shoot
from tests.browser.driving import visit
from tests.builders import PASSWORD, a_shop, an_order, an_owner, signed_in
from tests.snapshots.files import an_order_line, load, packed


@pytest.fixture
def olga(app: Flask, db: SQLAlchemy, serve: str, browser_page: Page) -> Page:
    """The browser of an owner who is signed in."""
    cookie = signed_in(app.test_client(), an_owner(password=PASSWORD)).get_cookie("pult")
    assert cookie is not None
    browser_page.context.add_cookies([{"name": "pult", "value": cookie.value, "url": serve}])
    return browser_page


@pytest.fixture
def copied(app: Flask, db: SQLAlchemy, config: Config) -> Iterator[int]:
    """Two shops with orders, a copy of them, and what came since."""
    shops = a_shop("dilna", name="Lněná dílna"), a_shop("stolni-kultura", name="Stolní kultura")
    for shop, count in zip(shops, (60, 25), strict=True):
        load(app, shop, packed(*(an_order_line(f"2026{number:04}") for number in range(count))))
    backup_id, found = taking.take("schedule")
    assert not found
    came_since(db, shops[0])
    yield backup_id
    db.session.remove()
    shutil.rmtree(backups_folder(config.data_dir))
    with psycopg.connect(config.database_url, autocommit=True) as connection:
        beside.drop(connection, beside.beside_name(connection.info.dbname))


def came_since(db: SQLAlchemy, shop: Shop) -> None:
    now = datetime.now(UTC)
    for number in range(7):
        an_order(shop, f"2026{900 + number:04}", placed_at=now - timedelta(minutes=9 * number), total_shop=Decimal(121))
    db.session.execute(
        text("""INSERT INTO daily_sales SELECT shop_id, CAST(:day AS date), status_code, 7, 7, 7, 847, 700, 0, 0, 0, 147, 0
                FROM daily_sales WHERE shop_id = :shop LIMIT 1"""),
        {"day": now.date(), "shop": shop.id},
    )
    db.session.commit()


def test_a_copy_is_restored_beside_looked_at_and_thrown_away(
    olga: Page, serve: str, db: SQLAlchemy, redis: Redis, shoot: Shoot, copied: int
) -> None:
    visit(olga, f"{serve}/backups/")
    shoot(olga, "backups")
    olga.locator("[data-row]").first.click()
    shoot(olga, "backups-copy")
    olga.get_by_role("button", name="Restore beside").dblclick()
    expect(olga.get_by_role("heading", name="Being restored beside the live database")).to_be_visible()
    shoot(olga, "backups-restoring")
    (restoration,) = db.session.scalars(select(Restoration.id)).all()
    assert redis.llen("rq:queue:ops") == 1
    db.session.rollback()
    jobs.restore_beside(restoration)
    expect(olga.get_by_role("heading", name="What would be lost by switching")).to_be_visible()
    expect(olga.get_by_text("7 orders").first).to_be_visible()
    olga.get_by_text("Days of Lněná dílna that differ").first.click()
    shoot(olga, "backups-difference")
    olga.get_by_label("Your password").fill(PASSWORD)
    olga.get_by_role("button", name="Approve the switch").click()
    expect(olga.get_by_text("flask backups switch --replace").first).to_be_visible()
    shoot(olga, "backups-approved")
    olga.get_by_role("button", name="Throw it away").click()
    expect(olga.get_by_text("The database beside is dropped").first).to_be_visible()


def test_a_copy_asked_for_is_watched_on_the_same_page(
    olga: Page, serve: str, db: SQLAlchemy, shoot: Shoot, config: Config
) -> None:
    visit(olga, f"{serve}/backups/")
    olga.get_by_role("button", name="Back up now").dblclick()
    expect(olga.get_by_role("heading", name="A copy is on its way")).to_be_visible()
    expect(olga).to_have_url(f"{serve}/backups/")
    assert db.session.execute(text("SELECT count(*) FROM task_runs")).scalar_one() == 1
    db.session.execute(
        text(
            "INSERT INTO backups (state, requested_by, phase, done, out_of) VALUES ('running', 'olga', 'dump', 40, 100)"
        )
    )
    db.session.commit()
    expect(olga.get_by_role("progressbar", name="Tables written")).to_have_attribute("value", "40")
    shoot(olga, "backups-running")
    db.session.execute(text("UPDATE backups SET state = 'failed', error = 'The disk refused.'"))
    db.session.execute(text("UPDATE task_runs SET state = 'failed'"))
    db.session.commit()
    expect(olga.get_by_role("button", name="Back up now")).to_be_visible()
