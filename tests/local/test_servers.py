"""The embedded servers: first start, sharing, the last one out, and every kind of sudden death."""

import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from shop.errors import ShopError
from shop.local import binaries, launching
from shop.local.launching import socket_folder
from shop.local.servers import Addresses, LocalServers
from shop.local.sharing import State

SMALL = {"shared_buffers": "16MB", "fsync": "off"}
SYSTEM_15 = Path("/usr/lib/postgresql/15/bin")
USER = """
import sys, time
from pathlib import Path
from shop.local.servers import LocalServers
servers = LocalServers(Path(sys.argv[1]), {"shared_buffers": "16MB", "fsync": "off"})
servers.start()
print("joined", flush=True)
sys.stdin.readline()
servers.stop()
"""
COMMAND = """
import sys
from pathlib import Path
from shop.local.servers import ensure
print(ensure(Path(sys.argv[1]), database=True, redis=True).database_url, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[LocalServers]:
    found = LocalServers(tmp_path, SMALL)
    yield found
    found.stop()


@contextmanager
def another_process(folder: Path, program: str = USER) -> Iterator[subprocess.Popen[str]]:
    """A process that uses the servers until it reads a line."""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline()
        yield process
        process.kill()


def pid_of(folder: Path, server: str) -> int | None:
    file = {"postgres": "pg*/postmaster.pid", "valkey": "valkey/valkey.pid"}[server]
    found = list((folder / "local").glob(file))
    return int(found[0].read_text().split()[0]) if found else None


def value(addresses: Addresses, query: str) -> object:
    with psycopg.connect(addresses.database_url) as connection:
        row = connection.execute(query).fetchone()
        assert row
        return row[0]


def is_gone(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "State:\tZ" in status.read_text()


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while not is_gone(pid):
        assert time.monotonic() < deadline, f"process {pid} still runs"
        time.sleep(0.02)


def revived(servers: LocalServers) -> list[str]:
    """Look after the servers as the supervisor does: again and again, until the killed one's children are gone too."""
    deadline = time.monotonic() + 20
    while not (titles := servers.revive()):
        assert time.monotonic() < deadline, "nothing was started again"
        time.sleep(0.02)
    return titles


def test_first_start_makes_a_database_and_a_store_that_answer(servers: LocalServers) -> None:
    addresses = servers.start()
    assert value(addresses, "SELECT current_user || ' ' || current_database()") == "pult pult"
    assert value(addresses, "SHOW data_checksums") == "on"
    assert value(addresses, "SHOW listen_addresses") == ""
    assert value(addresses, "SELECT lower('ČŘŽ')") == "čřž"
    assert value(addresses, "SHOW timezone") == "UTC"
    with Redis.from_url(addresses.redis_url) as store:
        assert store.config_get("appendonly") == {"appendonly": "yes"}
        assert store.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert store.config_get("port") == {"port": "0"}


def test_shipped_settings_never_trade_safety_for_speed(tmp_path: Path) -> None:
    with LocalServers(tmp_path) as servers:
        addresses = servers.start()
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert value(addresses, f"SHOW {setting}") == "on"
        assert value(addresses, "SHOW client_connection_check_interval") == "1s"


