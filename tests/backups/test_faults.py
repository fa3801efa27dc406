"""What may go wrong with a copy: each fault of the matrix leaves the older copies whole and says what happened."""

import json
import os
import random
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import text

from shop import granting
from shop.backups import contents, proving, taking, tools
from shop.backups.files import Damaged, check, files_of
from shop.backups.holding import alone
from shop.boundary_findings import drift
from shop.config import Config
from shop.errors import ShopError
from shop.local import binaries
from shop.local.postgres import first_number, is_postgres
from shop.shops.models import Shop
from tests.backups.test_random_kills import forget_leases, states
from tests.hatchery import Hatchery, hatchery

ROOT = Path(__file__).parents[2]
POINTS = {  # where a copy is killed, and what it is worth then
    "backups.dumped": "failed", "backups.sealed": "failed", "backups.written": "written", "backups.scratch_made": "verified",
    "backups.restored": "verified",
}  # fmt: skip


def created(runner: FlaskCliRunner) -> dict[str, object]:
    made = runner.invoke(args=["backups", "create", "--json"])
    assert made.exit_code == 0, made.output + made.stderr
    return dict(json.loads(made.stdout))


@pytest.fixture
def warm(environment: dict[str, str]) -> Iterator[Hatchery]:
    with hatchery(environment, "tests.backups.deeds") as found:
        yield found


