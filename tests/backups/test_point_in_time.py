"""The archive of the WAL, set up and restored from as docs/restore.md says it, with a real pgBackRest where there is one."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from shop.backups.wal_archiving import archiving
from shop.local.binaries import Tools, installations
from shop.local.launching import clean_environment, unprivileged
from tests.workers import until

RUNBOOK = Path(__file__).parents[2] / "docs" / "restore.md"
UNKNOWN = "unexpected control version"  # what pgBackRest says of a server that is newer than itself
LAID = {
    "/mnt/nas/pgbackrest": "archive",
    "/var/lib/postgresql/18/main": "cluster",
}  # paths of the runbook: folders here


class Runbook:
    """The blocks under “To a moment”, with folders of the test in place of those of a machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        text = RUNBOOK.read_text(encoding="utf-8").split("## To a moment", 1)[1].split("\n## ", 1)[0]
        for path, name in LAID.items():
            assert path in text, "the runbook names other folders"
            text = text.replace(path, str(folder / name))
        self.text = text

    def blocks(self, kind: str) -> list[str]:
        found = re.findall(rf"```{kind}\n(.*?)```", self.text, re.DOTALL)
        assert found, f"the runbook has no {kind} any more"
        return list(found)

    @property
    def environment(self) -> dict[str, str]:
        return clean_environment() | {"PGBACKREST_CONFIG": str(self.folder / "pgbackrest.conf")}

    def write(self) -> None:
        own = f"log-path={self.folder}\nlock-path={self.folder}/lock\n"
        of_server = f"pg1-socket-path={self.folder}\npg1-user=pult\npg1-database=postgres\n"
        (self.folder / "pgbackrest.conf").write_text(
            self.blocks("ini")[0].replace("[pult]", f"{own}\n[pult]") + of_server
        )

    def type(self, block: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Carry a block out as a person types it."""
        return subprocess.run(
            ["bash", "-euc", block], env=self.environment | more, capture_output=True, text=True, check=False
        )


@contextmanager
def server(tools: Tools, runbook: Runbook) -> Iterator[str]:
    """Run the cluster with the settings of the runbook; yield its address. It is made first, where there is none."""
    cluster, user = runbook.folder / "cluster", unprivileged()
    if not cluster.exists():
        made = [
            *user,
            str(tools.folder / "initdb"),
            "-D",
            str(cluster),
            "-U",
            "pult",
            "--auth=trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        subprocess.run(made, check=True, capture_output=True, env=clean_environment())
        with (cluster / "postgresql.conf").open("a") as settings:
            settings.write(runbook.blocks("conf")[0] + "listen_addresses = ''\nfsync = off\n")
    command = [*user, str(tools.folder / "postgres"), "-D", str(cluster), "-k", str(runbook.folder)]
    with (runbook.folder / "server.log").open("ab") as log, subprocess.Popen(
        command, env=runbook.environment, stdout=log, stderr=log
    ) as process:  # fmt: skip
        url = f"postgresql://pult@/postgres?host={runbook.folder}"
        try:
            until(lambda: answers(url))
            yield url
        finally:
            process.terminate()
            process.wait(60)


def answers(url: str) -> bool:
    """Whether the server takes writes: it may be reading its archive."""
    try:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT NOT pg_is_in_recovery()").fetchone()
            return bool(row and row[0])
    except psycopg.OperationalError:
        return False


@pytest.mark.skipif(shutil.which("pgbackrest") is None, reason="there is no pgBackRest on this machine")
def test_b13_what_was_written_after_a_moment_is_gone_and_what_was_before_is_there(tmp_path: Path) -> None:
    for tools in installations():
        runbook = Runbook(tmp_path / str(tools.major))
        (runbook.folder / "archive").mkdir(parents=True, mode=0o700)
        runbook.write()
        with server(tools, runbook) as url:
            done = runbook.type(runbook.blocks("sh")[0])
            if UNKNOWN in done.stdout + done.stderr:
                continue
            assert done.returncode == 0, done.stdout + done.stderr
            moment = written_around_a_moment(url)
        restored = runbook.type(runbook.blocks("sh")[1], MOMENT=moment)
        assert restored.returncode == 0, restored.stdout + restored.stderr
        with server(tools, runbook) as url, psycopg.connect(url) as connection:
            assert connection.execute("SELECT word FROM precious").fetchall() == [("kept",)]
        return
    version = subprocess.run(
        ["pgbackrest", "version"], capture_output=True, text=True, env=os.environ, check=True
    ).stdout
    pytest.skip(f"{version.strip()} knows none of the PostgreSQL servers here")


def written_around_a_moment(url: str) -> str:
    """Write before and after a moment, see that all of it is archived, and return the moment."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE precious (word text)")
        connection.execute("INSERT INTO precious VALUES ('kept')")
        row = connection.execute("SELECT clock_timestamp()::text, pg_sleep(0.01)").fetchone()
        assert row
        connection.execute("UPDATE precious SET word = 'spoilt'")
        last = connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn()), pg_switch_wal()").fetchone()
        assert last
        until(lambda: (found := archiving(connection)) and (found.last_archived_wal or "") >= last[0])
        found = archiving(connection)
        assert found
        assert (found.worry, found.timeout) == ("", 30)
        return str(row[0])
