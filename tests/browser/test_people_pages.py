"""The pages of people in a real browser: an invitation, a second factor by the keyboard, a form that waits for a password."""

from datetime import timedelta

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from playwright.sync_api import Page, expect
from sqlalchemy import func, update

from shop.audit.recording import Action, record
from shop.staff.models import SignIn
from tests.browser.conftest import Shoot
from tests.browser.driving import visit
from tests.builders import PASSWORD, a_manager, a_shop, an_operator, an_owner, signed_in
from tests.staff.proofs import a_code, a_session, a_token

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1"


@pytest.fixture
def olga(app: Flask, db: SQLAlchemy, serve: str, browser_page: Page) -> Page:
    """The browser of an owner who is signed in here, on a phone, and by a program."""
    person = an_owner(password=PASSWORD)
    a_session(person, IPHONE)
    a_token(person, name="Weekly report", last_used_at=func.now() - timedelta(hours=3))
    cookie = signed_in(app.test_client(), person).get_cookie("pult")
    assert cookie is not None
    browser_page.context.add_cookies([{"name": "pult", "value": cookie.value, "url": serve}])
    return browser_page


def test_a_second_factor_is_set_up_and_asked_for(olga: Page, serve: str, shoot: Shoot) -> None:
    visit(olga, f"{serve}/account/")
    expect(olga.get_by_role("cell", name="This device")).to_be_visible()
    shoot(olga, "account")
    olga.get_by_role("link", name="Set up a second factor").click()
    olga.get_by_role("button", name="Set up a second factor").click()
    picture = olga.get_by_role("img", name="A QR code")
    expect(picture).to_be_visible()
    box = picture.bounding_box()
    assert box is not None
    assert box["width"] > 150
    shoot(olga, "second-factor")
    secret = "".join(olga.locator("p code").inner_text().split())
    olga.get_by_label("Code", exact=True).fill(a_code(secret))
    olga.keyboard.press("Enter")
    expect(olga.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    shoot(olga, "recovery-codes")
    code = olga.locator(".once code").first.inner_text()
    olga.context.clear_cookies()
    visit(olga, f"{serve}/sign-in")
    olga.get_by_label("E-mail", exact=True).fill("olga@example.com")
    olga.get_by_label("Password", exact=True).fill(PASSWORD)
    olga.keyboard.press("Enter")
    expect(olga.get_by_role("heading", name="The code of your device")).to_be_visible()
    shoot(olga, "code")
    olga.get_by_label("Code", exact=True).fill(code)
    olga.keyboard.press("Enter")
    expect(olga).to_have_url(f"{serve}/")


def test_a_person_is_invited_after_the_password_was_given_again(
    olga: Page, serve: str, db: SQLAlchemy, complaints: list[str], shoot: Shoot
) -> None:
    a_shop("dilna", name="Lněná dílna")
    db.session.execute(update(SignIn).values(proved_at=func.now() - timedelta(minutes=11)))
    db.session.commit()
    visit(olga, f"{serve}/staff/new")
    olga.get_by_label("E-mail", exact=True).fill("eva.nova@example.com")
    olga.get_by_label("Lněná dílna").check()
    shoot(olga, "staff-new")
    olga.get_by_role("button", name="Add and make the link").click()
    expect(olga.get_by_role("heading", name="Your password again")).to_be_visible()
    shoot(olga, "confirm")
    olga.get_by_label("Password of olga@example.com").fill(PASSWORD)
    olga.get_by_role("button", name="Go on").click()
    expect(olga.get_by_role("heading", name="Eva Nova", exact=True)).to_be_visible()
    link = olga.locator(".once code").inner_text()
    shoot(olga, "staff-invited")
    olga.context.clear_cookies()
    visit(olga, f"{serve}/choose-password{link.partition('/choose-password')[2]}")
    expect(olga.get_by_text("You are invited to Pult as eva.nova@example.com")).to_be_visible()
    shoot(olga, "choose-password")
    olga.get_by_label("New password", exact=True).fill("five quiet grey geese")
    olga.get_by_label("Once more", exact=True).fill("five quiet grey geese")
    olga.keyboard.press("Enter")
    expect(olga.get_by_text("The password of eva.nova@example.com is set.")).to_be_visible()
    complaints[:] = [words for words in complaints if "403" not in words]  # the page that asked for the password


def test_people_and_the_trail_are_read_on_a_phone_as_well(olga: Page, serve: str, db: SQLAlchemy, shoot: Shoot) -> None:
    shops = [a_shop("dilna", name="Lněná dílna"), a_shop("wolle", name="Nordlicht Wolle", timezone="Europe/Berlin")]
    adam = a_manager(shops, password=PASSWORD)
    an_operator(shops[:1])
    a_session(adam, IPHONE)
    for number in range(12):
        record(Action.SNAPSHOT_REQUESTED, f"snapshot {number}", shops[number % 2], kind="orders", mode="full")
    record(Action.STAFF_ROLE_SET, adam.email, before="operator", after="manager", sessions_ended=1)
    db.session.commit()
    for path, name in (("/staff/", "staff"), (f"/staff/{adam.id}", "staff-person"), ("/audit/", "audit")):
        visit(olga, f"{serve}{path}")
        shoot(olga, name)
        for width in (390, 1440):
            olga.set_viewport_size({"width": width, "height": 844})
            assert olga.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than {width}"
    olga.get_by_role("link", name="snapshot 3").click()
    expect(olga).to_have_url(f"{serve}/audit/?subject=snapshot+3")
    expect(olga.get_by_role("list", name="Filters in force")).to_contain_text("snapshot 3")
    shoot(olga, "audit-filtered")
