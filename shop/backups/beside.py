"""Databases that stand beside the live one on its server: how they are named, made, found and dropped."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from shop.errors import ShopError

FEW = 8  # connections that the database beside takes: it is to be looked at, not worked with
LONGEST = 63  # bytes of a database's name
BESIDE, BEFORE = "_beside", "_before_"
SAID = re.compile(r"Pult: (.+), since (\S+)")
FOUND = """
    SELECT datname, pg_database_size(oid), coalesce(shobj_description(oid, 'pg_database'), ''), clock_timestamp()
    FROM pg_database WHERE datname = %s OR starts_with(datname, %s) ORDER BY datname"""
FORM = "SELECT to_jsonb(d) FROM pg_database d WHERE datname = current_database()"
END = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = ANY (%s) AND pid <> pg_backend_pid() AND backend_type <> 'parallel worker'"""
PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
THIRD = ("postgres", "template1")  # databases that every server has, to stand in while others are renamed


@dataclass(frozen=True)
class Beside:
    """A database of ours that is not the live one: restored beside it, or live until a switch."""

    name: str
    bytes: int
    what: str  # in words; empty where nobody has said
    since: datetime | None
    now: datetime  # of the server

    @property
    def is_before(self) -> bool:
        """Whether it was live until a switch."""
        return BEFORE in self.name

    @property
    def days(self) -> int:
        return (self.now - self.since).days if self.since else 0


def name_of(conninfo: str) -> str:
    """Return the database that an address leads to."""
    return str(conninfo_to_dict(conninfo).get("dbname") or "")


def address(live: str, name: str) -> str:
    """Return the address of another database on the server of `live`, written as DATABASE_URL is."""
    return make_url(live).set(database=name).render_as_string(hide_password=False)


def shortened(name: str, ending: str) -> str:
    room = LONGEST - len(ending)
    return name.encode()[:room].decode(errors="ignore") + ending


def beside_name(live: str) -> str:
    """Return the one name that a database beside `live` can have: there is never more than one."""
    return shortened(live, BESIDE)


def before_name(live: str, at: datetime) -> str:
    return shortened(live, f"{BEFORE}{at:%Y%m%dT%H%M%S%f}")


def databases(connection: psycopg.Connection[Any], live: str) -> list[Beside]:
    """Return what stands beside the live database, whoever left it there."""
    rows = connection.execute(FOUND, (beside_name(live), live.encode()[:40].decode(errors="ignore") + BEFORE))
    found = []
    for name, size, words, now in rows.fetchall():
        said = SAID.fullmatch(words)
        found.append(
            Beside(name, size, said[1] if said else "", datetime.fromisoformat(said[2]) if said else None, now)
        )
    return found


def is_there(connection: psycopg.Connection[Any], name: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is not None


def create(connection: psycopg.Connection[Any], name: str, words: str) -> None:
    """Make an empty database that sorts and encodes as the live one, in the place of any of that name."""
    drop(connection, name)
    row = connection.execute(FORM).fetchone()
    assert row is not None
    try:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 {}").format(sql.Identifier(name), form(row[0]))
        )
    except errors.InsufficientPrivilege as error:
        raise ShopError(
            "The role of DATABASE_URL may not create databases. Nothing was changed; an administrator of the server allows it "
            "with `ALTER ROLE … CREATEDB`."
        ) from error
    say(connection, name, words)


def form(live: dict[str, Any]) -> sql.Composed:
    """Return how a database is created that is like `live`, a row of pg_database of whichever version."""
    provider = live.get("datlocprovider", "c")
    locale = live.get("datlocale") or live.get("daticulocale")
    words = "ENCODING {} LC_COLLATE {} LC_CTYPE {} LOCALE_PROVIDER {} CONNECTION LIMIT {}"
    parts = [sql.Literal(live["encoding"]), sql.Literal(live["datcollate"]), sql.Literal(live["datctype"])]
    made = sql.SQL(words).format(*parts, sql.SQL(PROVIDERS[provider]), sql.Literal(FEW))
    if provider == "i":
        made += sql.SQL(" ICU_LOCALE {}").format(sql.Literal(locale))
    elif provider == "b":
        made += sql.SQL(" BUILTIN_LOCALE {}").format(sql.Literal(locale))
    return made


def say(connection: psycopg.Connection[Any], name: str, words: str) -> None:
    """Write on the database itself what it is, where every other database of the server can read it."""
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    told = f"Pult: {words}, since {row[0].isoformat(timespec='seconds')}"
    connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(told)))


def drop(connection: psycopg.Connection[Any], name: str) -> bool:
    """Drop the database, whoever is connected to it; False where there was none."""
    there = is_there(connection, name)
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    return there


def end_connections(connection: psycopg.Connection[Any], *names: str) -> int:
    """End every connection to these databases but our own; returns how many there were."""
    row = connection.execute(END, (list(names),)).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def third(live: str) -> Iterator[psycopg.Connection[Any]]:
    """Yield a connection to another database of the same server: nobody renames the one that they stand in."""
    failed: psycopg.Error | None = None
    for name in THIRD:
        try:
            connection = psycopg.connect(address(live, name), autocommit=True, connect_timeout=10)
        except psycopg.OperationalError as error:
            failed = error
            continue
        with connection:
            yield connection
        return
    raise ShopError(
        f"The role of DATABASE_URL can reach neither the database {' nor '.join(THIRD)} of its server, from which the others are "
        f"renamed ({str(failed).strip().splitlines()[-1]}). Nothing was changed."
    )
