"""Makes what `shop/rights.py` says: the role of pages, policies, views and grants. Can be done at any time."""

from typing import Any

import psycopg
from psycopg import errors, sql

from shop.errors import ShopError
from shop.rights import RIGHTS

POLICY = "shops"
VIEWS = "seen"  # the schema of the views, which pages look into first
WEB = "SELECT session_user || '_web'"
IS_READY = "SELECT to_regnamespace('seen') IS NOT NULL OR EXISTS (SELECT FROM pg_policy WHERE polname = 'shops')"
THERE = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname = ANY (%s)"""
HAS_POLICY = "SELECT FROM pg_policy WHERE polrelid = to_regclass(%s) AND polname = 'shops'"
MADE = """
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = session_user || '_web') THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', session_user || '_web');
        END IF;
        IF NOT pg_has_role(session_user, session_user || '_web',
                           CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
            EXECUTE format('GRANT %I TO %I', session_user || '_web', session_user);
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of the server has made it just now
    END $$"""
HELD = """
    SELECT n.nspname, c.relname, c.relkind = 'S' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE EXISTS (SELECT FROM aclexplode(c.relacl) g JOIN pg_roles r ON r.oid = g.grantee WHERE r.rolname = %s)"""


def renew(connection: psycopg.Connection[Any]) -> None:
    """Make everything as this version wants it; nothing in a database that has no such boundary yet.

    Grants and roles do not come back with a copy. Raises ShopError where the role of DATABASE_URL may not make one.
    """
    if not answer(connection, IS_READY):
        return
    with connection.transaction():
        web = make_role(connection)
        for statement in afresh(connection, web):
            connection.execute(statement)
        there = [name for (name,) in connection.execute(THERE, (list(RIGHTS),)).fetchall()]
        for table in sorted(there):
            guard(connection, table)
            if RIGHTS[table].is_seen:
                make_view(connection, table)
            grant(connection, table, web)


def make_role(connection: psycopg.Connection[Any]) -> str:
    """Make the role where it is missing, let the owner take it, and return its name."""
    web = str(answer(connection, WEB))
    try:
        with connection.transaction():
            connection.execute(MADE)
    except errors.InsufficientPrivilege as error:
        owner = web.removesuffix("_web")
        raise ShopError(
            f"The role of DATABASE_URL may not make the role {web}, as which pages read. Nothing was changed; an administrator of the "
            f'server makes it: CREATE ROLE "{web}" NOLOGIN; GRANT "{web}" TO "{owner}"; then run this again.'
        ) from error
    return web


def afresh(connection: psycopg.Connection[Any], web: str) -> list[sql.Composed]:
    """Return what takes everything from the role that it holds here, and lets it look into both schemas."""
    role = sql.Identifier(web)
    held = connection.execute(HELD, (web,)).fetchall()
    return [
        sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(VIEWS)),
        *(
            sql.SQL("REVOKE ALL ON {} {} FROM {}").format(
                sql.SQL("SEQUENCE" if is_sequence else "TABLE"), sql.Identifier(schema, name), role
            )
            for schema, name, is_sequence in held
        ),
        sql.SQL("GRANT USAGE ON SCHEMA public, {} TO {}").format(sql.Identifier(VIEWS), role),
    ]


def guard(connection: psycopg.Connection[Any], table: str) -> None:
    """Put the policy on a table, if a shop owns its rows. One that is there is left: replacing it would lock pages out."""
    whose = RIGHTS[table].whose
    if whose is None:
        return
    if connection.execute(HAS_POLICY, (f"public.{table}",)).fetchone() is None:
        connection.execute(
            sql.SQL("CREATE POLICY {} ON {} USING (").format(sql.Identifier(POLICY), sql.Identifier("public", table))
            + sql.SQL(whose)
            + sql.SQL(")")
        )
    connection.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(sql.Identifier("public", table)))


def make_view(connection: psycopg.Connection[Any], table: str) -> None:
    """Make the view of a table again, with all the columns that it has by now."""
    names = {"view": sql.Identifier(VIEWS, table), "table": sql.Identifier("public", table)}
    connection.execute(sql.SQL("DROP VIEW IF EXISTS {view}").format(**names))
    connection.execute(
        sql.SQL("CREATE VIEW {view} AS SELECT * FROM {table} WHERE ").format(**names)
        + sql.SQL(RIGHTS[table].whose or "true")
    )


def grant(connection: psycopg.Connection[Any], table: str, web: str) -> None:
    right = RIGHTS[table]
    for schema, verbs in (("public", right.may), (VIEWS, ("SELECT",) if right.is_seen else ())):
        if verbs:
            connection.execute(
                sql.SQL("GRANT {} ON TABLE {} TO {}").format(
                    sql.SQL(", ".join(verbs)), sql.Identifier(schema, table), sql.Identifier(web)
                )
            )


def answer(connection: psycopg.Connection[Any], question: str) -> object:
    row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]
