"""A copy from the command line: taken, proven, found damaged, restored."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from shop.backups.contents import read_contents
from shop.backups.files import DATABASE, MANIFEST, SUMS, files_of, seal
from shop.backups.models import Backup, BackupCheck

pytestmark = pytest.mark.usefixtures("shop")


def test_a_copy_is_restorable_and_restores_into_an_empty_database(
    runner: FlaskCliRunner, copies: Path, empty: str
) -> None:
    made = runner.invoke(args=["backups", "create", "--json"])
    assert made.exit_code == 0, made.output + made.stderr
    copy = json.loads(made.stdout)
    assert copy["state"] == "restorable"
    assert copy["rows"] > 120
    folder = copies / copy["folder"]
    assert {path.stat().st_mode & 0o777 for path in files_of(folder / DATABASE)} == {0o600}
    assert [path.name for path in copies.iterdir()] == [folder.name], "no scratch, no part is left"
    assert any(path.name.endswith(".jsonl.gz") for path in files_of(folder / "files"))

    restored = runner.invoke(args=["backups", "restore", str(copy["id"]), "--into", empty, "--json"])
    assert restored.exit_code == 0, restored.output + restored.stderr
    wanted = json.loads((folder / MANIFEST).read_text())["contents"]["tables"]
    found = read_contents(empty).tables
    assert found["public.orders"].hash == wanted["public.orders"]["hash"]
    assert json.loads(restored.stdout)["differences"] == []
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT state FROM backups").fetchall() == [("restorable",)], "it knows itself"

    again = runner.invoke(args=["backups", "restore", str(copy["id"]), "--into", empty])
    assert again.exit_code == 1
    assert "holds" in again.stderr
    assert "--replace" in again.stderr


def test_b3_damage_is_found_by_a_check_and_the_copy_counts_no_more(
    runner: FlaskCliRunner, copies: Path, db: SQLAlchemy
) -> None:
    copy = json.loads(runner.invoke(args=["backups", "create", "--json"]).stdout)
    folder = copies / copy["folder"]
    largest = max(files_of(folder / DATABASE), key=lambda path: path.stat().st_size)
    whole = largest.read_bytes()
    damages: dict[str, Callable[[], object]] = {
        "checksum differs": lambda: largest.write_bytes(whole[:-20]),
        "is missing": largest.unlink,
        "was not there": lambda: (folder / DATABASE / "9999.dat.gz").write_bytes(b"x"),
    }
    for words, damage in damages.items():
        damage()
        verified = runner.invoke(args=["backups", "verify", str(copy["id"]), "--json"])
        assert verified.exit_code == 1
        told = json.loads(verified.stdout)
        assert told["state"] == "failed"
        assert words in told["error"]
        largest.write_bytes(whole)
    outcomes = db.session.scalars(select(BackupCheck.outcome).order_by(BackupCheck.id)).all()
    assert outcomes == ["equal", "unreadable", "unreadable", "unreadable"]
    (folder / DATABASE / "9999.dat.gz").unlink()
    assert runner.invoke(args=["backups", "verify", str(copy["id"])]).exit_code == 0, "whole again, proven again"


def test_a_row_that_was_changed_in_the_copy_and_signed_anew_is_found_by_the_restore(
    runner: FlaskCliRunner, copies: Path
) -> None:
    """Whoever can write the checksums as well cannot fool the comparison with the manifest’s hashes of rows."""
    copy = json.loads(runner.invoke(args=["backups", "create", "--json"]).stdout)
    folder = copies / copy["folder"]
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["contents"]["tables"]["public.orders"]["rows"] += 1
    manifest["contents"]["tables"]["public.shops"]["hash"] = "17"
    manifest["contents"]["defined"]["index public.ix_never_made"] = (
        "CREATE INDEX ix_never_made ON public.orders USING btree (id)"
    )
    (folder / SUMS).unlink()
    seal(folder, {key: value for key, value in manifest.items() if key != "format"})
    verified = runner.invoke(args=["backups", "verify", str(copy["id"]), "--json"])
    assert verified.exit_code == 1
    assert sorted(json.loads(verified.stdout)["differences"]) == [
        "The index public.ix_never_made is missing.",
        "The table public.orders has 40 rows; it had 41.",
        "The table public.shops has as many rows as before, and not the same ones.",
    ]


def test_copies_that_no_tier_needs_are_removed_with_their_files(
    runner: FlaskCliRunner, copies: Path, db: SQLAlchemy
) -> None:
    copy = json.loads(runner.invoke(args=["backups", "create", "--json"]).stdout)
    for number in range(5):
        name = f"made-{number}"
        (copies / name).mkdir()
        db.session.add(
            Backup(
                state="restorable",
                requested_by="test",
                folder=name,
                started_at=datetime.now(UTC) - timedelta(minutes=2 + number),
            )
        )
    db.session.commit()
    plan = json.loads(runner.invoke(args=["backups", "prune", "--dry-run", "--json"]).stdout)
    assert len(list(copies.iterdir())) == 6, "a plan removes nothing"
    assert json.loads(runner.invoke(args=["backups", "prune", "--json"]).stdout) == plan
    assert len(plan["removed"]) == 3
    assert {path.name for path in copies.iterdir()} == {copy["folder"], "made-0", "made-1"}
    listed = json.loads(runner.invoke(args=["backups", "list", "--json"]).stdout)["backups"]
    assert len(listed) == 6, "the rows stay as a record"
    assert listed[0]["tiers"] == ["newest", "daily", "weekly", "monthly", "yearly"]


def test_a_copy_that_only_the_disk_knows_is_taken_into_the_books(
    runner: FlaskCliRunner, db: SQLAlchemy, copies: Path
) -> None:
    copy = json.loads(runner.invoke(args=["backups", "create", "--json"]).stdout)
    db.session.execute(text("DELETE FROM backup_checks"))
    db.session.execute(text("DELETE FROM backups"))
    db.session.commit()
    runner.invoke(args=["backups", "prune"])
    (listed,) = json.loads(runner.invoke(args=["backups", "list", "--json"]).stdout)["backups"]
    assert (listed["folder"], listed["state"], listed["rows"]) == (copy["folder"], "written", copy["rows"])
    assert runner.invoke(args=["backups", "verify", str(listed["id"])]).exit_code == 0
