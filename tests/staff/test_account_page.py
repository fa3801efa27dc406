"""One's own account: where one is signed in, and what ends it."""

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event, func, update

from shop.audit.recording import Action
from shop.staff.models import SignIn
from tests.builders import PASSWORD, a_manager, a_shop, an_owner, posted, signed_in
from tests.page import Page
from tests.staff.acting import is_signed_in, sign_in, trail
from tests.staff.proofs import a_link, a_session

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
NEW = "five quiet grey geese"


def change_password(client: FlaskClient, present: str = PASSWORD, new: str = NEW, repeated: str = NEW) -> Page:
    answer = posted(client, "/account/password", present=present, password=new, repeated=repeated)
    return Page(client.get("/account/").text if answer.status_code == 303 else answer.text)


def test_each_device_is_named_with_its_address_and_the_own_one_is_marked(client: FlaskClient) -> None:
    olga = an_owner()
    a_session(olga, FIREFOX, "203.0.113.7")
    a_session(a_manager([a_shop()]), FIREFOX)
    signed_in(client, olga)
    page = Page(client.get("/account/").text)
    rows = {row[0]: (row[1], row[-1]) for row in page.rows("Devices")}
    assert rows == {"Firefox on Linux": ("203.0.113.7", "Sign out"), "a test": ("127.0.0.1", "This device")}


def test_everybody_has_an_account_and_a_way_to_it(client: FlaskClient) -> None:
    signed_in(client, a_manager([a_shop()]))
    assert Page(client.get("/").text).link("Your account") == "/account/"
    assert Page(client.get("/account/").text).heading == "Your account"


def test_a_device_is_signed_out_from_another(client: FlaskClient, app: Flask, db: SQLAlchemy) -> None:
    olga = an_owner(password=PASSWORD)
    elsewhere = app.test_client()
    sign_in(elsewhere)
    assert is_signed_in(elsewhere)
    signed_in(client, olga)
    (other,) = [each for each in db.session.query(SignIn) if each.browser != "a test"]
    answer = posted(client, f"/account/sessions/{other.id}/end")
    assert answer.status_code == 303
    assert not is_signed_in(elsewhere)
    assert is_signed_in(client)
    assert trail(db)[-1].action == Action.STAFF_SESSION_ENDED


def test_everything_else_is_signed_out_at_once_and_the_own_cookie_is_a_new_one(
    client: FlaskClient, app: Flask, db: SQLAlchemy
) -> None:
    olga = an_owner()
    others = [signed_in(app.test_client(), olga) for _ in range(3)]
    signed_in(client, olga)
    with client.session_transaction() as session:
        before = session["_user_id"]
    posted(client, "/account/sessions/end")
    assert [is_signed_in(other) for other in others] == [False] * 3
    assert is_signed_in(client)
    with client.session_transaction() as session:
        assert session["_user_id"] != before
        session["_user_id"] = before
    assert not is_signed_in(client), "the cookie from before opens nothing"
    assert trail(db)[-1].details == {"sessions_ended": 3}


def test_a_new_password_needs_the_old_one_and_ends_what_was_before_it(
    client: FlaskClient, app: Flask, db: SQLAlchemy
) -> None:
    olga = an_owner(password=PASSWORD)
    link = a_link(olga)
    elsewhere = signed_in(app.test_client(), olga)
    signed_in(client, olga)
    assert change_password(client, present="not hers").has("The present password is not right. Nothing was changed.")
    assert change_password(client, repeated="other words").has("The two passwords differ.")
    assert change_password(client, new="short", repeated="short").has("it needs at least 8")
    assert is_signed_in(elsewhere)
    assert change_password(client).has("Your password is changed.")
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)
    assert client.get(f"/choose-password?link={link}").status_code == 410
    assert sign_in(app.test_client(), password=PASSWORD).status_code == 401
    assert sign_in(app.test_client(), password=NEW).status_code == 303


def test_a_request_reads_the_session_once_and_writes_nothing(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, a_manager([a_shop()]))
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        for _ in range(3):
            assert client.get("/orders.json").status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len([statement for statement in seen if "staff_sessions" in statement]) == 3
    assert not [statement for statement in seen if statement.startswith(("UPDATE", "INSERT", "DELETE"))]


def test_the_use_of_a_session_is_written_once_in_five_minutes(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, an_owner())

    def seen_after(minutes: int) -> bool:
        db.session.execute(update(SignIn).values(seen_at=func.now() - timedelta(minutes=minutes)))
        db.session.commit()
        before = db.session.query(SignIn).one().seen_at
        client.get("/account/")
        return db.session.query(SignIn).one().seen_at > before

    assert not seen_after(minutes=4)
    assert seen_after(minutes=6)
