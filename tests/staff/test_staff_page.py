"""The pages of the people, for owners only: who there is, somebody new, and what can be done about one."""

import threading

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from shop.audit.recording import Action
from shop.staff.models import Person
from shop.staff.permissions import Role
from shop.staff.queries import person_by_email, shops_given_to
from tests.builders import PASSWORD, a_manager, a_person, a_shop, an_operator, an_owner, bearer, posted, signed_in
from tests.page import Page
from tests.staff.acting import is_signed_in, sign_in, trail
from tests.staff.proofs import a_session


def test_an_owner_sees_who_may_sign_in(client: FlaskClient) -> None:
    praha, brno = a_shop("praha"), a_shop("brno")
    a_manager([brno, praha], password=PASSWORD)
    an_operator([])
    signed_in(client, an_owner(password=PASSWORD))
    page = Page(client.get("/staff/").text)
    assert page.heading == "Staff"
    assert [row[1:7] for row in page.rows("People")] == [
        ["Owner", "every shop", "Active", "Off", "1", "—"],
        ["Manager", "Praha Brno", "Active", "Off", "—", "—"],
        ["Operator", "none yet", "Invited", "Off", "—", "—"],
    ]


@pytest.mark.parametrize("path", ["/staff/", "/staff/new", "/staff/1"])
def test_nobody_else_sees_the_people(client: FlaskClient, path: str) -> None:
    signed_in(client, a_manager([a_shop()]))
    answer = client.get(path)
    assert answer.status_code == 403
    assert Page(answer.text).has("Your role does not include this page.")
    assert "/staff/" not in Page(answer.text).links.values()


def test_names_are_written_not_run(client: FlaskClient) -> None:
    olga = an_owner()
    olga.name = "<script>alert(1)</script>"
    signed_in(client, olga)
    for path in ("/staff/", f"/staff/{olga.id}", "/account/"):
        assert Page(client.get(path).text).has("<script>alert(1)</script>")


def edited(client: FlaskClient, person: Person, role: str, *slugs: str, name: str = "") -> int:
    return posted(client, f"/staff/{person.id}", name=name or person.name, role=role, shops=list(slugs)).status_code


def test_another_role_or_other_shops_sign_a_person_out_and_a_name_does_not(
    client: FlaskClient, app: Flask, db: SQLAlchemy
) -> None:
    praha, brno = a_shop("praha"), a_shop("brno")
    adam = a_manager([praha])
    signed_in(client, an_owner())
    elsewhere = signed_in(app.test_client(), adam)
    assert edited(client, adam, "manager", "praha", name="Adam Novák") == 303
    assert elsewhere.get("/orders/?shop=praha").status_code == 200
    assert edited(client, adam, "manager", "praha", "brno") == 303
    assert elsewhere.get("/orders/").status_code == 303
    elsewhere = signed_in(app.test_client(), adam)
    assert edited(client, adam, "operator", "brno") == 303
    assert elsewhere.get("/orders/").status_code == 303
    assert shops_given_to(adam) == [brno]
    told = [(entry.action, entry.details) for entry in trail(db)]
    assert told == [
        (Action.STAFF_RENAMED, {"before": "Adam", "after": "Adam Novák"}),
        (Action.STAFF_SHOPS_SET, {"before": ["praha"], "after": ["praha", "brno"], "sessions_ended": 1}),
        (Action.STAFF_ROLE_SET, {"before": "manager", "after": "operator", "sessions_ended": 1}),
        (Action.STAFF_SHOPS_SET, {"before": ["praha", "brno"], "after": ["brno"], "sessions_ended": 0}),
    ]


def test_what_was_not_different_is_not_changed(client: FlaskClient, app: Flask, db: SQLAlchemy) -> None:
    adam = a_manager([a_shop("praha")])
    signed_in(client, an_owner())
    elsewhere = signed_in(app.test_client(), adam)
    assert edited(client, adam, "manager", "praha") == 303
    assert "Nothing was different" in client.get(f"/staff/{adam.id}").text
    assert elsewhere.get("/orders/").status_code == 200
    assert trail(db) == []


def test_an_owner_who_becomes_less_keeps_a_renewed_session(client: FlaskClient, db: SQLAlchemy) -> None:
    olga = an_owner()
    an_owner("petr@example.com", password=PASSWORD)
    signed_in(client, olga)
    with client.session_transaction() as session:
        before = session["_user_id"]
    assert edited(client, olga, "manager") == 303
    assert client.get("/orders/").status_code == 200
    assert client.get("/staff/").status_code == 403
    with client.session_transaction() as session:
        assert session["_user_id"] != before


