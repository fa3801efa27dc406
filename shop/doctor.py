"""`flask doctor`: everything that must be true for this installation to work, each with a mend."""

import json
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from redis import Redis
from redis.exceptions import RedisError, ResponseError
from rq import Worker
from rq.serializers import JSONSerializer
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shop import boundary_findings, secret_findings
from shop.backups import ages, target_findings, wal_archiving
from shop.commands import first_line
from shop.config import Config
from shop.db import db, raw_connection
from shop.findings import Finding, State, finding
from shop.formatting import plural, size
from shop.health import applied, newest
from shop.local import binaries
from shop.partitions import soundness
from shop.privacy import findings as privacy
from shop.punctuality import figures, punctuality
from shop.queues import ALL
from shop.setting_findings import options, sealed_secrets
from shop.shops.queries import all_shops
from shop.snapshots.queries import late_runs, open_failures
from shop.staff.queries import active_owners

ROOM = 1024**3  # bytes that a data folder should have left
SILENT = timedelta(seconds=90)  # a worker that was not heard for longer is not alive
LATE = timedelta(minutes=3)  # that a run may wait beyond the time it asked for
ASK_DATABASE = text(
    """
    SELECT current_setting('server_version_num')::int / 10000 AS major,
           current_setting('server_version') AS version,
           pg_encoding_to_char(encoding) AS encoding,
           current_setting('timezone') AS timezone,
           has_database_privilege(current_database(), 'CREATE') AND has_schema_privilege('public', 'CREATE') AS may_create,
           extract(epoch FROM clock_timestamp())::float8 AS now
    FROM pg_database WHERE datname = current_database()
    """
)


