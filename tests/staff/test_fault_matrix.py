"""Faults S1 and S3: what is a foreign shop's at every address, and forms that were not asked for."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event, func, select, text
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from shop.audit.models import AuditEntry
from shop.audit.recording import Action
from shop.shops.models import Shop
from shop.staff.permissions import ALLOWED, Permission, Role
from tests.builders import (
    a_customer,
    a_failure,
    a_manager,
    a_product,
    a_shop,
    a_snapshot,
    an_export,
    an_operator,
    an_order,
    an_owner,
    bearer,
    posted,
    signed_in,
)
from tests.staff.acting import trail
from tests.staff.proofs import a_session, a_token

FOREIGN = "tajná-kavárna"  # what stands in everything that the foreign shop has
ROWS: Mapping[str, Callable[[Shop], object]] = {
    "order_id": lambda shop: an_order(shop, FOREIGN, email=f"{FOREIGN}@example.com"),
    "customer_id": lambda shop: a_customer(shop, f"{FOREIGN}@example.com", name=FOREIGN),
    "product_id": lambda shop: a_product(shop, FOREIGN, name=FOREIGN),
    "snapshot_id": lambda shop: a_snapshot(shop, requested_by=FOREIGN),
    "failure_id": lambda shop: a_failure(shop, error=FOREIGN),
    "session_id": lambda shop: a_session(an_operator([shop], "eva@foreign.example"), FOREIGN),
    "token_id": lambda shop: a_token(an_operator([shop], "iva@foreign.example"), name=FOREIGN),
    "export_id": lambda shop: an_export(an_operator([shop], "ida@foreign.example"), query=f"/orders/?q={FOREIGN}"),
    "person_id": lambda shop: an_operator([shop], f"{FOREIGN}@foreign.example"),
}
OF_ALL_ALONE = {"/confirm", "/settings/mail-tests"}  # refused to somebody without the password, or without every shop
OF_NO_SHOP = {"backup_id", "restoration_id"}  # in an address, the number of what is the installation's


def needed(app: Flask, rule: Rule) -> frozenset[Permission]:
    return getattr(app.view_functions[rule.endpoint], "permissions", frozenset())


def closed_rules(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every address that asks for a person, with its method."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static" and not hasattr(app.view_functions[rule.endpoint], "is_public"):
            yield rule, "POST" if "POST" in (rule.methods or ()) else "GET"


def foreign_values(rule: Rule, foreign: Shop, rows: dict[str, object]) -> dict[str, object] | None:
    """What fills the address with what is the foreign shop's; None where nothing of it can stand there."""
    values: dict[str, object] = {}
    for name in rule.arguments - OF_NO_SHOP:
        if name == "shop":
            values["shop"] = foreign.slug
        else:
            if name not in rows:
                rows[name] = ROWS[name](foreign)
            values[name] = rows[name].id  # type: ignore[attr-defined]  # every row has one
    return values if values and not rule.arguments & OF_NO_SHOP else None


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.MANAGER])
def test_s1_nothing_of_a_foreign_shop_at_any_address(app: Flask, db: SQLAlchemy, role: Role) -> None:
    """Each address with ids of the foreign shop, with it as a parameter, and in its form; as a page and with a token."""
    own, foreign = a_shop("praha"), a_shop("brno")
    make = an_operator if role is Role.OPERATOR else a_manager
    person, rows = make([own]), {}
    browser, program, headers = signed_in(app.test_client(), person), app.test_client(), bearer(person)
    leaks, tried = [], 0

    def look(answer: TestResponse, allowed: set[int], what: str) -> None:
        nonlocal tried
        tried += 1
        with answer:
            shown = answer.text
        if answer.status_code not in allowed or FOREIGN in shown:
            leaks.append(f"{answer.status_code} {what}")

    for name in ROWS:
        rows[name] = ROWS[name](foreign)
    for rule, method in closed_rules(app):
        may = needed(app, rule) <= ALLOWED[role]
        values = foreign_values(rule, foreign, rows)
        with app.test_request_context():
            path = app.url_for(rule.endpoint, **values) if values else rule.rule if not rule.arguments else None
        if path is None:
            continue
        if values and method == "GET":
            look(browser.get(path), {404} if may else {403}, path)
        elif values:
            look(posted(browser, path, shop=foreign.slug), {404} if may else {403}, f"POST {path}")
        elif method == "GET":
            look(browser.get(path), {200, 302, 303} if may else {403}, path)
            look(browser.get(f"{path}?shop=brno"), {200, 400, 404} if may else {403}, f"{path}?shop=brno")
            if path.endswith((".json", ".csv")):
                look(program.get(path, headers=headers), {200} if may else {403}, f"{path} with a token")
                look(
                    program.get(f"{path}?shop=brno", headers=headers),
                    {404, 400, 200} if may else {403},
                    f"{path}?shop=brno",
                )
        else:
            fields = {
                "shop": foreign.slug,
                "kind": "orders",
                "mode": "full",
                "cause": "unreachable",
                "key": f"snapshot:{foreign.id}:orders",
            }
            look(
                posted(browser, path, **fields),
                {303, 400, 404, 409, 415, 422} | ({403} if path in OF_ALL_ALONE else set()) if may else {403},
                f"POST {path}",
            )
            browser = signed_in(browser, person)  # one of these forms signs out
    assert leaks == []
    assert tried > 70
    db.session.expire_all()
    assert db.session.scalar(select(func.count()).where(AuditEntry.shop_id == foreign.id)) == 0
    refused = [entry for entry in trail(db) if entry.action == Action.ACCESS_REFUSED]
    assert {entry.actor for entry in refused} == {person.email}
    assert len(refused) > 10


