"""Faults S1 and S2 in PostgreSQL itself: what a role of pages is shown, whatever the application asks for."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask, g
from flask_sqlalchemy import SQLAlchemy
from psycopg import errors, sql
from sqlalchemy import select, text

from shop import boundaries, granting
from shop.backups.contents import ours
from shop.backups.definitions import definitions
from shop.boundary_findings import drift
from shop.db import Model, raw_connection
from shop.rights import RIGHTS
from shop.shops.models import Shop
from shop.staff import access
from shop.staff.permissions import ALLOWED, Role
from tests.builders import a_manager, a_shop, an_operator, an_order, posted, signed_in
from tests.staff.every_table import OF_SHOPS, add, fill
from tests.staff.test_fault_matrix import FOREIGN, ROWS, closed_rules, foreign_values, needed

ROOT = Path(__file__).parents[2]
OURS, THEIRS = 1, 2
LIFTED = {  # where a page acts as the owner of everything: "file: function" and why that shows nobody what is not theirs
    "shop/backup_views.py: standing_beside": "sizes of databases, which a server may tell to their owner alone",
    "shop/restoration_views.py: removal": "the same, before one is dropped; for owners of everything",
    "shop/lateness.py: told": "what is late is found once for all who look, and told to each for their shops",
    "shop/setting_views.py: sees_everything": "it counts shops, to refuse who does not see all of them",
    "shop/shops/views.py: create": "a shop that is being made is nobody's yet; whoever makes it sees it from then on",
    "shop/privacy/views.py: erase": "writes wherever a person stands, as a load does, for a customer that was found",
    "shop/snapshots/cancelling.py: cancel": "drops the tables in which a run has put its rows aside, of a run that was found",
    "shop/snapshots/replay_views.py: undoing": "an undo writes orders and figures, as a load does, of a run that was found",
    "shop/shops/queries.py: home_zone": "a time zone, of the first shop: that of what belongs to no shop",
}
BESIDE = {  # pages that open a connection of their own, which is the owner's: what they look at is no shop's
    "shop/partition_views.py: index": "the map of quarters, with sizes and counts of all shops together",
    "shop/partition_views.py: rows": "the same for programs",
    "shop/restoration_views.py: cancellation": "ends connections to the database beside; for owners of everything",
    "shop/restoration_views.py: dropped": "drops a database beside; for owners of everything",
    "shop/setting_effects.py: of_retention": "which quarters a retention would take away, of all shops together",
}


READABLE = [table for table, right in OF_SHOPS.items() if right.may]  # the others are no page's business at all


@contextmanager
def as_page(connection: psycopg.Connection[Any], shops: str | None, path: str = "seen, public") -> Iterator[None]:
    with connection.transaction():
        connection.execute("SELECT set_config('search_path', %s, true)", (path,))
        if shops is not None:
            connection.execute("SELECT set_config('pult.shops', %s, true)", (shops,))
        connection.execute("SELECT set_config('role', session_user || '_web', true)")
        yield
        connection.execute("RESET ROLE")


@pytest.fixture
def filled(db: SQLAlchemy) -> Iterator[psycopg.Connection[Any]]:
    """A row of each of two shops in every table that a shop owns, in a transaction that is rolled back."""
    with raw_connection() as connection:
        fill(connection, (OURS, THEIRS))
        yield connection
        connection.rollback()


def counted(connection: psycopg.Connection[Any], path: str = "seen, public") -> dict[str, int]:
    found = {}
    for table in READABLE:
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
        assert row
        found[table] = row[0]
    return found


def test_s2_a_page_is_shown_the_rows_of_its_shops_and_without_a_word_none(filled: psycopg.Connection[Any]) -> None:
    every = dict.fromkeys(READABLE, 1)
    for path in ("seen, public", "public"):  # the views, and the tables behind them
        for shops, rows in ((None, 0), ("", 0), (str(OURS), 1), (f"{OURS},{THEIRS}", 2), ("3", 0)):
            with as_page(filled, shops, path):
                assert counted(filled) == {table: rows * each for table, each in every.items()}, (path, shops)
    with as_page(filled, str(OURS)), filled.transaction():
        filled.execute("SET LOCAL pult.shops = '1,2; DROP'")
        with pytest.raises(errors.InvalidTextRepresentation), filled.transaction():
            filled.execute("SELECT count(*) FROM orders")


def test_s2_a_page_writes_nothing_that_is_not_its_shops(filled: psycopg.Connection[Any]) -> None:
    changed = added = 0
    for table, right in OF_SHOPS.items():
        name = sql.Identifier("public", table)
        own = "key" if table == "job_leases" else "id" if table == "shops" else "shop_id"
        with as_page(filled, str(OURS)):
            if "UPDATE" in right.may:
                changed += 1
                updated = filled.execute(
                    sql.SQL("UPDATE {} SET {c} = {c}").format(
                        name, c=sql.Identifier(own if table != "snapshot_attempts" else "snapshot_id")
                    )
                )
                assert updated.rowcount == 1, f"{table}: the foreign row was reached"
            if "INSERT" in right.may:
                added += 1
                with pytest.raises(errors.InsufficientPrivilege, match="row-level security"), filled.transaction():
                    add(filled, table, THEIRS)
            for verb, statement in (("UPDATE", "UPDATE {} SET {c} = {c}"), ("DELETE", "DELETE FROM {}")):
                if verb not in right.may:
                    with pytest.raises(errors.InsufficientPrivilege, match="permission denied"), filled.transaction():
                        filled.execute(sql.SQL(statement).format(name, c=sql.Identifier(own)))
    assert changed >= 5
    assert added >= 5


def test_s2_a_quarter_is_not_there_by_its_own_name(app: Flask, db: SQLAlchemy) -> None:
    with raw_connection() as connection:
        rows = connection.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'order_items'::regclass"
        )
        quarters = [name for (name,) in rows.fetchall()]
        assert len(quarters) >= 4
        for quarter in quarters:
            with as_page(connection, "1"):
                refused = pytest.raises(errors.InsufficientPrivilege, match="permission denied")
                with refused, connection.transaction():
                    connection.execute(f"SELECT count(*) FROM {quarter}")


def test_s2_a_connection_of_the_pool_keeps_nothing_of_who_had_it(app: Flask, db: SQLAlchemy) -> None:
    """Requests of people with different shops share connections; what each leaves behind is nothing."""
    praha, brno = a_shop("praha"), a_shop("brno")
    an_order(praha, "P1")
    an_order(brno, "B1")
    people = {
        "P1": signed_in(app.test_client(), an_operator([praha])),
        "B1": signed_in(app.test_client(), a_manager([brno])),
    }
    nobody = signed_in(app.test_client(), a_manager([], "nil@example.com"))
    db.session.remove()
    for _ in range(3):
        for code, client in people.items():
            assert [row["code"] for row in client.get("/orders.json").json["rows"]] == [code]
        assert nobody.get("/orders.json").json["rows"] == []
        seen = db.session.execute(
            text(
                "SELECT current_user = session_user, current_setting('pult.shops', true), current_setting('search_path')"
            )
        )
        assert tuple(seen.one()) in {(True, words, '"$user", public') for words in ("", None)}
        db.session.remove()


def test_the_role_of_pages_and_the_rights_are_as_they_are_written(app: Flask, db: SQLAlchemy) -> None:
    assert set(RIGHTS) == {*Model.metadata.tables, "alembic_version"}, "say in shop/rights.py what pages may do"
    assert RIGHTS["audit_entries"].may == ("SELECT", "INSERT"), "the trail is only added to"
    for name, right in RIGHTS.items():
        if name != "alembic_version" and "shop_id" in Model.metadata.tables[name].columns:
            assert right.whose is not None, name
    with raw_connection(autocommit=True) as connection:
        assert list(drift(connection)) == []
        before = definitions(connection, ours(connection))
        granting.renew(connection)
        assert definitions(connection, ours(connection)) == before, "the migration and shop/rights.py say the same"
        assert list(drift(connection)) == []


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("CREATE TABLE forgotten (shop_id int); GRANT SELECT ON forgotten TO {web}", "forgotten, which is not in"),
        ("GRANT SELECT ON {quarter} TO {web}", "which is a partition"),
        ("GRANT UPDATE ON audit_entries TO PUBLIC", "Pages may INSERT, SELECT, UPDATE on audit_entries, and should SELECT, INSERT"),
        ("REVOKE SELECT ON orders FROM {web}", "Pages may nothing on orders"),
        ("ALTER TABLE orders DISABLE ROW LEVEL SECURITY", "orders has not its one policy"),
        ("CREATE POLICY more ON orders USING (true)", "orders has not its one policy"),
        ("DROP POLICY shops ON shops", "shops has not its one policy"),
        ("ALTER TABLE orders FORCE ROW LEVEL SECURITY", "copies are refused"),
        ("ALTER TABLE orders ADD COLUMN more int", "seen.orders has not the columns"),
        ("DROP SCHEMA seen CASCADE", "seen.customer_metrics has not the columns"),
        ("ALTER ROLE {web} BYPASSRLS", "sees rows whatever"),
    ],
    ids=str,
)  # fmt: skip
def test_the_doctor_finds_what_has_drifted(db: SQLAlchemy, broken: str, told: str) -> None:
    with raw_connection() as connection:
        web = str(granting.answer(connection, granting.WEB))
        quarter = granting.answer(
            connection,
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'order_items'::regclass LIMIT 1",
        )
        connection.execute(broken.format(web=web, quarter=quarter).encode())
        found = list(drift(connection))
        assert len([words for words in found if told in words]) == 1, found
        connection.rollback()


def places(name: str) -> set[str]:
    """Every "file: function" in which the name is called."""
    found = set()
    for path in sorted((ROOT / "shop").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        for function in ast.walk(ast.parse(source)) if f"{name}(" in source else ():
            if isinstance(function, ast.FunctionDef):
                calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
                if any(ast.unparse(call.func).split(".")[-1] == name for call in calls):
                    found.add(f"{path.relative_to(ROOT)}: {function.name}")
    return found


def test_where_a_page_acts_as_the_owner_is_known_by_name() -> None:
    assert places("lifted") == set(LIFTED)
    beside = {
        place for place in places("raw_connection") if place.split(":")[0].endswith(("views.py", "setting_effects.py"))
    }
    assert beside == set(BESIDE)


def test_a_block_that_is_lifted_ends_where_it_ends(app: Flask, db: SQLAlchemy) -> None:
    a_shop("praha"), a_shop("brno")
    db.session.remove()
    with app.test_request_context():
        boundaries.enter([1])
        who = text("SELECT current_user = session_user")
        assert [shop.slug for shop in db.session.scalars(select(Shop))] == ["praha"]
        with boundaries.lifted(), boundaries.lifted():
            assert len(db.session.scalars(select(Shop)).all()) == 2
        assert db.session.scalar(who) is False
        with pytest.raises(ZeroDivisionError), boundaries.lifted():
            raise ZeroDivisionError
        assert db.session.scalar(who) is False
        with pytest.raises(psycopg.Error), boundaries.lifted():  # the transaction has failed, and ends with the block
            boundaries.driver(db.session.connection()).execute("SELECT 1 / 0")
        assert db.session.scalar(who) is False
        with boundaries.lifted():
            db.session.commit()
            assert db.session.scalar(who) is True
        assert db.session.scalar(who) is False
        db.session.remove()


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.MANAGER])
def test_s1_postgresql_alone_holds_the_boundary(
    app: Flask, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    """Every address again, with what the application itself filters by switched off: each page takes both shops for its person's."""
    own, foreign = a_shop("praha"), a_shop("brno")
    rows = {name: make(foreign) for name, make in ROWS.items() if name not in OF_PEOPLE}
    person = (an_operator if role is Role.OPERATOR else a_manager)([own])
    enter, leaks, opened = boundaries.enter, [], 0

    def enter_and_forget(shop_ids: list[int]) -> None:
        enter(shop_ids)
        with boundaries.lifted():
            g.visible_shops = list(db.session.scalars(select(Shop).order_by(Shop.id)))
        db.session.expunge_all()
        g.shop_numbers = {shop.id: shop.id for shop in g.visible_shops}

    before = foreign_rows(foreign.id)
    monkeypatch.setattr(access.boundaries, "enter", enter_and_forget)
    browser = signed_in(app.test_client(), person)
    for rule, method in closed_rules(app):
        values = foreign_values(rule, foreign, rows) if rule.arguments <= {"shop", *rows} else None
        if not needed(app, rule) <= ALLOWED[role] or (rule.arguments and not values):
            continue
        with app.test_request_context():
            path = app.url_for(rule.endpoint, **(values or {}))
        if method == "GET":
            with browser.get(path if values else f"{path}?shop=brno") as answer:
                if FOREIGN in answer.text or (set(values or ()) - {"shop"} and answer.status_code < 400):
                    leaks.append(f"{answer.status_code} {path}")
                opened += answer.status_code == 200
        else:
            fields = {"kind": "orders", "mode": "full", "cause": "unreachable", "key": f"snapshot:{foreign.id}:orders"}
            posted(browser, path, shop="brno", **fields)
            browser = signed_in(browser, person)
    assert leaks == []
    assert opened >= 9, "the filter was off: lists of the foreign shop were opened, empty"
    assert foreign_rows(foreign.id) == before


OF_PEOPLE = {"session_id", "token_id", "person_id"}  # rows that are no shop's


def foreign_rows(shop_id: int) -> dict[str, object]:
    """What every table holds of a shop."""
    with raw_connection() as connection:
        return {
            table: granting.answer(
                connection,
                f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM public.{table} t WHERE shop_id = {shop_id}",
            )
            for table in OF_SHOPS
            if "shop_id" in Model.metadata.tables[table].columns
        }
