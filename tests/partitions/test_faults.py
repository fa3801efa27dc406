"""M1, M2, M4, M5, M7, M8: kills, crashes, long readers, autovacuum, a full disk, two operators."""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask_migrate import downgrade, upgrade
from redis import Redis

from bench.writers import differences, started
from shop.config import Config
from shop.errors import Conflict
from shop.factory import create_app
from shop.local import binaries
from shop.local.servers import LocalServers
from shop.locks import gate_name
from shop.partitions import backfilling, disk, record, swapping, turns
from shop.partitions.conversion import become_partitioned
from shop.partitions.queries import is_partitioned
from shop.partitions.record import Phase
from tests import servers
from tests.hatchery import Hatchery, hatchery
from tests.partitions.conftest import ORDERS, Installation, other
from tests.workers import until

POINTS = (
    "planned",
    "built",
    "prepared",
    "batch.before_commit",
    "batch",
    "filled",
    "verified",
    "swap.before_commit",
    "swapped",
)
KILLS = int(os.environ.get("PULT_PARTITION_KILLS", "10"))
SEED = 20261126
OF_A_CRASH = {
    "shared_buffers": "32MB",
    "fsync": "off",
    "full_page_writes": "off",
}  # the machine goes on: what was written is there


@contextmanager
def converting(installation: Installation, armed: Path) -> Iterator[Hatchery]:
    """A warm process that converts the table; a file in the folder `armed` is a fault that strikes in a child."""
    armed.mkdir()
    with hatchery(installation.environment | {"PULT_FAULTS": str(armed)}, "tests.partitions.deeds") as warm:
        yield warm


