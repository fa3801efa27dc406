"""The embedded servers of one process: what they are, where they lie, and what they refuse."""

import os
import stat
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from shop.errors import ShopError
from shop.local import binaries, launching
from shop.local.launching import socket_folder
from shop.local.servers import LocalServers
from shop.local.sharing import State
from tests.local.onlooking import SMALL, value

SYSTEM_15 = Path("/usr/lib/postgresql/15/bin")


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


def test_warm_start_finds_its_data_again(servers: LocalServers) -> None:
    with psycopg.connect(servers.start().database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    servers.stop()
    addresses = servers.start()
    assert value(addresses, "SELECT n FROM kept") == 7


def test_half_made_cluster_is_made_again(servers: LocalServers, tmp_path: Path) -> None:
    half = tmp_path / "local" / "pg18.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    assert value(servers.start(), "SELECT 1") == 1
    assert not half.exists()


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
