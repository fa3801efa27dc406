"""Who gets in: by cookie or token, to what their role allows, to the shops they were given."""

from collections.abc import Iterator

import pytest
from flask import Blueprint, Flask, jsonify
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.audit.models import AuditEntry
from shop.audit.recording import Action
from shop.config import Config
from shop.shops.models import Shop
from shop.staff.access import chosen_shops, person, public, requires, shop_or_404, visible_shops
from shop.staff.models import Person
from shop.staff.permissions import ALLOWED, Permission, Role
from tests.builders import a_manager, a_shop, an_operator, an_owner, another_app, bearer, signed_in

probe = Blueprint("probe", __name__, url_prefix="/probe")


@probe.get("/forgotten")
def forgotten() -> str:
    return "nobody said who may come in"


@probe.get("/open")
@public
def open_to_all() -> str:
    return "come in"


@probe.get("/sales")
@requires(Permission.READ_SALES)
def sales() -> str:
    return person().email


@probe.get("/exports")
@requires(Permission.READ_SALES, Permission.EXPORT)
def exports() -> str:
    return "sales, to take away"


@probe.post("/sales.json")
@requires(Permission.READ_SALES)
def change_sales() -> str:
    return "changed"


@probe.get("/sales.json")
@requires(Permission.READ_SALES)
def sales_json() -> object:
    return jsonify(visible=[shop.slug for shop in visible_shops()], chosen=[shop.slug for shop in chosen_shops()])


@probe.get("/sales.csv")
@requires(Permission.READ_SALES)
def sales_csv() -> str:
    return "a;b"


@probe.get("/of/<slug>")
@requires(Permission.READ_SALES)
def one(slug: str) -> str:
    return shop_or_404(slug).name


@pytest.fixture(scope="module")
def probed(config: Config) -> Iterator[Flask]:
    with another_app(config, probe) as made:
        yield made


@pytest.fixture
def visit(probed: Flask, db: SQLAlchemy) -> FlaskClient:
    return probed.test_client()


def test_an_address_that_says_nothing_is_closed_even_to_an_owner(visit: FlaskClient) -> None:
    assert visit.get("/probe/forgotten").status_code == 303
    signed_in(visit, an_owner())
    assert visit.get("/probe/forgotten").status_code == 403


def test_a_public_address_is_open(visit: FlaskClient) -> None:
    assert visit.get("/probe/open").text == "come in"


def test_an_address_that_does_not_exist_is_nothing_to_anybody(visit: FlaskClient) -> None:
    assert visit.get("/probe/nothing").status_code == 404


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("path", "needed"),
    [("/probe/sales", {Permission.READ_SALES}), ("/probe/exports", {Permission.READ_SALES, Permission.EXPORT})],
)
def test_a_role_opens_what_it_includes_and_nothing_else(
    visit: FlaskClient, role: Role, path: str, needed: set[Permission]
) -> None:
    shops = [a_shop()]
    makers = {Role.OWNER: an_owner, Role.MANAGER: lambda: a_manager(shops), Role.OPERATOR: lambda: an_operator(shops)}
    signed_in(visit, makers[role]())
    assert visit.get(path).status_code == (200 if needed <= ALLOWED[role] else 403)


def test_the_three_roles_are_what_they_are_said_to_be() -> None:
    assert ALLOWED[Role.OWNER] == set(Permission)
    assert Permission.MANAGE_STAFF not in ALLOWED[Role.OPERATOR] | ALLOWED[Role.MANAGER]
    assert Permission.RUN_SNAPSHOTS in ALLOWED[Role.OPERATOR]
    assert ALLOWED[Role.MANAGER] == {Permission.READ_SALES, Permission.EXPORT, Permission.ERASE}


def test_a_closed_door_that_was_tried_stands_in_the_trail(visit: FlaskClient, db: SQLAlchemy) -> None:
    ota = an_operator([a_shop()])
    signed_in(visit, ota)
    visit.get("/probe/exports")
    (entry,) = db.session.scalars(select(AuditEntry))
    assert (entry.action, entry.actor, entry.subject) == (Action.ACCESS_REFUSED, ota.email, "/probe/exports")
    assert entry.details == {"method": "GET", "needs": "export and read_sales"}