@pytest.mark.parametrize("other", [None, "invited", "inactive"])
def test_the_last_owner_who_can_sign_in_stays_one(client: FlaskClient, db: SQLAlchemy, other: str | None) -> None:
    olga = an_owner(password=PASSWORD)
    if other:
        petr = an_owner("petr@example.com", password=PASSWORD if other == "inactive" else None)
        petr.state = "inactive" if other == "inactive" else "active"
        db.session.commit()
    signed_in(client, olga)
    refused = posted(client, f"/staff/{olga.id}", name="Olga", role="manager")
    assert refused.status_code == 422
    assert Page(refused.text).has("olga@example.com is the last owner. Nothing was changed")
    assert "is the last owner" in posted(client, f"/staff/{olga.id}/deactivation").text
    assert (olga.role, olga.state) == ("owner", "active")


def test_two_owners_who_remove_each_other_at_once_leave_one(app: Flask, db: SQLAlchemy) -> None:
    pair = [an_owner(password=PASSWORD), an_owner("petr@example.com", password=PASSWORD)]
    clients = [signed_in(app.test_client(), owner) for owner in pair]
    ids, barrier = [owner.id for owner in pair], threading.Barrier(2)

    def remove(client: FlaskClient, other: int) -> None:
        barrier.wait()
        posted(client, f"/staff/{other}/deactivation")

    threads = [threading.Thread(target=remove, args=(clients[i], ids[1 - i])) for i in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.expire_all()
    assert sorted(owner.state for owner in pair) == ["active", "inactive"]


def test_leaving_ends_every_way_in_and_coming_back_opens_none_of_them(
    client: FlaskClient, app: Flask, db: SQLAlchemy
) -> None:
    praha = a_shop("praha")
    adam = a_manager([praha], password=PASSWORD)
    headers, elsewhere = bearer(adam), signed_in(app.test_client(), adam)
    signed_in(client, an_owner())
    assert posted(client, f"/staff/{adam.id}/deactivation").status_code == 303
    assert elsewhere.get("/orders/").status_code == 303
    assert app.test_client().get("/orders.json", headers=headers).status_code == 401
    assert trail(db)[0].details == {"sessions_ended": 1, "tokens_revoked": 1}
    back = posted(client, f"/staff/{adam.id}/reactivation")
    assert "/choose-password?link=" in client.get(back.location).text
    assert (adam.state, adam.role, shops_given_to(adam)) == ("active", "manager", [praha])
    assert app.test_client().get("/orders.json", headers=headers).status_code == 401
    assert sign_in(app.test_client(), "adam@example.com").status_code == 401, "the old password is gone"
    assert posted(client, f"/staff/{adam.id}/reactivation").status_code == 409


def test_an_owner_signs_somebody_out_and_sees_where_they_were(client: FlaskClient, db: SQLAlchemy) -> None:
    adam = a_manager([a_shop()])
    a_session(adam, "curl/8.5.0")
    signed_in(client, an_owner())
    page = Page(client.get(f"/staff/{adam.id}").text)
    assert page.rows("Devices")[0][:2] == ["curl", "203.0.113.7"]
    posted(client, f"/staff/{adam.id}/sign-out")
    assert Page(client.get(f"/staff/{adam.id}").text).has("0 devices")
    assert is_signed_in(client)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"email": "eva"}, "'eva' is not an e-mail address. Nobody was added."),
        ({"email": "OLGA@example.com"}, "olga@example.com is already here as owner."),
        ({"email": "eva@example.com", "role": "boss"}, "There is no role 'boss'."),
        ({"email": "eva@example.com", "shops": "nowhere"}, "There is no shop nowhere."),
    ],
)
def test_a_form_that_cannot_be_done_is_kept_with_a_sentence(
    client: FlaskClient, db: SQLAlchemy, fields: dict[str, str], sentence: str
) -> None:
    signed_in(client, an_owner())
    answer = posted(client, "/staff/", **({"role": "manager", "name": "Eva"} | fields))
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.has(sentence)
    assert page.form("/staff/")["email"] == fields["email"]
    assert person_by_email("eva@example.com") is None
    assert trail(db) == []


def test_who_is_not_there_is_nothing(client: FlaskClient) -> None:
    signed_in(client, an_owner())
    for number in (999, 2**40):
        assert client.get(f"/staff/{number}").status_code == 404
        assert posted(client, f"/staff/{number}/deactivation").status_code == 404


def test_every_role_can_be_given(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, an_owner(password=PASSWORD))
    eva = a_person("eva@example.com", Role.MANAGER)
    for role in (Role.OPERATOR, Role.OWNER, Role.MANAGER):
        assert edited(client, eva, role.value) == 303
        assert eva.role == role
