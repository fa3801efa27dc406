"""The second factor: set up by a code, asked for after the password, each code once, ten recovery codes."""

import re
import threading

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.audit.recording import Action
from shop.errors import ShopError
from shop.staff import second_factor
from shop.staff.models import Person, RecoveryCode
from shop.staff.queries import person_by_email
from shop.staff.sealing import factor_secret
from tests.builders import PASSWORD, a_manager, a_shop, an_owner, posted, signed_in
from tests.page import Page
from tests.staff.acting import is_signed_in, sign_in, trail
from tests.staff.proofs import a_code, with_factor, with_secret

FACTOR = "/account/second-factor"


def give(client: FlaskClient, code: str, after: str = "/") -> int:
    return posted(client, "/sign-in/code", code=code, next=after).status_code


def halfway(app: Flask) -> FlaskClient:
    """A browser that has given Olga's password."""
    client = app.test_client()
    assert sign_in(client).location.startswith("/sign-in/code")
    return client


def test_it_is_set_up_with_a_picture_and_a_code(client: FlaskClient, app: Flask, db: SQLAlchemy) -> None:
    olga = an_owner(password=PASSWORD)
    elsewhere = signed_in(app.test_client(), olga)
    signed_in(client, olga)
    assert posted(client, FACTOR).location == FACTOR
    page = Page(client.get(FACTOR).text)
    (picture,) = [node for node in page.root.all("svg") if "qr__code" in node.classes]
    assert picture.get("viewbox") or picture.get("viewBox")
    secret = "".join(next(code.text for code in page.root.all("code") if len(code.text) > 30).split())
    assert re.fullmatch(r"[A-Z2-7]{32}", secret)
    assert olga.factor_since is None, "nothing is asked for until a code proves the device"
    assert posted(client, f"{FACTOR}/activation", code="000000").status_code == 422
    assert posted(client, f"{FACTOR}/activation", code=a_code(secret)).status_code == 303
    shown = Page(client.get(FACTOR).text)
    codes = [code.text for code in shown.root.all("code")]
    assert len(codes) == second_factor.CODES == len(set(codes))
    assert all(re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", code) for code in codes)
    assert codes[0] not in client.get(FACTOR).text, "they are shown once"
    assert secret not in client.get(FACTOR).text
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere), "it was signed in without the second factor"
    assert [entry.action for entry in trail(db)] == [Action.STAFF_FACTOR_BEGUN, Action.STAFF_FACTOR_ADDED]


def test_the_password_alone_opens_nothing(client: FlaskClient, db: SQLAlchemy) -> None:
    secret = with_factor(an_owner(password=PASSWORD))
    assert sign_in(client, after="/staff/").location == "/sign-in/code?next=%2Fstaff%2F"
    assert not is_signed_in(client)
    assert client.get("/").status_code == 303
    page = Page(client.get("/sign-in/code?next=/staff/").text)
    assert page.form("/sign-in/code")["next"] == "/staff/"
    assert give(client, "12 34 56") == 401
    answer = posted(client, "/sign-in/code", code=a_code(secret), next="/staff/")
    assert (answer.status_code, answer.location) == (303, "/staff/")
    assert is_signed_in(client)
    assert [(entry.action, entry.details.get("factor", entry.details.get("reason"))) for entry in trail(db)] == [
        (Action.CODE_ASKED, None),
        (Action.SIGN_IN_REFUSED, "wrong code"),
        (Action.SIGNED_IN, "code"),
    ]