@pytest.mark.chaos
@pytest.mark.usefixtures("shop")
def test_b1_b14_a_killed_copy_leaves_nothing_and_a_proven_one_counts_when_its_next_proof_breaks_off(
    runner: FlaskCliRunner, db: SQLAlchemy, redis: Redis, copies: Path, warm: Hatchery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each copy clears away what the one before has left, and comes further than that; the last one comes to its end."""
    expected: list[str] = []
    for point, state in POINTS.items():
        warm.killed_at(point, "take")
        servers = [first_number(path) for path in copies.glob(".scratch-*/cluster/postmaster.pid")]
        assert "restorable" not in states(db).values(), "nothing half-written counts"
        forget_leases(db, redis)
        with alone():
            db.session.rollback()
        expected.append(state)
        assert list(states(db).values()) == expected
        left = [path.name for path in copies.iterdir()]
        assert len(left) == len(expected) - expected.count("failed"), "what is whole stays, a part does not"
        assert not any(name.startswith(".") for name in left)
        assert not any(pid and is_postgres(pid) for pid in servers), "its scratch server has ended"
    copy = created(runner)
    assert list(states(db).values()) == [*expected, "restorable"]
    warm.killed_at("backups.restored", "prove again", int(str(copy["id"])))
    forget_leases(db, redis)

    def refused(*_arguments: object) -> None:
        raise tools.ToolFailed("pg_restore failed: No space left on device")

    monkeypatch.setattr(proving, "load", refused)
    told = runner.invoke(args=["backups", "verify", str(copy["id"])])
    assert told.exit_code == 1
    assert "No space left" in told.stderr
    assert list(states(db).values()) == [*expected, "restorable"], "that is the machine's fault, and not the copy's"
    of_this = text("SELECT outcome FROM backup_checks WHERE backup_id = :id ORDER BY id")
    assert db.session.execute(of_this, {"id": copy["id"]}).scalars().all() == ["equal", "interrupted", "unreadable"]


@pytest.mark.usefixtures("shop")
def test_b2_too_little_room_is_found_before_anything_is_written(
    runner: FlaskCliRunner, copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking.files, "free_bytes", lambda _folder: 1_000_000)
    made = runner.invoke(args=["backups", "create"])
    assert made.exit_code == 1
    assert "No copy was begun" in made.stderr
    assert list(copies.iterdir()) == []


@pytest.mark.usefixtures("shop")
def test_b2_a_disk_that_fills_up_in_the_midst_leaves_nothing(
    runner: FlaskCliRunner, db: SQLAlchemy, copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> str:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(taking.files, "seal", full)
    made = runner.invoke(args=["backups", "create"])
    assert made.exit_code == 1
    assert list(copies.iterdir()) == []
    why = db.session.execute(text("SELECT state, error FROM backups")).one()
    assert why.state == "failed"
    assert "No space left" in why.error


def test_b4_programs_of_another_version_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    older = binaries.Tools(Path("/nowhere"), 15, "15.4")
    monkeypatch.setattr(tools, "installations", lambda: iter([older]))
    with pytest.raises(ShopError, match="postgresql-client-18"):
        tools.tools_for(180_004)


@pytest.fixture
def half_blind(db: SQLAlchemy) -> Iterator[None]:
    """A policy that hides rows even from the owner of the table."""
    statements = (
        "CREATE ROLE half_blind LOGIN", "GRANT USAGE ON SCHEMA public TO half_blind", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO half_blind",
        "ALTER TABLE shops FORCE ROW LEVEL SECURITY", "CREATE POLICY few ON shops USING (false)",
    )  # fmt: skip
    for statement in statements:
        db.session.execute(text(statement))
    db.session.commit()
    yield
    db.session.rollback()
    for statement in (
        "DROP POLICY few ON shops", "ALTER TABLE shops NO FORCE ROW LEVEL SECURITY",
        "DROP OWNED BY half_blind", "DROP ROLE half_blind",
    ):  # fmt: skip
        db.session.execute(text(statement))
    db.session.commit()


@pytest.mark.usefixtures("shop", "half_blind")
def test_b5_a_row_that_is_hidden_is_an_error_and_never_a_row_less(config: Config) -> None:
    blind = psycopg.conninfo.make_conninfo(config.database_url, user="half_blind")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        contents.read_contents(blind)


def test_b6_b7_a_migration_keeps_copies_away_and_a_writer_neither_does_nor_is_in_them(
    runner: FlaskCliRunner, shop: Shop, config: Config
) -> None:
    with psycopg.connect(config.database_url, autocommit=True) as migrating:
        migrating.execute("SELECT pg_advisory_lock(hashtext('pult migrations'))")
        made = runner.invoke(args=["backups", "create"])
        assert made.exit_code == 1
        assert "A migration is going on" in made.stderr
    over = threading.Event()

    def keep_writing() -> None:
        with psycopg.connect(config.database_url, autocommit=True) as connection:
            while not over.wait(0.01):
                connection.execute("UPDATE orders SET name = name || '.' WHERE shop_id = %s", (shop_id,))
                connection.execute("INSERT INTO audit_entries (actor, action) VALUES ('a writer', 'exported')")

    shop_id = shop.id
    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        assert created(runner)["state"] == "restorable"
    finally:
        over.set()
        writer.join()


@pytest.mark.usefixtures("shop")
def test_b3_b8_b12_one_copy_bears_no_flipped_byte_is_restored_by_hand_and_in_the_place_of_others(
    runner: FlaskCliRunner, copies: Path, empty: str, worker_id: str
) -> None:
    copy = created(runner)
    folder = copies / str(copy["folder"])
    any_single_flipped_byte_of_any_file_is_found(folder)
    a_machine_without_pult_restores_with_two_commands(folder, empty)
    tables_are_replaced_only_by_the_typed_name_and_after_a_dump(
        runner, str(copy["id"]), copies, empty, f"restored_{worker_id}"
    )


def any_single_flipped_byte_of_any_file_is_found(folder: Path) -> None:
    check(folder)
    dice = random.Random(26)
    every = [(path, path.stat().st_size) for path in files_of(folder) if path.stat().st_size]
    for _ in range(200):
        path, size = dice.choices(every, weights=[size for _path, size in every])[0]
        content = path.read_bytes()
        at = dice.randrange(size)
        path.write_bytes(content[:at] + bytes([content[at] ^ dice.randrange(1, 256)]) + content[at + 1 :])
        with pytest.raises(Damaged):
            check(folder)
        path.write_bytes(content)
    check(folder)


def a_machine_without_pult_restores_with_two_commands(folder: Path, empty: str) -> None:
    written = (ROOT / "docs" / "restore.md").read_text()
    for command in (
        "sha256sum --check --quiet files.sha256",
        'pg_restore --no-owner --no-acl --exit-on-error --jobs=2 --dbname="$TARGET" database',
    ):
        assert command in written, "the runbook is what is tested"
        environ = os.environ | {"PATH": f"{binaries.postgres().folder}:{os.environ['PATH']}", "TARGET": empty}
        subprocess.run(
            command, shell=True, cwd=folder, env=environ, check=True, capture_output=True
        )  # as a person types it
    wanted = json.loads((folder / "manifest.json").read_text())["contents"]["tables"]
    found = contents.read_contents(empty).tables
    assert {name: table.hash for name, table in found.items()} == {
        name: table["hash"] for name, table in wanted.items()
    }
    with psycopg.connect(empty, autocommit=True) as connection:
        assert "should SELECT" in next(drift(connection)), (
            "rights are the server's, and come with the next line of the runbook"
        )
        granting.renew(connection)
        assert list(drift(connection)) == []
    assert "flask boundaries renew" in written


def tables_are_replaced_only_by_the_typed_name_and_after_a_dump(
    runner: FlaskCliRunner, copy: str, copies: Path, target: str, name: str
) -> None:
    with psycopg.connect(target, autocommit=True) as connection:
        connection.execute("CREATE TABLE precious (word text)")
        connection.execute("INSERT INTO precious VALUES ('kept')")
        for words in ([], ["--replace", "wrong"]):
            refused = runner.invoke(args=["backups", "restore", copy, "--into", target, *words])
            assert refused.exit_code == 1
            assert connection.execute("SELECT word FROM precious").fetchall() == [("kept",)]
        done = runner.invoke(args=["backups", "restore", copy, "--into", target, "--replace", name, "--json"])
        assert done.exit_code == 0, done.stderr
        assert connection.execute("SELECT to_regclass('public.precious')").fetchone() == (None,)
        assert list(drift(connection)) == [], "pages can be opened on it, each for its shops"
        safety = Path(json.loads(done.stdout)["safety"])
        check(safety)
        assert safety.parent == copies
