"""Failures of the kinds that a machine cannot mend, as an operator ends them: by reading, by pressing, in a real browser."""

from collections.abc import Callable

import psycopg
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from playwright.sync_api import Page, expect
from sqlalchemy import func, select, text

from shop.errors import ShopError
from shop.orders.models import Order
from shop.platforms.failures import ContractBroken
from shop.shops.models import Shop
from shop.snapshots import conducting
from shop.snapshots.conducting import conduct
from shop.snapshots.models import FailedSnapshot, Snapshot
from tests.browser.conftest import Shoot
from tests.browser.driving import visit
from tests.builders import a_failure, a_shop, an_operator, signed_in
from tests.snapshots.failures import CRASH, FOR_GOOD
from tests.snapshots.files import an_order_line, load, packed, stored_run

FILE = packed(*(an_order_line(str(number)) for number in range(5)))
TRIES = 4
MET = {
    "database_full": (psycopg.errors.DiskFull("could not extend file"), "The database’s disk is full"),
    "database_busy": (psycopg.errors.DeadlockDetected("a victim"), "The database was busy"),
    "contract_broken": (
        ContractBroken("The platform answered with a page in the place of data."),
        "The platform does not answer as it should",
    ),
}
Sign = Callable[[Shop], Page]


@pytest.fixture
def sign_in(app: Flask, db: SQLAlchemy, serve: str, browser_page: Page) -> Sign:
    """Open the browser as the operator of a shop."""

    def signed(shop: Shop) -> Page:
        cookie = signed_in(app.test_client(), an_operator([shop])).get_cookie("pult")
        assert cookie is not None
        browser_page.context.add_cookies([{"name": "pult", "value": cookie.value, "url": serve}])
        return browser_page

    return signed


def carried_out(app: Flask, db: SQLAlchemy, run: int) -> Snapshot:
    """Let a worker take the run up, its rest being over."""
    db.session.rollback()
    db.session.execute(text("UPDATE snapshots SET look_at = clock_timestamp() WHERE look_at IS NOT NULL"))
    db.session.commit()
    conduct(run, app.extensions["pult"])
    db.session.rollback()
    return db.session.get_one(Snapshot, run)


def failing_for_good(app: Flask, db: SQLAlchemy, run: int, error: Exception) -> None:
    """Let the run meet the error until it is left to a person."""

    def broken(name: str) -> None:
        if name == "publish.before_commit":
            raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conducting, "fault_point", broken)
        for _ in range(TRIES):
            try:
                carried_out(app, db, run)
            except ShopError:
                break
    db.session.rollback()
    assert db.session.scalar(select(FailedSnapshot.resolved_at).where(FailedSnapshot.snapshot_id == run)) is None


@pytest.mark.parametrize("code", MET)
def test_what_passes_is_tried_again_by_a_press(
    app: Flask, db: SQLAlchemy, serve: str, sign_in: Sign, shoot: Shoot, code: str
) -> None:
    shop = a_shop("praha", name="Praha")
    error, title = MET[code]
    run = stored_run(app, shop, FILE)
    failing_for_good(app, db, run, error)
    page = sign_in(shop)
    visit(page, f"{serve}/recovery/")
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    shoot(page, f"recovery-{code}")
    page.get_by_role("button", name="Try it now").click()
    expect(page.get_by_text("Being tried", exact=True)).to_be_visible()
    assert carried_out(app, db, run).state == "done"
    page.reload()
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    shoot(page, "recovery-empty")
    assert db.session.scalar(select(func.count()).select_from(Order)) == 5


def test_an_empty_file_is_accepted_by_its_shops_name(
    app: Flask, db: SQLAlchemy, serve: str, sign_in: Sign, shoot: Shoot, complaints: list[str]
) -> None:
    """The shop is really so: nothing goes before the name was typed, then everything does, softly."""
    shop = a_shop("praha", name="Praha")
    load(app, shop, FILE)
    with pytest.raises(ShopError):
        load(app, shop, packed())
    page = sign_in(shop)
    visit(page, f"{serve}/recovery/")
    page.get_by_role("link", name="Show the failure").click()
    shoot(page, "recovery-empty-file")
    page.get_by_label("Type praha to accept").fill("brno")
    page.get_by_role("button", name="Accept and publish").click()
    expect(page.get_by_label("Type praha to accept")).to_have_attribute("aria-invalid", "true")
    complaints.clear()  # of the answer 422, which is meant
    page.get_by_label("Type praha to accept").fill("praha")
    page.get_by_role("button", name="Accept and publish").click()
    run = db.session.scalars(select(Snapshot.id).order_by(Snapshot.id.desc()).limit(1)).one()
    assert carried_out(app, db, run).state == "done"
    db.session.rollback()
    assert db.session.scalar(select(func.count()).where(Order.deleted_at.is_(None))) == 0
    assert db.session.scalar(select(func.count()).select_from(Order)) == 5, "marked, and kept"


def test_one_of_a_group_is_tried_and_the_rest_follows(
    app: Flask, db: SQLAlchemy, serve: str, sign_in: Sign, shoot: Shoot
) -> None:
    shop = a_shop("praha", name="Praha")
    for _ in range(3):
        a_failure(shop, "customers", fingerprint="database_full", error_code="database_full")
    run = stored_run(app, shop, FILE)
    failing_for_good(app, db, run, MET["database_full"][0])
    page = sign_in(shop)
    visit(page, f"{serve}/recovery/")
    page.get_by_role("button", name="Try one").click()
    assert carried_out(app, db, run).state == "done"
    page.reload()
    page.get_by_label("How many a minute").select_option(index=0)
    shoot(page, "recovery-one-succeeded")
    page.get_by_role("button", name="Try the rest").click()
    expect(page.get_by_text("are still to be tried")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Try the rest")).to_be_visible()


def test_a_group_is_dismissed_by_its_count(serve: str, sign_in: Sign, shoot: Shoot, complaints: list[str]) -> None:
    shop = a_shop("praha", name="Praha")
    for _ in range(3):
        a_failure(shop, **CRASH, **FOR_GOOD)
    page = sign_in(shop)
    visit(page, f"{serve}/recovery/")
    page.get_by_text("Dismiss all…").click()
    page.get_by_label("Why").fill("It was a test of the connection.")
    page.get_by_label("Type 3 to confirm how many").fill("2")
    page.get_by_role("button", name="Dismiss 3 failures").click()
    expect(page.get_by_text("Nothing was closed")).to_be_visible()
    complaints.clear()  # of the answer 422, which is meant
    shoot(page, "recovery-dismissal")
    page.get_by_label("Type 3 to confirm how many").fill("3")
    page.get_by_role("button", name="Dismiss 3 failures").click()
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