def test_a_code_is_taken_once_also_by_two_at_the_same_moment(app: Flask, db: SQLAlchemy) -> None:
    code = a_code(with_factor(an_owner(password=PASSWORD)))
    browsers = [halfway(app) for _ in range(4)]
    barrier, answers = threading.Barrier(4), []

    def race(browser: FlaskClient) -> None:
        barrier.wait()
        answers.append(give(browser, code))

    threads = [threading.Thread(target=race, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 401, 401, 401]


def test_a_code_of_the_neighbouring_steps_counts_and_none_before_the_last_one(app: Flask, db: SQLAlchemy) -> None:
    secret = with_factor(an_owner(password=PASSWORD))
    assert give(halfway(app), a_code(secret, steps=5)) == 401
    assert give(halfway(app), a_code(secret, steps=1)) == 303
    assert give(halfway(app), a_code(secret, steps=0)) == 401, "older than the one that was taken"
    assert give(halfway(app), a_code(secret, steps=1)) == 401


def test_each_recovery_code_stands_in_once(app: Flask, db: SQLAlchemy) -> None:
    olga = an_owner(password=PASSWORD)
    with_factor(olga)
    codes = second_factor.made_codes(olga)
    db.session.commit()
    assert give(halfway(app), codes[0].upper().replace("-", " ")) == 303
    assert give(halfway(app), codes[0]) == 401
    assert give(halfway(app), codes[1]) == 303
    assert second_factor.codes_left(olga) == 8
    kept = b"".join(bytes(code.code_hash) for code in db.session.scalars(select(RecoveryCode)))
    assert codes[2].encode() not in kept
    assert codes[2].replace("-", "").encode() not in kept
    assert trail(db)[-1].details["factor"] == "recovery code"


def test_new_recovery_codes_end_the_old_ones(client: FlaskClient, app: Flask, db: SQLAlchemy) -> None:
    olga = an_owner(password=PASSWORD)
    with_factor(olga)
    old = second_factor.made_codes(olga)
    signed_in(client, olga)
    assert posted(client, f"{FACTOR}/codes").status_code == 303
    new = [code.text for code in Page(client.get(FACTOR).text).root.all("code")]
    assert give(halfway(app), old[0]) == 401
    assert give(halfway(app), new[0]) == 303


def test_guessing_codes_is_throttled(app: Flask, db: SQLAlchemy) -> None:
    secret = with_factor(an_owner(password=PASSWORD))
    browser = halfway(app)
    assert [give(browser, f"{number:06}") for number in range(5)] == [401] * 5
    assert give(browser, a_code(secret)) == 429
    assert give(halfway(app), a_code(secret)) == 429, "nor does the password help to begin anew"


def test_between_password_and_code_nothing_lasts(client: FlaskClient, app: Flask, db: SQLAlchemy) -> None:
    olga = an_owner(password=PASSWORD)
    secret = with_factor(olga)
    assert give(client, a_code(secret)) == 303, "without a password there is no way on but back"
    assert not is_signed_in(client)
    browser = halfway(app)
    with browser.session_transaction() as session:
        session["halfway"][1] -= 5 * 60
        session.modified = True
    assert posted(browser, "/sign-in/code", code=a_code(secret)).location == "/sign-in?next=%2F"
    browser = halfway(app)
    olga.password_hash = "changed meanwhile"
    db.session.commit()
    assert posted(browser, "/sign-in/code", code=a_code(secret)).location == "/sign-in?next=%2F"


def test_an_owner_takes_away_the_second_factor_of_a_lost_device(
    client: FlaskClient, app: Flask, db: SQLAlchemy
) -> None:
    signed_in(client, an_owner())
    adam = a_manager([a_shop()], password=PASSWORD)
    with_factor(adam)
    assert posted(client, f"/staff/{adam.id}/second-factor-removal").status_code == 303
    assert (adam.factor_secret, adam.factor_since, second_factor.codes_left(adam)) == (None, None, 0)
    assert sign_in(app.test_client(), "adam@example.com").location == "/"


def test_the_secret_is_sealed_and_moved_to_another_person_opens_nothing(db: SQLAlchemy) -> None:
    olga, adam = an_owner(), a_manager([a_shop()])
    secret = with_secret(olga)
    assert secret.encode() not in bytes(olga.factor_secret or b"")
    adam.factor_secret = olga.factor_secret
    db.session.commit()
    with pytest.raises(ShopError, match="sealed under another SECRET_KEY"):
        factor_secret(adam)


def test_it_can_be_switched_off_and_set_up_again(client: FlaskClient, db: SQLAlchemy) -> None:
    olga = an_owner(password=PASSWORD)
    with_factor(olga)
    signed_in(client, olga)
    assert posted(client, FACTOR).status_code == 409, "a second one would not be told from the first"
    assert posted(client, f"{FACTOR}/removal").status_code == 303
    assert posted(client, f"{FACTOR}/removal").status_code == 409
    assert posted(client, FACTOR).status_code == 303
    found = person_by_email("olga@example.com")
    assert isinstance(found, Person)
    assert found.factor_secret is not None
