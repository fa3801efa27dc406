"""A database for a check alone: in a cluster of our own where its programs are here, else beside the live one."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from shop.backups.files import SCRATCH, backups_folder
from shop.backups.leftovers import remove_scratch
from shop.errors import ShopError
from shop.languages import gettext as _
from shop.local.binaries import Tools
from shop.local.launching import clean_environment, private_folder, socket_folder, unprivileged
from shop.local.postgres import PORT, locale
from shop.making_way import make_way

OWNER, DATABASE = "pult", "restored"
SETTINGS = {  # it is thrown away: nothing in it needs to outlive a power cut
    "listen_addresses": "", "unix_socket_permissions": "0700", "port": PORT, "fsync": "off", "synchronous_commit": "off",
    "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": "4GB", "autovacuum": "off",
    "shared_buffers": "256MB", "maintenance_work_mem": "256MB", "max_connections": "20", "timezone": "UTC", "jit": "off",
    "max_parallel_workers": "0",  # an index is made by one process, which gives way
}  # fmt: skip
PATIENCE = 60.0  # seconds to start


@contextmanager
def scratch(data_dir: Path, backup_id: int, tools: Tools, live: str) -> Iterator[str]:
    """Yield the address of an empty database of the same major version; it is gone when the block is left."""
    if (tools.folder / "initdb").exists() and (tools.folder / "postgres").exists():
        with own_cluster(backups_folder(data_dir) / f"{SCRATCH}{backup_id}", tools) as conninfo:
            yield conninfo
    else:
        with beside(f"pult_scratch_{backup_id}", live) as conninfo:
            yield conninfo


@contextmanager
def own_cluster(folder: Path, tools: Tools) -> Iterator[str]:
    private_folder(folder)
    sockets = private_folder(socket_folder(folder))
    try:
        made = subprocess.run(
            [
                *unprivileged(), str(tools.folder / "initdb"), "-D", str(folder / "cluster"), "-U", OWNER, "--auth=trust",
                "--no-sync", "-E", "UTF8", *locale(tools.major),
            ],
            capture_output=True, text=True, env=clean_environment(), cwd=folder, check=False,
        )  # fmt: skip
        if made.returncode:
            raise ShopError(
                _("The scratch server for the check could not be made: %(error)s", error=made.stderr.strip()[-300:])
            )
        with (folder / "server.log").open("wb") as log:
            server = subprocess.Popen(
                [
                    *unprivileged(), str(tools.folder / "postgres"), "-D", str(folder / "cluster"), "-k", str(sockets),
                    *(f"--{name.replace('_', '-')}={value}" for name, value in SETTINGS.items()),
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=clean_environment(), cwd=folder, umask=0o077,
                start_new_session=True,
            )  # fmt: skip
        make_way(server.pid)
        try:
            with patient(
                make_conninfo(host=str(sockets), port=PORT, user=OWNER, dbname="postgres"), server
            ) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(DATABASE)))
            yield make_conninfo(host=str(sockets), port=PORT, user=OWNER, dbname=DATABASE)
        finally:
            remove_scratch(folder)
            server.wait()
    finally:
        if folder.exists():
            remove_scratch(folder)


def patient(conninfo: str, server: "subprocess.Popen[bytes]") -> psycopg.Connection[Any]:
    """Connect as soon as the server answers."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            return psycopg.connect(conninfo, autocommit=True, connect_timeout=5)
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > ends:
                raise ShopError(_("The scratch server for the check did not start: %(error)s", error=error)) from error
        time.sleep(0.05)


@contextmanager
def beside(name: str, live: str) -> Iterator[str]:
    with psycopg.connect(live, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        try:
            yield make_conninfo(live, dbname=name)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
