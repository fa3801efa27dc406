"""What may go wrong with a copy: each fault of the matrix leaves the older copies whole and says what happened."""

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.backups import contents, proving, taking, tools
from shop.backups.files import Damaged, check, files_of
from shop.config import Config
from shop.errors import ShopError
from shop.local import binaries
from shop.local.postgres import first_number, is_postgres
from shop.shops.models import Shop

ROOT = Path(__file__).parents[2]
POINTS = ("backups.dumped", "backups.sealed", "backups.written", "backups.scratch_made", "backups.restored")


def created(runner: FlaskCliRunner) -> dict[str, object]:
    made = runner.invoke(args=["backups", "create", "--json"])
    assert made.exit_code == 0, made.output + made.stderr
    return dict(json.loads(made.stdout))


@pytest.mark.chaos
@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("point", POINTS)
def test_b1_b14_a_killed_copy_leaves_nothing_and_the_next_one_is_good(
    runner: FlaskCliRunner, db: SQLAlchemy, environment: dict[str, str], copies: Path, point: str
) -> None:
    killed = subprocess.run(
        [sys.executable, "-m", "flask", "backups", "create"],
        cwd=ROOT, env=environment | {"PULT_FAULT_AT": point}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert killed.returncode == -9, killed.stderr
    counted = db.session.execute(text("SELECT count(*) FROM backups WHERE state = 'restorable'")).scalar_one()
    assert counted == 0, "nothing half-written counts"
    servers = [first_number(path) for path in copies.glob(".scratch-*/cluster/postmaster.pid")]
    db.session.execute(text("UPDATE job_leases SET expires_at = now() - interval '1 second' WHERE key = 'backups'"))
    db.session.commit()
    forget_gate(environment)
    copy = created(runner)
    assert copy["state"] == "restorable"
    left = sorted(path.name for path in copies.iterdir())
    whole = point in ("backups.written", "backups.scratch_made", "backups.restored")
    assert len(left) == 1 + whole, "a whole copy that was not proven yet stays, a part does not"
    assert not any(name.startswith(".") for name in left)
    assert not any(pid and is_postgres(pid) for pid in servers), "its scratch server has ended"
    states = dict(db.session.execute(text("SELECT id, state FROM backups ORDER BY id")).all())
    assert list(states.values()) == (
        ["written"] if point == "backups.written" else ["verified"] if whole else ["failed"]
    ) + ["restorable"]


@pytest.mark.usefixtures("shop")
def test_a_proven_copy_still_counts_when_its_next_proof_breaks_off(
    runner: FlaskCliRunner, db: SQLAlchemy, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = created(runner)
    killed = subprocess.run(
        [sys.executable, "-m", "flask", "backups", "verify", str(copy["id"])],
        cwd=ROOT, env=environment | {"PULT_FAULT_AT": "backups.restored"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert killed.returncode == -9, killed.stderr
    state = text("SELECT state FROM backups")
    assert db.session.execute(state).scalars().all() == ["restorable"]
    db.session.execute(text("UPDATE job_leases SET expires_at = now() - interval '1 second' WHERE key = 'backups'"))
    db.session.commit()
    forget_gate(environment)

    def refused(*_arguments: object) -> None:
        raise tools.ToolFailed("pg_restore failed: No space left on device")

    monkeypatch.setattr(proving, "load", refused)
    told = runner.invoke(args=["backups", "verify", str(copy["id"])])
    assert told.exit_code == 1
    assert "No space left" in told.stderr
    assert db.session.execute(state).scalars().all() == ["restorable"]
    outcomes = db.session.execute(text("SELECT outcome FROM backup_checks ORDER BY id")).scalars().all()
    assert outcomes == ["equal", "interrupted", "unreadable"]


def forget_gate(environment: dict[str, str]) -> None:
    """Drop the cheap lock of the killed process, which lasts for its seconds."""
    from redis import Redis

    with Redis.from_url(environment["REDIS_URL"]) as connection:
        connection.delete("pult:lock:backups")


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


@pytest.mark.usefixtures("shop")
def test_b3_any_single_flipped_byte_of_any_file_is_found(runner: FlaskCliRunner, copies: Path) -> None:
    folder = copies / str(created(runner)["folder"])
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
        "ALTER TABLE shops ENABLE ROW LEVEL SECURITY", "ALTER TABLE shops FORCE ROW LEVEL SECURITY",
        "CREATE POLICY few ON shops USING (false)",
    )  # fmt: skip
    for statement in statements:
        db.session.execute(text(statement))
    db.session.commit()
    yield
    db.session.rollback()
    for statement in (
        "DROP POLICY few ON shops", "ALTER TABLE shops NO FORCE ROW LEVEL SECURITY", "ALTER TABLE shops DISABLE ROW LEVEL SECURITY",
        "DROP OWNED BY half_blind", "DROP ROLE half_blind",
    ):  # fmt: skip
        db.session.execute(text(statement))
    db.session.commit()


@pytest.mark.usefixtures("shop", "half_blind")
def test_b5_a_row_that_is_hidden_is_an_error_and_never_a_row_less(config: Config) -> None:
    blind = psycopg.conninfo.make_conninfo(config.database_url, user="half_blind")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        contents.read_contents(blind)


def test_b6_what_is_written_meanwhile_is_not_in_the_copy_and_does_not_disturb_it(
    runner: FlaskCliRunner, shop: Shop, config: Config
) -> None:
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
def test_b7_a_migration_keeps_copies_away(runner: FlaskCliRunner, config: Config) -> None:
    with psycopg.connect(config.database_url, autocommit=True) as migrating:
        migrating.execute("SELECT pg_advisory_lock(hashtext('pult migrations'))")
        made = runner.invoke(args=["backups", "create"])
        assert made.exit_code == 1
        assert "A migration is going on" in made.stderr
    assert created(runner)["state"] == "restorable"


@pytest.mark.usefixtures("shop")
def test_b8_a_machine_without_pult_restores_with_two_commands(runner: FlaskCliRunner, copies: Path, empty: str) -> None:
    folder = copies / str(created(runner)["folder"])
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


@pytest.mark.usefixtures("shop")
def test_b12_a_database_with_tables_is_replaced_only_by_its_typed_name_and_after_a_dump(
    runner: FlaskCliRunner, copies: Path, empty: str, worker_id: str
) -> None:
    copy = str(created(runner)["id"])
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("CREATE TABLE precious (word text)")
        connection.execute("INSERT INTO precious VALUES ('kept')")
        for words in ([], ["--replace", "wrong"]):
            refused = runner.invoke(args=["backups", "restore", copy, "--into", empty, *words])
            assert refused.exit_code == 1
            assert connection.execute("SELECT word FROM precious").fetchall() == [("kept",)]
        done = runner.invoke(
            args=["backups", "restore", copy, "--into", empty, "--replace", f"restored_{worker_id}", "--json"]
        )
        assert done.exit_code == 0, done.stderr
        assert connection.execute("SELECT to_regclass('public.precious')").fetchone() == (None,)
        safety = Path(json.loads(done.stdout)["safety"])
        check(safety)
        assert safety.parent == copies