@pytest.mark.chaos
def test_m1_killed_at_any_point_it_goes_on(installation: Installation, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    more = dice.choices(("batch.before_commit", "batch.before_commit", "batch"), k=max(0, KILLS - len(POINTS)))
    points = sorted((*POINTS, *more), key=POINTS.index)  # each at least once, in the order in which they are passed
    size = min(200, installation.rows()[0] // (2 * KILLS))  # rows a batch, so that there are more batches than kills
    with converting(installation, tmp_path / "armed") as warm, installation.connect() as connection:
        writers = started(installation.connect, installation.shop, installation.orders, count=2, pause=0.01)
        for point in points:
            warm.killed_at(f"partitions.{point}", "convert", size)
            if point != points[0]:  # once, the lease of the dead is waited for
                forget_lease(connection, installation)
        warm.done("convert", size)
        for writer in writers:
            writer.stop()
        assert record.needed(connection).phase == Phase.SWAPPED
        assert differences(connection, installation.shop, writers) == []
    assert installation.rows() == installation.rows("order_items_before")


def forget_lease(connection: psycopg.Connection[Any], installation: Installation) -> None:
    connection.execute("UPDATE job_leases SET expires_at = clock_timestamp() - interval '1 second'")
    with Redis.from_url(installation.config.redis_url) as cache:
        cache.delete(gate_name(turns.KEY))


@pytest.mark.chaos
def test_m2_an_immediate_crash_of_the_server_in_each_phase(
    filled: tuple[str, int], config: Config, tmp_path: Path
) -> None:
    with LocalServers(tmp_path, OF_A_CRASH) as own:
        addresses = own.start()
        copy_database(other(config, filled[0]), addresses.database_url)
        app = create_app(servers.config_for(addresses.database_url, addresses.redis_url, tmp_path))
        installation = Installation(app, app.extensions["pult"], filled[1], ORDERS)
        armed = tmp_path / "armed"
        with converting(installation, armed) as warm:
            writers = started(installation.connect, installation.shop, ORDERS, count=2, pause=0.01)
            for point in ("built", "batch", "verified", "swapped"):
                (armed / f"partitions.{point}").write_text("2")  # it holds there, and the server crashes meanwhile
                warm.begin("convert")
                until(lambda point=point: not (armed / f"partitions.{point}").exists())  # type: ignore[misc]
                os.kill(own.postgres.server.pid(), signal.SIGQUIT)  # type: ignore[union-attr,arg-type]
                until(own.revive)
                assert warm.heard() != 0, "it has lost its server"
            warm.done("convert")
            for writer in writers:
                writer.stop()
        assert sum(writer.crashes for writer in writers) > 0
        with installation.connect() as connection:
            assert record.needed(connection).phase == Phase.SWAPPED
        assert installation.rows() == installation.rows("order_items_before")
        assert [failure for writer in writers for failure in writer.failures] == []


def copy_database(source: str, target: str) -> None:
    """Fill an empty database with what another one holds; what pages may do is left out, as their role is another server's."""
    folder = binaries.postgres().folder
    dumped = subprocess.run([folder / "pg_dump", "--no-acl", f"--dbname={source}"], capture_output=True, check=True)
    loading = [folder / "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--dbname={target}"]
    subprocess.run(loading, input=dumped.stdout, stdout=subprocess.DEVNULL, check=True)


def ready_to_swap(installation: Installation) -> None:
    for step in ("prepare", "backfill", "verify"):
        installation.work(step)


def test_m4_a_long_reader_puts_the_swap_off_and_nobody_waits_for_it(installation: Installation) -> None:
    ready_to_swap(installation)
    writers = started(installation.connect, installation.shop, installation.orders, count=2, pause=0.01)
    with installation.connect() as reader, reader.transaction():
        reader.execute("SELECT count(*) FROM order_items")
        swap = threading.Thread(target=within(installation, "swap"))
        swap.start()
        time.sleep(2)
        assert swap.is_alive()
        assert reader.execute("SELECT phase FROM table_conversions WHERE ended_at IS NULL").fetchone() == ("verified",)
    swap.join(30)
    for writer in writers:
        writer.stop()
    assert [failure for writer in writers for failure in writer.failures] == []
    assert max(took for writer in writers for _, took in writer.waits) < 1.5, "nobody has waited for the reader"
    with installation.connect() as connection:
        assert is_partitioned(connection)
    assert installation.rows() == installation.rows("order_items_before")


def within(installation: Installation, step: str) -> object:
    def work() -> None:
        with installation.app.app_context():
            installation.work(step)

    return work


def test_m4_a_snapshot_from_before_the_copying_never_sees_too_few_lines(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with installation.connect() as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with reader.transaction():
            reader.execute("SELECT count(*) FROM shops")  # the snapshot is taken; the lines are not touched yet
            ready_to_swap(installation)
            monkeypatch.setattr(swapping, "wait_for_old_snapshots", briefly(swapping.wait_for_old_snapshots))
            with pytest.raises(Conflict, match="would see too few lines"):
                installation.work("swap")
            assert reader.execute("SELECT count(*) FROM order_items").fetchone() == (installation.rows()[0],)
    installation.work("swap")


def briefly(wait: object) -> object:
    return lambda connection, conversion, _ends: wait(connection, conversion, time.monotonic() + 0.5)  # type: ignore[operator]


def test_m5_an_autovacuum_makes_way_for_the_swap(installation: Installation) -> None:
    """A manual VACUUM would not; what is looked at is that each try asks the deadlock detector before its lock times out."""
    ready_to_swap(installation)
    with installation.connect() as connection:
        connection.execute(
            "ALTER TABLE order_items SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0,"
            " autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)"
        )
        connection.execute("UPDATE order_items SET quantity = quantity")
        connection.execute("SELECT pg_stat_force_next_flush()")
        running = "SELECT 1 FROM pg_stat_progress_vacuum WHERE relid = 'order_items'::regclass"
        connection.execute("ALTER SYSTEM SET autovacuum_naptime = '1s'")
        connection.execute("SELECT pg_reload_conf()")
        try:
            until(lambda: connection.execute(running).fetchone(), 90)
            began = time.monotonic()
            installation.work("swap")
            assert time.monotonic() - began < 5
        finally:
            connection.execute("ALTER SYSTEM RESET autovacuum_naptime")
            connection.execute("SELECT pg_reload_conf()")
        assert is_partitioned(connection)


def test_m7_a_full_disk_pauses_the_copying_and_room_lets_it_go_on(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.work("prepare")
    monkeypatch.setattr(backfilling, "PAUSE", 0.05)
    looks = iter([1 << 20, 1 << 20])
    monkeypatch.setattr(disk, "free_bytes", lambda _connection: next(looks, 1 << 40))
    told: list[str | None] = []
    monkeypatch.setattr("shop.partitions.bars.Teller.tell", lambda _self, conversion: told.append(conversion.paused))
    installation.work("backfill")
    assert any(words and "waits for room on the disk" in words for words in told)
    assert told[-1] is None
    installation.work("verify")


def test_m7_a_disk_too_small_is_refused_with_numbers(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda _connection: 1 << 20)
    with pytest.raises(disk.NoRoom, match=r"has 1\.0 MB free; the conversion needs|free; the conversion needs"):
        installation.work("prepare")
    with installation.connect() as connection:
        assert record.newest(connection) is None or record.newest(connection).ended_at  # type: ignore[union-attr]


def test_m8_the_second_operator_hears_of_the_first(installation: Installation, tmp_path: Path) -> None:
    armed = tmp_path / "armed"
    with converting(installation, armed) as first:
        (armed / "partitions.batch").write_text("4")
        first.begin("convert")
        until(lambda: not (armed / "partitions.batch").exists())
        with pytest.raises(
            Conflict, match=r"Somebody else \(.+\) works on the form of the table\. The conversion is backfilling"
        ):
            installation.work("backfill")
        assert first.heard() == 0


def test_the_migration_goes_up_and_down_on_a_filled_database(installation: Installation) -> None:
    before = installation.rows()
    become_partitioned()  # by an operator, before the migration
    downgrade(revision="0019")
    assert installation.rows() == before
    with installation.connect() as connection:
        assert not is_partitioned(connection)
    upgrade(revision="0020")
    assert installation.rows() == before
    with installation.connect() as connection:
        assert is_partitioned(connection)
