"""Properties of every address there is: who may open it, what a form needs, what is somebody else's."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import get_type_hints

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select
from werkzeug.routing import IntegerConverter, Rule

from shop.audit.models import AuditEntry
from shop.audit.recording import Action
from shop.backups.models import Backup
from shop.shops.models import Shop
from shop.simulator.online import SimulatedShop
from shop.simulator.simulator import Simulator
from shop.staff.models import Person
from shop.staff.permissions import ALLOWED, Permission, Role
from tests.builders import (
    PASSWORD,
    a_connected_shop,
    a_customer,
    a_failure,
    a_manager,
    a_product,
    a_restoration,
    a_shop,
    a_snapshot,
    added,
    an_export,
    an_operator,
    an_order,
    an_owner,
    bearer,
    posted,
    signed_in,
)
from tests.handed_in import FORMS, SESSION, somebody
from tests.page import Page
from tests.staff.proofs import a_session, a_token

OF_MACHINES = {"webhooks.notice"}  # no form: the sender signs what it sends
WITHOUT_A_SESSION = {"staff.enter", "staff.enter_code", "staff.choose"}
PUBLIC = (
    {"staff.sign_in", "staff.code", "staff.choice", "health.live", "health.ready", "metrics.show"}
    | WITHOUT_A_SESSION
    | OF_MACHINES
)
OF_ALL_SHOPS = {
    "/audit/",
    "/staff/",
    "/account/",
    "/account/second-factor",
    "/confirm",
    "/shops/",
    "/shops/new",
    "/snapshots/new",
    "/snapshots/take",
}  # no shop is chosen for them
WORD = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\.(json|csv))?")
ROWS: dict[str, Callable[[Shop], object]] = {  # what the number in an address is the number of
    "order_id": an_order,
    "customer_id": a_customer,
    "product_id": a_product,
    "snapshot_id": a_snapshot,
    "failure_id": a_failure,
    "backup_id": lambda _shop: added(Backup(state="failed", requested_by="test")),
    "export_id": lambda _shop: an_export(),
    "restoration_id": lambda _shop: a_restoration("discarded"),
    "person_id": somebody,
    "session_id": lambda shop: a_session(somebody(shop)),
    "token_id": lambda shop: a_token(somebody(shop)),
}
OF_THE_INSTALLATION = {"backup_id", "restoration_id", "export_id"}  # a row that is no shop's


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """The platform behind the shop of every form."""
    with Simulator([SimulatedShop("cz", orders=20)]) as simulator:
        yield simulator


@pytest.fixture
def routes(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def methods(rule: Rule) -> set[str]:
    return (rule.methods or set()) - {"HEAD", "OPTIONS"}


def needed(app: Flask, rule: Rule) -> frozenset[Permission] | None:
    return getattr(app.view_functions[rule.endpoint], "permissions", None)


def address(app: Flask, rule: Rule, values: Mapping[str, object]) -> str:
    with app.test_request_context():
        return app.url_for(rule.endpoint, **values)


def person_who_may(role: Role, shop: Shop) -> Person:
    makers = {
        Role.OWNER: lambda: an_owner(password=PASSWORD),
        Role.OPERATOR: lambda: an_operator([shop]),
        Role.MANAGER: lambda: a_manager([shop]),
    }
    return makers[role]()


def test_every_address_says_who_may_come_in(app: Flask, routes: list[Rule]) -> None:
    silent = {rule.endpoint for rule in routes if needed(app, rule) is None}
    assert silent == PUBLIC, "what is open to everybody is few, and named here"
    for rule in routes:
        is_public = hasattr(app.view_functions[rule.endpoint], "is_public")
        assert is_public == (rule.endpoint in PUBLIC), rule.rule


def test_every_permission_opens_something(app: Flask, routes: list[Rule]) -> None:
    asked = {permission for rule in routes for permission in needed(app, rule) or ()}
    assert asked == set(Permission)


def test_addresses_are_small_words_with_hyphens(routes: list[Rule]) -> None:
    for rule in routes:
        words = [word for word in rule.rule.strip("/").split("/") if word and "<" not in word]
        assert all(WORD.fullmatch(word) for word in words), rule.rule


def test_what_stands_in_an_address_has_a_type(app: Flask, routes: list[Rule]) -> None:
    for rule in routes:
        hints = get_type_hints(app.view_functions[rule.endpoint])
        for name, converter in rule._converters.items():
            wanted = int if isinstance(converter, IntegerConverter) else str
            assert hints.get(name) is wanted, f"{rule.rule}: {name}"
            assert wanted is str or name in ROWS, f"{rule.rule}: say in ROWS what {name} is the number of"
            assert wanted is int or name == "shop" or rule.endpoint in OF_MACHINES, (
                f"{rule.rule}: a shop is called shop, anything else is a number"
            )


def test_reading_and_changing_have_addresses_of_their_own(routes: list[Rule]) -> None:
    for rule in routes:
        assert methods(rule) in ({"GET"}, {"POST"}), rule.rule
        changing = {one.endpoint for one in routes if "POST" in methods(one)} - OF_MACHINES
        assert changing == set(FORMS), "say in FORMS what a person would hand in"


@pytest.mark.parametrize("endpoint", FORMS)
def test_a_form_without_its_token_changes_nothing(
    app: Flask, client: FlaskClient, db: SQLAlchemy, routes: list[Rule], simulator: Simulator, endpoint: str
) -> None:
    path, _fields = handed_in(app, client, routes, simulator, endpoint)
    for broken in ({}, {"csrf_token": "made up"}):
        answer = client.post(path, data=broken)
        assert answer.status_code == 400, endpoint
        assert "Nothing was changed" in answer.text
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == 0


@pytest.mark.parametrize("endpoint", FORMS)
def test_a_form_that_was_handed_in_leaves_an_entry(
    app: Flask, client: FlaskClient, db: SQLAlchemy, routes: list[Rule], simulator: Simulator, endpoint: str
) -> None:
    path, fields = handed_in(app, client, routes, simulator, endpoint)
    answer = posted(client, path, **fields)
    assert answer.status_code == 303, Page(answer.text).text
    entries = db.session.scalars(select(AuditEntry)).all()
    assert {entry.actor for entry in entries} == {"olga@example.com"}
    assert entries[0].request_id == answer.headers["X-Request-ID"]
    assert entries[0].action != Action.ACCESS_REFUSED


def handed_in(
    app: Flask, client: FlaskClient, routes: list[Rule], simulator: Simulator, endpoint: str
) -> tuple[str, dict[str, object]]:
    """Make what the form needs, sign Olga in unless that is the form, and return where the form goes and its fields."""
    olga = an_owner(password=PASSWORD)
    if endpoint not in WITHOUT_A_SESSION:
        signed_in(client, olga)
    values, fields = FORMS[endpoint](a_connected_shop(simulator, "praha"))
    with client.session_transaction() as session:
        session.update(fields.pop(SESSION, {}))
    (rule,) = [rule for rule in routes if rule.endpoint == endpoint]
    return address(app, rule, values), fields


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_its_pages_and_no_others(app: Flask, client: FlaskClient, routes: list[Rule], role: Role) -> None:
    shop = a_shop("praha")
    signed_in(client, person_who_may(role, shop))
    for rule in routes:
        if "GET" in methods(rule) and rule.endpoint not in PUBLIC:
            with client.get(address(app, rule, of_shop(rule, shop))) as answer:
                is_theirs = (needed(app, rule) or frozenset()) <= ALLOWED[role]
                assert answer.status_code == (200 if is_theirs else 403), f"{role} at {rule.rule}"


def of_shop(rule: Rule, shop: Shop) -> dict[str, object]:
    """Fill an address with a row of the shop."""
    return {name: shop.slug if name == "shop" else ROWS[name](shop).id for name in rule.arguments}  # type: ignore[attr-defined]  # every row has one


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.MANAGER])
def test_a_row_of_another_shop_does_not_exist(
    app: Flask, client: FlaskClient, db: SQLAlchemy, routes: list[Rule], role: Role
) -> None:
    theirs, foreign = a_shop("praha"), a_shop("brno")
    signed_in(client, person_who_may(role, theirs))
    looked_at = 0
    for rule in routes:
        may = (needed(app, rule) or frozenset()) <= ALLOWED[role]
        if not rule.arguments - OF_THE_INSTALLATION or not may or rule.endpoint in OF_MACHINES:
            continue
        values = of_shop(rule, foreign)
        for tried in (values, values | {"shop": theirs.slug} if "shop" in values else values):
            if len(rule.arguments) == 1 and tried.get("shop") == theirs.slug:
                continue  # their own shop and nothing else
            path = address(app, rule, tried)
            answer = posted(client, path) if "POST" in methods(rule) else client.get(path)
            assert answer.status_code == 404, f"{role} opened {path}"
            looked_at += 1
    assert looked_at >= 3


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.MANAGER])
def test_nobody_chooses_a_shop_that_is_not_theirs(
    app: Flask, client: FlaskClient, routes: list[Rule], role: Role
) -> None:
    theirs = a_shop("praha")
    a_shop("brno")
    somebody = person_who_may(role, theirs)
    looked_at = 0
    for rule in routes:
        may = (needed(app, rule) or frozenset()) <= ALLOWED[role]
        if (
            rule.arguments
            or rule.endpoint in PUBLIC
            or rule.rule in OF_ALL_SHOPS
            or "GET" not in methods(rule)
            or not may
        ):
            continue
        for slug in ("brno", "nowhere", "praha,brno"):
            headers = bearer(somebody) if rule.rule.endswith((".json", ".csv")) else {}
            if not headers:
                signed_in(client, somebody)
            with client.get(f"{rule.rule}?shop={slug}", headers=headers) as answer:
                assert answer.status_code == 404, f"{role} saw {slug} at {rule.rule}"
            looked_at += 1
    assert looked_at >= 9


def test_a_number_that_is_too_large_is_nothing(app: Flask, client: FlaskClient, routes: list[Rule]) -> None:
    shop = a_shop("praha")
    signed_in(client, an_owner())
    for rule in routes:
        if "GET" in methods(rule) and rule.arguments - {"shop"}:
            values = {name: shop.slug if name == "shop" else 10**30 for name in rule.arguments}
            assert client.get(address(app, rule, values)).status_code == 404, rule.rule
