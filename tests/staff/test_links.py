"""One-time links: signed, kept as hashes, used once, ended by what comes later."""

import threading
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select

from shop.audit.recording import Action
from shop.staff.models import OneTimeLink
from shop.staff.queries import person_by_email
from tests.builders import PASSWORD, a_manager, a_shop, an_owner, posted, signed_in
from tests.mail_server import a_mail_server, last_mail
from tests.page import Page
from tests.staff.acting import is_signed_in, sign_in, trail
from tests.staff.proofs import a_link, with_factor

NEW = "five quiet grey geese"


def chosen(client: FlaskClient, link: str, password: str = NEW, repeated: str | None = None) -> int:
    return posted(client, "/choose-password", link=link, password=password, repeated=repeated or password).status_code


def test_an_invitation_becomes_a_person_who_signs_in(client: FlaskClient, app: Flask, db: SQLAlchemy) -> None:
    praha = a_shop("praha")
    signed_in(client, an_owner())
    fields = {"email": "eva.nova@example.com", "name": "", "role": "manager", "shops": praha.slug}
    added = posted(client, "/staff/", **fields)
    assert added.status_code == 303
    page = Page(client.get(added.location).text)
    (address,) = [code.text for code in page.root.all("code") if "/choose-password?link=" in code.text]
    assert address.startswith("http://localhost/choose-password?link=")
    assert "/choose-password" not in client.get(added.location).text, "it is shown once"
    eva, visitor = person_by_email("eva.nova@example.com"), app.test_client()
    assert eva is not None
    assert (eva.name, eva.password_hash) == ("Eva Nova", None)
    path = address.removeprefix("http://localhost")
    assert Page(visitor.get(path).text).has("You are invited to Pult as eva.nova@example.com")
    link = Page(visitor.get(path).text).form("/choose-password")["link"]
    assert chosen(visitor, link) == 303
    assert sign_in(visitor, "eva.nova@example.com", NEW).status_code == 303
    assert visitor.get("/orders/").status_code == 200
    assert [entry.action for entry in trail(db)] == [
        Action.STAFF_ADDED, Action.STAFF_LINK_MADE, Action.STAFF_PASSWORD_CHOSEN, Action.SIGNED_IN,
    ]  # fmt: skip


def test_where_there_is_a_mail_server_the_link_goes_to_its_person_and_is_not_shown(
    client: FlaskClient, app: Flask, db: SQLAlchemy
) -> None:
    signed_in(client, an_owner())
    fields = {"email": "eva.nova@example.com", "name": "", "role": "manager", "shops": a_shop("praha").slug}
    with a_mail_server() as server:
        page = client.get(posted(client, "/staff/", **fields).location).text
    assert "/choose-password" not in page
    assert Page(page).has("The link to choose a password went to eva.nova@example.com.")
    to, words = last_mail(server)
    assert to == "eva.nova@example.com"
    (address,) = [line for line in words.splitlines() if line.startswith("http://localhost/choose-password?link=")]
    link = Page(app.test_client().get(address.removeprefix("http://localhost")).text).form("/choose-password")["link"]
    assert chosen(app.test_client(), link) == 303


def test_a_mail_server_that_refuses_loses_no_link(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, an_owner())
    adam = a_manager([a_shop()])
    with a_mail_server(RCPT="550 nobody of that name"):
        page = client.get(posted(client, f"/staff/{adam.id}/link").location).text
    assert Page(page).has("The link is shown here instead.")
    assert "/choose-password?link=" in page


def test_only_the_hash_of_a_link_is_kept(client: FlaskClient, db: SQLAlchemy) -> None:
    link = a_link(an_owner())
    kept = db.session.scalars(select(OneTimeLink)).one()
    assert kept.token_hash.hex() not in link
    token = link.rsplit(".", 1)[0]
    assert token.encode() not in kept.token_hash


def test_a_link_is_used_once_and_ends_every_session(client: FlaskClient, app: Flask, db: SQLAlchemy) -> None:
    olga = an_owner(password=PASSWORD)
    signed_in(client, olga)
    link, visitor = a_link(olga), app.test_client()
    assert chosen(visitor, link, "short") == 422
    assert chosen(visitor, link, NEW, "something else") == 422
    assert chosen(visitor, link) == 303
    assert not is_signed_in(client)
    again = posted(
        visitor, "/choose-password", link=link, password="once more, once more", repeated="once more, once more"
    )
    assert again.status_code == 410
    assert Page(again.text).has("This link can no longer be used")
    assert sign_in(visitor, password=NEW).status_code == 303
    assert Action.LINK_REFUSED in [entry.action for entry in trail(db)]


@pytest.mark.parametrize(
    "values",
    [
        {"expires_at": func.now() - timedelta(seconds=1)},
        {"used_at": func.now()},
        {"ended_at": func.now()},
    ],
    ids=["too old", "used", "ended"],
)
def test_a_dead_link_opens_nothing_and_leaves_an_entry(
    client: FlaskClient, db: SQLAlchemy, values: dict[str, object]
) -> None:
    link = a_link(an_owner(), **values)
    assert client.get(f"/choose-password?link={link}").status_code == 410
    assert chosen(client, link) == 410
    assert {(entry.action, entry.subject) for entry in trail(db)} == {(Action.LINK_REFUSED, "olga@example.com")}


@pytest.mark.parametrize("made_up", ["", "abc", "abc.def", "žluť.žluť", "x" * 5000])
def test_a_made_up_link_is_not_even_looked_up(client: FlaskClient, db: SQLAlchemy, made_up: str) -> None:
    an_owner()
    assert client.get("/choose-password", query_string={"link": made_up}).status_code == 410
    assert chosen(client, made_up) == 410
    assert trail(db) == []


def test_a_signature_of_another_key_is_none(client: FlaskClient, db: SQLAlchemy) -> None:
    link = a_link(an_owner())
    token, _, signature = link.rpartition(".")
    turned = signature[:-2] + ("AA" if signature[-2:] != "AA" else "BB")
    assert client.get(f"/choose-password?link={token}.{turned}").status_code == 410


def test_a_newer_link_and_leaving_end_the_one_before(client: FlaskClient) -> None:
    signed_in(client, an_owner(password=PASSWORD))
    adam = a_manager([a_shop()], password=PASSWORD)
    first = a_link(adam)
    assert posted(client, f"/staff/{adam.id}/link").status_code == 303
    assert client.get(f"/choose-password?link={first}").status_code == 410
    second = a_link(adam)
    assert client.get(f"/choose-password?link={second}").status_code == 200
    posted(client, f"/staff/{adam.id}/deactivation")
    assert client.get(f"/choose-password?link={second}").status_code == 410


def test_looking_at_a_link_uses_nothing_up(client: FlaskClient) -> None:
    link = a_link(an_owner())
    for _ in range(3):
        assert client.get(f"/choose-password?link={link}").status_code == 200


def test_of_two_at_once_one_chooses(app: Flask, db: SQLAlchemy) -> None:
    link = a_link(an_owner())
    barrier, codes = threading.Barrier(4), []

    def choose(number: int) -> None:
        visitor = app.test_client()
        barrier.wait()
        codes.append(chosen(visitor, link, f"{number} quiet grey geese"))

    threads = [threading.Thread(target=choose, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [303, 410, 410, 410]


def test_a_link_does_not_get_around_the_second_factor(client: FlaskClient) -> None:
    olga = an_owner(password=PASSWORD)
    with_factor(olga)
    assert chosen(client, a_link(olga)) == 303
    assert sign_in(client, password=NEW).location == "/sign-in/code?next=%2F"
    assert not is_signed_in(client)
