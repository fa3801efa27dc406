"""Servers that several processes share: who starts them, who stops them, and every kind of sudden death."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from shop.local.servers import LocalServers
from tests.local.onlooking import COMMAND, another_process, is_gone, pid_of, value, wait_until_gone


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


def revived(servers: LocalServers) -> list[str]:
    """Look after the servers as the supervisor does: again and again, until the killed one's children are gone too."""
    deadline = time.monotonic() + 20
    while not (titles := servers.revive()):
        assert time.monotonic() < deadline, "nothing was started again"
        time.sleep(0.02)
    return titles


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
