"""An installation whose role is no superuser: what a page sees, what an administrator has to do, and fault B5."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from psycopg import sql

from shop import granting
from shop.backups.contents import read_contents
from shop.backups.taking import take
from shop.boundary_findings import drift
from shop.db import db, raw_connection
from shop.errors import ShopError
from shop.factory import create_app
from shop.local.servers import Addresses
from tests import servers
from tests.builders import a_shop, an_operator, an_order, an_owner, signed_in
from tests.conftest import Operator, Visitor

GIVE_AWAY = """
    DO $$ DECLARE one record; BEGIN
        EXECUTE 'ALTER SCHEMA public OWNER TO {owner}; ALTER SCHEMA seen OWNER TO {owner}; ALTER SCHEMA staging OWNER TO {owner}';
        FOR one IN SELECT oid::regclass AS name, relkind FROM pg_class
            WHERE relnamespace::regnamespace::text IN ('public', 'seen', 'staging') AND relkind IN ('r', 'p', 'v') AND NOT relispartition
        LOOP EXECUTE format('ALTER %s %s OWNER TO {owner}', CASE one.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, one.name); END LOOP;
        FOR one IN SELECT oid::regclass AS name FROM pg_class WHERE relispartition AND relkind = 'r'
        LOOP EXECUTE format('ALTER TABLE %s OWNER TO {owner}', one.name); END LOOP;
        FOR one IN SELECT oid::regprocedure AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        LOOP EXECUTE format('ALTER FUNCTION %s OWNER TO {owner}', one.name); END LOOP;
    END $$"""


@pytest.fixture
def modest(addresses: Addresses, config: object, worker_id: str, tmp_path: Path) -> Iterator[Flask]:
    """The application over a database of its own, all of which belongs to a role that may do nothing else."""
    owner = f"modest_{worker_id}"
    url = servers.named(addresses.database_url, owner)
    with psycopg.connect(addresses.database_url, autocommit=True) as administrator:
        administrator.execute(f"CREATE ROLE {owner} LOGIN NOSUPERUSER NOCREATEROLE")
        administrator.execute(f"CREATE DATABASE {owner} TEMPLATE {servers.TEMPLATE} OWNER {owner}")
        with psycopg.connect(url, autocommit=True) as inside:
            inside.execute(GIVE_AWAY.replace("{owner}", owner).encode())
        app = create_app(servers.config_for(url.replace("pult@", f"{owner}@"), addresses.redis_url, tmp_path))
        app.test_client_class, app.test_cli_runner_class = Visitor, Operator
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()
        administrator.execute(f"DROP DATABASE {owner} WITH (FORCE)")
        administrator.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(f"{owner}_web")))
        administrator.execute(f"DROP ROLE {owner}")


def administrate(addresses: Addresses, *statements: str) -> None:
    with psycopg.connect(addresses.database_url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_b5_policies_hold_pages_and_never_hide_a_row_from_a_copy(
    modest: Flask, addresses: Addresses, worker_id: str
) -> None:
    owner = f"modest_{worker_id}"
    runner = modest.test_cli_runner()
    a_role_is_missing_and_an_administrator_makes_it(modest, addresses, owner)
    praha, brno = a_shop("praha"), a_shop("brno")
    an_order(praha, "P1")
    an_order(brno, "B1")
    for person, codes in ((an_operator([praha]), {"P1"}), (an_owner(), {"P1", "B1"})):
        client = signed_in(modest.test_client(), person)
        assert {row["code"] for row in client.get("/orders.json").json["rows"]} == codes
        assert (
            client.get("/").status_code
            == client.get("/jobs/").status_code
            == client.get("/partitions/").status_code
            == 200
        )
    url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    db.session.remove()
    assert read_contents(url).tables["public.orders"].rows == 2, "the owner is not held to policies"
    with raw_connection(autocommit=True) as connection:
        connection.execute("ALTER TABLE orders FORCE ROW LEVEL SECURITY")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            read_contents(url)
        with pytest.raises(ShopError, match=r"would hide rows of public\.orders .* No copy was begun"):
            take("a test")
        assert connection.execute("SELECT count(*) FROM backups").fetchone() == (0,)
        found = [check for check in runner.invoke(args=["doctor"]).output.splitlines() if "boundaries" in check]
        assert "forced on its owner" in found[0]
        connection.execute("ALTER TABLE orders NO FORCE ROW LEVEL SECURITY")


def a_role_is_missing_and_an_administrator_makes_it(modest: Flask, addresses: Addresses, owner: str) -> None:
    """A copy that was restored brings no roles; without them no page opens, and what is to be done is said."""
    client = signed_in(modest.test_client(), an_owner("ola@example.com"))
    assert client.get("/").status_code == 503
    runner = modest.test_cli_runner()
    refused = runner.invoke(args=["boundaries", "renew"])
    assert refused.exit_code == 1
    told = f'CREATE ROLE "{owner}_web" NOLOGIN; GRANT "{owner}_web" TO "{owner}"'
    assert told in refused.stderr
    administrate(addresses, *told.split("; "))
    assert runner.invoke(args=["boundaries", "renew"]).output == "Pages see their shops alone.\n"
    with raw_connection(autocommit=True) as connection:
        assert list(drift(connection)) == []
    administrate(addresses, f"DROP OWNED BY {owner}_web", f"ALTER ROLE {owner} CREATEROLE")
    db_role_is_dropped_where_it_holds_nothing(addresses, owner)
    with raw_connection(autocommit=True) as connection:
        granting.renew(connection)
        assert list(drift(connection)) == [], "a role that may make roles needs no administrator"


def db_role_is_dropped_where_it_holds_nothing(addresses: Addresses, owner: str) -> None:
    with psycopg.connect(servers.named(addresses.database_url, owner), autocommit=True) as inside:
        inside.execute(f"DROP OWNED BY {owner}_web")
        inside.execute(f"DROP ROLE {owner}_web")