def test_s1_an_owner_of_everything_is_refused_nothing(app: Flask, db: SQLAlchemy) -> None:
    """The same addresses are there for somebody who may: the matrix above looks at doors that exist."""
    foreign, rows, opened = a_shop("brno"), {}, 0
    browser = signed_in(app.test_client(), an_owner())
    for rule, method in closed_rules(app):
        values = foreign_values(rule, foreign, rows)
        if values and method == "GET":
            with app.test_request_context():
                path = app.url_for(rule.endpoint, **values)
            assert browser.get(path).status_code == 200, path
            opened += 1
    assert opened >= 7


def test_s3_no_form_is_taken_without_its_token(app: Flask, db: SQLAlchemy) -> None:
    """As each form of the application asks for its token before it is looked at, this is what all of them answer."""
    rows: dict[str, object] = {}
    shop = a_shop("praha")
    browser = signed_in(app.test_client(), an_owner())
    tried = 0
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint == "webhooks.notice":
            continue
        values = foreign_values(rule, shop, rows) or dict.fromkeys(rule.arguments, 1)
        before = fingerprint(db)
        with app.test_request_context():
            path = app.url_for(rule.endpoint, **values)
        for headers in ({}, {"Origin": "https://evil.example", "Referer": "https://evil.example/"}):
            answer = browser.post(path, data={"csrf_token": "of another session"}, headers=headers)
            assert answer.status_code == 400, path
            tried += 1
        assert fingerprint(db) == before, path
    assert tried > 80


def test_s3_looking_changes_nothing_but_the_trail_and_manifests(app: Flask, db: SQLAlchemy) -> None:
    rows: dict[str, object] = {}
    shop = a_shop("praha")
    for name in ROWS:
        rows[name] = ROWS[name](shop)
    browser = signed_in(app.test_client(), an_owner())
    written: set[str] = set()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        first = " ".join(statement.split()[:3])
        if first.startswith(("UPDATE", "INSERT", "DELETE", "MERGE", "TRUNCATE")):
            written.add(first)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        for rule, method in closed_rules(app):
            values = foreign_values(rule, shop, rows)
            if method == "GET" and (values or not rule.arguments):
                with app.test_request_context():
                    path = app.url_for(rule.endpoint, **(values or {}))
                with browser.get(path) as answer:
                    assert answer.status_code == 200, path
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert written <= {"INSERT INTO audit_entries", "INSERT INTO exports", "UPDATE exports SET"}


def fingerprint(db: SQLAlchemy) -> str:
    """What all tables hold, but for the trail."""
    db.session.rollback()
    tables = [table.name for table in db.metadata.sorted_tables if table.name != "audit_entries"]
    sums = [
        f"SELECT '{name}' AS name, count(*) AS rows, md5(string_agg(whole::text, '' ORDER BY whole::text)) FROM \"{name}\" AS whole"
        for name in tables
    ]
    found = [tuple(row) for row in db.session.execute(text(" UNION ALL ".join(sums)))]
    db.session.rollback()
    return str(sorted(found))
