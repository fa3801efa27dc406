"""The page of the people, for owners only."""

from flask.testing import FlaskClient

from tests.builders import a_manager, a_shop, an_operator, an_owner, signed_in
from tests.page import Page


def test_an_owner_sees_who_may_sign_in(client: FlaskClient) -> None:
    praha, brno = a_shop("praha"), a_shop("brno")
    a_manager([brno, praha])
    an_operator([])
    signed_in(client, an_owner())
    page = Page(client.get("/staff/").text)
    assert page.heading == "Staff"
    assert [row[1:3] for row in page.rows("People")] == [
        ["Owner", "every shop"],
        ["Manager", "Praha Brno"],
        ["Operator", "none yet"],
    ]


def test_nobody_else_sees_the_people(client: FlaskClient) -> None:
    signed_in(client, a_manager([a_shop()]))
    answer = client.get("/staff/")
    assert answer.status_code == 403
    assert Page(answer.text).has("Your role does not include this page.")
    assert "/staff/" not in Page(answer.text).links.values()


def test_names_are_written_not_run(client: FlaskClient) -> None:
    olga = an_owner()
    olga.name = "<script>alert(1)</script>"
    signed_in(client, olga)
    page = Page(client.get("/staff/").text)
    assert page.has("<script>alert(1)</script>")