SIGNS = {State.GOOD: "✓", State.NOTE: "·", State.BAD: "✗"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Look at everything that must be true for Pult to work, and say how to mend what is not."""
    config: Config = current_app.extensions["pult"]
    findings = list(examine(config))
    well = all(found.state != State.BAD for found in findings)
    if as_json:
        click.echo(json.dumps({"ok": well, "checks": [asdict(found) for found in findings]}, indent=2))
    else:
        for found in findings:
            click.echo(f"{SIGNS[found.state]} {found.name}: {found.found}")
            if found.mend:
                click.echo(f"  → {found.mend}")
    raise SystemExit(0 if well else 1)


def examine(config: Config) -> Iterator[Finding]:
    yield from folder(config.data_dir)
    yield secret_key(config)
    yield public_address(config)
    yield trusted_proxies(config)
    yield from secret_findings.findings(config)
    yield from database()
    yield from redis(config)


def folder(path: Path) -> Iterator[Finding]:
    mode = stat.S_IMODE(path.stat().st_mode)
    yield finding(
        "data folder", not mode & 0o077, f"{path}, mode {mode:04o}", f"Close it to others: `chmod 700 {path}`."
    )
    free = shutil.disk_usage(path).free
    yield finding(
        "room",
        free >= ROOM,
        f"{size(free)} free",
        "Make room: snapshot files and backups need it before a load begins.",
    )


def secret_key(config: Config) -> Finding:
    """Tell where the key comes from. Its file is as secret as what it seals."""
    path = config.data_dir / "secret-key"
    if not path.exists() or path.read_text().strip() != config.secret_key:
        return Finding("secret key", State.GOOD, "from SECRET_KEY")
    mode = stat.S_IMODE(path.stat().st_mode)
    mend = f"Close it to others: `chmod 600 {path}`."
    return finding("secret key", not mode & 0o077, f"made by this installation, {path}, mode {mode:04o}", mend)


def public_address(config: Config) -> Finding:
    if config.base_url is None:
        return Finding(
            "public address", State.NOTE, "PULT_BASE_URL is not set", "Set it where others reach Pult by name."
        )
    secure = config.base_url.startswith("https://")
    mend = "Put a proxy with a certificate in front, and write it with https://: cookies travel openly now."
    return Finding("public address", State.GOOD if secure else State.NOTE, config.base_url, "" if secure else mend)


def trusted_proxies(config: Config) -> Finding:
    """Tell whose word is taken for where people come from; behind another proxy all would share its address."""
    named = ", ".join(map(str, config.trusted_proxies))
    if named:
        return Finding("trusted proxies", State.GOOD, f"this machine, {named}")
    mend = "Set PULT_TRUSTED_PROXIES where the proxy runs on another machine or in a container of its own."
    return Finding(
        "trusted proxies",
        State.NOTE if config.base_url else State.GOOD,
        "this machine alone",
        mend if config.base_url else "",
    )


def database() -> Iterator[Finding]:
    try:
        with db.engine.connect() as connection:
            asked = connection.execute(ASK_DATABASE).one()
            revisions = applied(connection)
    except SQLAlchemyError as error:
        reason = first_line(error.__cause__ or error)
        mend = "Start PostgreSQL, or correct DATABASE_URL; unset it to use the embedded server."
        yield Finding("PostgreSQL", State.BAD, f"does not answer ({reason})", mend)
        return
    major = int(asked.major)
    supported = binaries.OLDEST <= major <= binaries.NEWEST
    yield finding("PostgreSQL", supported, asked.version, f"Use version {binaries.OLDEST} to {binaries.NEWEST}.")
    yield finding("encoding", asked.encoding == "UTF8", asked.encoding, "Make the database again WITH ENCODING 'UTF8'.")
    yield finding("time zone", asked.timezone == "UTC", asked.timezone, "Something overrides it; Pult asks for UTC.")
    yield clocks(datetime.fromtimestamp(asked.now, UTC))
    mend = "GRANT CREATE on the database and on its schema public to the role of DATABASE_URL."
    yield finding("role", asked.may_create, "may create" if asked.may_create else "may not create tables", mend)
    yield client_tools(major)
    at_head = revisions == newest()
    found = f"at {', '.join(sorted(revisions)) or 'nothing'}, newest is {', '.join(sorted(newest()))}"
    yield finding("migrations", at_head, found, "Run `flask db upgrade`.")
    if at_head:
        yield from contents()


def clocks(theirs: datetime) -> Finding:
    apart = abs((datetime.now(UTC) - theirs).total_seconds())
    mend = "Let both machines take their time from NTP."
    return finding("clocks", apart < 5, f"this machine and PostgreSQL are {apart:.1f} s apart", mend)


def client_tools(major: int) -> Finding:
    """Find a pg_dump of the server's own version; another one may refuse the server, or write what it cannot read."""
    for path in [*(folder / "pg_dump" for folder in binaries.folders()), Path(shutil.which("pg_dump") or "pg_dump")]:
        if program_version(path) == major:
            return Finding("pg_dump", State.GOOD, f"{major}, {path}")
    return Finding(
        "pg_dump", State.BAD, f"none of version {major}", f"Install it: `apt-get install postgresql-client-{major}`."
    )


def program_version(path: Path) -> int | None:
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    words = [word for word in told.split() if word[:1].isdigit()]
    return int(words[0].split(".")[0]) if words else None


def contents() -> Iterator[Finding]:
    owners, shops = active_owners(), all_shops()
    mend = "Make one: `flask staff add EMAIL --role owner`."
    yield finding("owners", owners > 0, plural(owners, "person", "people"), mend)
    mend = "Connect one: `flask shops add SLUG --platform shoptet --currency CZK --timezone Europe/Prague`."
    yield finding("shops", bool(shops), plural(len(shops), "shop", "shops"), mend)
    yield sealed_secrets(shops)
    yield options(shops)
    yield waiting()
    yield failed()
    config: Config = current_app.extensions["pult"]
    yield from backups(config)
    yield from punctuality()
    yield figures()
    yield from quarters()
    yield from privacy.findings(config)
    yield from boundaries()


def waiting() -> Finding:
    """See that runs which wait for a platform are looked at when their time has come."""
    late = late_runs(LATE)
    found = f"{plural(late, 'run', 'runs')} late by more than {LATE.seconds // 60} minutes" if late else "none is late"
    mend = "See that workers serve the queue imports and are not all held by long loads: `flask snapshots list` shows them."
    return finding("waiting runs", not late, found, mend)


def failed() -> Finding:
    """Failures are no fault of the installation; that nobody takes them up any more is worth knowing."""
    tried, parked = open_failures()
    mend = "Open Snapshots, look at what failed, and take it up again or dismiss it."
    if parked:
        return Finding("failed snapshots", State.NOTE, f"{parked} wait for a person, {tried} are tried again", mend)
    return Finding("failed snapshots", State.GOOD, f"{tried} are tried again by themselves" if tried else "none")


def quarters() -> Iterator[Finding]:
    config: Config = current_app.extensions["pult"]
    with raw_connection(autocommit=True) as connection:
        yield from soundness.findings(connection, config.data_dir)


def boundaries() -> Iterator[Finding]:
    with raw_connection(autocommit=True) as connection:
        yield from boundary_findings.findings(connection)


def backups(config: Config) -> Iterator[Finding]:
    with raw_connection(autocommit=True) as connection:
        yield from ages.findings(connection)
        yield from wal_archiving.findings(connection)
    yield from target_findings.findings(config)


def redis(config: Config) -> Iterator[Finding]:
    try:
        with Redis.from_url(config.redis_url, socket_timeout=5, socket_connect_timeout=5) as connection:
            server = connection.info("server")
            yield Finding("Redis", State.GOOD, str(server.get("valkey_version") or server.get("redis_version")))
            yield eviction(connection)
            yield persistence(connection)
            yield workers(connection)
    except RedisError as error:
        mend = "Start Redis, or correct REDIS_URL; unset it to use the embedded server."
        yield Finding("Redis", State.BAD, f"does not answer ({first_line(error)})", mend)


def eviction(connection: Redis) -> Finding:
    try:
        policy = str(connection.config_get("maxmemory-policy").get("maxmemory-policy", "unknown"))
    except ResponseError:
        return Finding("eviction", State.NOTE, "this Redis does not tell", "See that maxmemory-policy is noeviction.")
    mend = "Set `maxmemory-policy noeviction`: otherwise Redis drops waiting jobs when it is full, and says nothing."
    return finding("eviction", policy == "noeviction", policy, mend)


def persistence(connection: Redis) -> Finding:
    if connection.info("persistence").get("aof_enabled"):
        return Finding("append-only file", State.GOOD, "on")
    return Finding(
        "append-only file", State.NOTE, "off: after a crash of Redis, waiting work is found again within a minute"
    )


def workers(connection: Redis) -> Finding:
    """See that each queue has somebody who was heard of lately."""
    served: set[str] = set()
    heard = 0
    for worker in Worker.all(connection=connection, serializer=JSONSerializer):
        last = worker.last_heartbeat
        if last and datetime.now(UTC) - last.replace(tzinfo=UTC) < SILENT:
            served.update(worker.queue_names())
            heard += 1
    idle = [name for name in ALL if name not in served]
    found = plural(heard, "worker", "workers") + (f"; nobody serves {', '.join(idle)}" if idle else "")
    return finding("workers", not idle, found, "Start them: `make run` does, or `.venv/bin/python worker.py`.")


def register(app: Flask) -> None:
    app.cli.add_command(doctor)