def test_warm_start_finds_its_data_again_within_a_second(servers: LocalServers) -> None:
    with psycopg.connect(servers.start().database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    servers.stop()
    started = time.monotonic()
    addresses = servers.start()
    assert time.monotonic() - started < 1
    assert value(addresses, "SELECT n FROM kept") == 7


def test_second_process_joins_the_same_servers(servers: LocalServers, tmp_path: Path) -> None:
    servers.start()
    pids = pid_of(tmp_path, "postgres"), pid_of(tmp_path, "valkey")
    with another_process(tmp_path):
        assert (pid_of(tmp_path, "postgres"), pid_of(tmp_path, "valkey")) == pids


def test_servers_stop_with_their_last_user_and_not_before(servers: LocalServers, tmp_path: Path) -> None:
    addresses = servers.start()
    postgres, valkey = pid_of(tmp_path, "postgres"), pid_of(tmp_path, "valkey")
    assert postgres
    assert valkey
    with another_process(tmp_path) as other:
        servers.stop()
        assert value(addresses, "SELECT 1") == 1
        other.communicate("leave\n", timeout=30)
        assert is_gone(postgres)
        assert is_gone(valkey)


def test_processes_that_start_at_once_make_one_cluster(tmp_path: Path) -> None:
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    assert len({process.stdout.readline() for process in crowd if process.stdout}) == 1
    assert len(list((tmp_path / "local").glob("pg*/PG_VERSION"))) == 1
    postgres = pid_of(tmp_path, "postgres")
    assert postgres
    for process in crowd:
        assert not is_gone(postgres)
        process.communicate("leave\n", timeout=30)
        assert process.returncode == 0
    assert is_gone(postgres)


def test_killed_user_does_not_keep_the_servers_up(servers: LocalServers, tmp_path: Path) -> None:
    servers.start()
    postgres = pid_of(tmp_path, "postgres")
    assert postgres
    with another_process(tmp_path) as other:
        other.kill()
        other.wait()
        servers.stop()
    assert is_gone(postgres)


def test_servers_whose_starter_was_killed_go_on_and_are_joined(servers: LocalServers, tmp_path: Path) -> None:
    with another_process(tmp_path) as starter:
        before = pid_of(tmp_path, "postgres")
        starter.kill()
        starter.wait()
    assert value(servers.start(), "SELECT 1") == 1
    assert pid_of(tmp_path, "postgres") == before


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_killed_server_starts_again_and_keeps_what_was_committed(
    servers: LocalServers, tmp_path: Path, server: str
) -> None:
    addresses = servers.start()
    with psycopg.connect(addresses.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    with Redis.from_url(addresses.redis_url) as store:
        store.set("kept", "7")
    pid = pid_of(tmp_path, server)
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_until_gone(pid)
    assert len(revived(servers)) == 1
    assert servers.revive() == []
    assert value(addresses, "SELECT n FROM kept") == 7
    with Redis.from_url(addresses.redis_url) as store:
        assert store.get("kept") == b"7"


def test_pid_file_that_names_a_stranger_does_not_stop_the_start(servers: LocalServers, tmp_path: Path) -> None:
    servers.start()
    postgres = pid_of(tmp_path, "postgres")
    assert postgres
    os.kill(postgres, signal.SIGKILL)
    wait_until_gone(postgres)
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        for file in (*(tmp_path / "local").glob("pg*/postmaster.pid"), tmp_path / "local/run/.s.PGSQL.5432.lock"):
            file.write_text(re.sub(r"\A\d+", str(stranger.pid), file.read_text()))
        assert revived(servers) == ["PostgreSQL"]
    finally:
        stranger.kill()
        stranger.wait()


def test_half_made_cluster_is_made_again(servers: LocalServers, tmp_path: Path) -> None:
    half = tmp_path / "local" / "pg18.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    assert value(servers.start(), "SELECT 1") == 1
    assert not half.exists()


def test_command_that_is_terminated_leaves_the_servers_in_order(tmp_path: Path) -> None:
    with another_process(tmp_path, COMMAND) as command:
        postgres = pid_of(tmp_path, "postgres")
        assert postgres
        command.terminate()
        assert command.wait(timeout=30) == 128 + signal.SIGTERM
    assert is_gone(postgres)


def test_forked_child_does_not_stop_its_parents_servers(tmp_path: Path) -> None:
    fork_and_wait = (
        "import os\nchild = os.fork()\nif child == 0: sys.exit()\nos.waitpid(child, 0)\nprint('waited', flush=True)"
    )
    forking = COMMAND.replace("sys.stdin", f"{fork_and_wait}\nsys.stdin")
    with another_process(tmp_path, forking) as command:
        assert command.stdout
        assert command.stdout.readline() == "waited\n"
        postgres = pid_of(tmp_path, "postgres")
        assert postgres
        assert not is_gone(postgres)
        command.communicate("leave\n", timeout=30)


@pytest.mark.parametrize("name", ["deep/" * 24 + "end", "with, comma and blank"])
def test_folder_that_no_socket_path_can_name_still_works(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    with LocalServers(folder, SMALL) as servers:
        addresses = servers.start()
        sockets = socket_folder(folder / "local")
        assert value(addresses, "SELECT 1") == 1
        assert str(sockets).startswith("/tmp/pult-")
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    for leftover in sockets.iterdir():
        leftover.unlink()
    sockets.rmdir()


def test_short_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "run"
    link.symlink_to(tmp_path)
    with pytest.raises(ShopError, match="belongs to another user"):
        launching.private_folder(link)


def test_nothing_above_the_own_folder_changes(servers: LocalServers, tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    parents = (tmp_path, tmp_path.parent, tmp_path.parent.parent)
    before = [(path.stat().st_mode, path.stat().st_uid) for path in parents]
    servers.start()
    assert [(path.stat().st_mode, path.stat().st_uid) for path in parents] == before
    local = tmp_path / "local"
    for folder in (local, local / "run", local / "valkey", local / servers.postgres.server.name):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
        assert folder.stat().st_uid == os.geteuid()


def test_missing_programs_are_named_with_the_packages_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "package_folder", lambda _name: None)
    monkeypatch.setattr(binaries, "SYSTEM_POSTGRES", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ShopError, match="apt-get install postgresql redis-server"):
        LocalServers(tmp_path, SMALL).start()
    with pytest.raises(ShopError, match="neither Valkey nor Redis"):
        LocalServers(tmp_path, SMALL).start(database=False)


def test_data_of_another_major_version_is_not_passed_over(tmp_path: Path) -> None:
    cluster = tmp_path / "local" / "pg16"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("16")
    if any(tools.major == 16 for tools in binaries.installations()):
        pytest.skip("PostgreSQL 16 is installed on this machine")
    with pytest.raises(ShopError, match="made by PostgreSQL 16"):
        LocalServers(tmp_path, SMALL).start()


def test_root_without_a_user_namespace_reads_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(ShopError, match="ordinary user, or set DATABASE_URL"):
        launching.unprivileged()


@pytest.mark.skipif(not (SYSTEM_15 / "postgres").exists(), reason="Debian's PostgreSQL 15 is not installed here")
def test_debians_postgresql_15_serves_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "folders", lambda: iter([SYSTEM_15]))
    with LocalServers(tmp_path, SMALL) as servers:
        addresses = servers.start()
        assert value(addresses, "SHOW server_version_num").startswith("15")  # type: ignore[attr-defined]  # SHOW gives text
        assert value(addresses, "SELECT lower('ČŘŽ')") == "čřž"
        assert (tmp_path / "local" / "pg15").is_dir()


def test_server_that_dies_at_once_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shop.local.sharing.RETRY", 0.1)
    with pytest.raises(ShopError, match=r"does not start; its data was kept.*no_such_setting"):
        LocalServers(tmp_path, SMALL | {"no_such_setting": "1"}).start()


def test_state_tells_a_silent_server_from_a_ready_one(servers: LocalServers) -> None:
    servers.start()
    states = [share.server.state() for share in servers.shares()]
    found = [share.server for share in servers.shares()]
    servers.stop()
    assert states == [State.READY, State.READY]
    assert [server.state() for server in found] == [State.SILENT, State.SILENT]