def test_a_program_is_told_to_bring_a_token(visit: FlaskClient) -> None:
    answer = visit.get("/probe/sales.json")
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["error"] == "This address needs a person or a token."
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Pult"'


@pytest.mark.parametrize("path", ["/probe/sales.json", "/probe/sales.csv"])
def test_a_token_reads_what_is_made_for_programs(visit: FlaskClient, path: str) -> None:
    assert visit.get(path, headers=bearer(a_manager([a_shop()]))).status_code == 200


@pytest.mark.parametrize("path", ["/probe/sales", "/", "/probe/sales.json/"])
def test_a_token_opens_no_page(visit: FlaskClient, path: str) -> None:
    assert visit.get(path, headers=bearer(an_owner())).status_code in (401, 404)


def test_a_token_changes_nothing(visit: FlaskClient) -> None:
    assert visit.post("/probe/sales.json", headers=bearer(an_owner())).status_code == 401


@pytest.mark.parametrize("value", ["Bearer pult_test_999", "Bearer ", "Bearer", "Basic b2xnYQ==", "pult_test_1"])
def test_a_wrong_token_opens_nothing(visit: FlaskClient, value: str) -> None:
    bearer(an_owner())
    assert visit.get("/probe/sales.json", headers={"Authorization": value}).status_code == 401


def test_a_token_dies_with_its_person(visit: FlaskClient, db: SQLAlchemy) -> None:
    olga = an_owner()
    headers = bearer(olga)
    olga.state = "inactive"
    db.session.commit()
    assert visit.get("/probe/sales.json", headers=headers).status_code == 401


def shops_of(visit: FlaskClient, who: Person, query: str = "") -> dict[str, list[str]]:
    answer = visit.get(f"/probe/sales.json{query}", headers=bearer(who))
    assert answer.status_code == 200, answer.text
    found: dict[str, list[str]] = answer.json
    return found


def three_shops() -> list[Shop]:
    return [a_shop("praha"), a_shop("brno"), a_shop("berlin")]


def test_an_owner_sees_every_shop_and_others_those_they_were_given(visit: FlaskClient) -> None:
    praha, brno, _berlin = three_shops()
    assert shops_of(visit, an_owner())["visible"] == ["praha", "brno", "berlin"]
    assert shops_of(visit, a_manager([brno]))["visible"] == ["brno"]
    assert shops_of(visit, an_operator([brno, praha]))["visible"] == ["praha", "brno"]


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ("", ["praha", "brno", "berlin"]),
        ("?shop=", ["praha", "brno", "berlin"]),
        ("?shop=brno", ["brno"]),
        ("?shop=brno&shop=praha", ["praha", "brno"]),
        ("?shop=berlin,brno,brno", ["brno", "berlin"]),
    ],
)
def test_the_address_chooses_among_the_visible_shops(visit: FlaskClient, query: str, chosen: list[str]) -> None:
    three_shops()
    assert shops_of(visit, an_owner(), query)["chosen"] == chosen


@pytest.mark.parametrize("slug", ["brno", "nowhere", "praha,brno", "%00", "' OR 1=1"])
def test_a_shop_that_is_not_theirs_does_not_exist(visit: FlaskClient, slug: str) -> None:
    praha, _brno, _berlin = three_shops()
    adam = a_manager([praha])
    assert visit.get("/probe/sales.json", query_string={"shop": slug}, headers=bearer(adam)).status_code == 404
    signed_in(visit, adam)
    assert visit.get("/probe/of/praha").status_code == 200
    assert visit.get("/probe/of/brno").status_code == 404


def test_an_owner_of_nothing_yet_sees_no_shop(visit: FlaskClient) -> None:
    assert shops_of(visit, an_owner()) == {"visible": [], "chosen": []}
