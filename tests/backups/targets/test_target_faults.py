"""What may go wrong with a target: it lies, breaks off, refuses, is full, is away; or we are killed. Nothing half counts."""

import errno
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import select, text

from shop.backup_settings import Target
from shop.backups import bucket_target, duplicating, encryption, files, folder_target
from shop.backups.models import Backup, BackupDuplicate
from shop.stopping import Stopped
from tests import warm
from tests.backups.targets.bucket_server import KEY, SECRET, Fault, Store
from tests.backups.targets.conftest import Configured, Made

ROOT = Path(__file__).parents[3]
FAULTS = {
    "error": (Fault("error"), "answered InternalError (500)"),
    "error at the third part": (Fault("error", word="partNumber", after=2), "answered InternalError (500)"),
    "refuses the key": (Fault("refuse", "GET"), "refuses the key (SignatureDoesNotMatch)"),
    "full": (Fault("full", word="copy.tar", after=1), "The target offsite is full"),
    "cut while sent": (Fault("cut", word="partNumber", after=1), "broke off in the midst of it"),
    "cut while read back": (Fault("cut", "GET", "copy.tar"), "broke off in the midst of it"),
    "silent": (Fault("stall", word="partNumber", after=1), "fell silent in the midst of it"),
    "lies when it stores": (Fault("corrupt", word="partNumber=2"), "gave back other bytes than it was sent"),
    "lies when it reads": (Fault("corrupt", "GET", "copy.tar"), "gave back other bytes than it was sent"),
    "loses what it took": (Fault("lose", word="manifest.json"), "has lost what it took"),
    "lies about the manifest": (Fault("corrupt", "GET", "manifest.json"), "gave back another manifest.json"),
    "cannot list": (Fault("error", "GET", "list-type"), "answered InternalError (500)"),
}  # fmt: skip


def nothing_counts(db: SQLAlchemy, copies: Path, copy: Backup, words: str) -> None:
    """Its row says why, and the copy on this machine is what it was."""
    row = db.session.scalars(select(BackupDuplicate)).one()
    assert (row.state, row.bytes, row.verified_at) == ("failed", None, None)
    assert words in str(row.error)
    db.session.refresh(copy)
    assert (copy.state, copy.error) == ("restorable", None)
    assert files.read_sums(copies / str(copy.folder))


@pytest.mark.parametrize(("name", "encrypted"), [(name, number % 2 == 0) for number, name in enumerate(FAULTS)])
def test_a_bucket_that_fails_holds_nothing_that_counts_and_says_why(
    runner: FlaskCliRunner, db: SQLAlchemy, a_copy: Made, configured: Configured, offsite: Target, store: Store, copies: Path,
    keys: list[tuple[Path, str]], monkeypatch: pytest.MonkeyPatch, name: str, encrypted: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(bucket_target, "PART", 64 << 10)
    fault, words = FAULTS[name]
    store.fault = replace(fault)
    if name == "silent":
        monkeypatch.setattr("shop.backups.s3.SILENT", 0.3)
    copy = a_copy()
    configured(offsite, backup_recipients=(keys[0][1], keys[1][1]) if encrypted else ())
    sent = runner.invoke(args=["backups", "copy", str(copy.id), "--to", "offsite"])
    assert sent.exit_code == 1, sent.output
    assert words in sent.stderr
    assert SECRET not in sent.output
    assert KEY not in sent.output
    nothing_counts(db, copies, copy, words)
    store.fault = None
    duplicating.catch_up()
    assert (store.objects, store.uploads) == ({}, {}), "nothing of it stays"
    again = runner.invoke(args=["backups", "copy", str(copy.id), "--to", "offsite"])
    assert again.exit_code == 0, again.stderr


def test_a_fault_that_passes_is_passed_over(
    runner: FlaskCliRunner,
    a_copy: Made,
    configured: Configured,
    offsite: Target,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bucket_target, "PART", 64 << 10)
    configured(offsite)
    for kind in ("error", "cut"):
        copy = a_copy()
        store.fault = Fault(kind, word="partNumber=2", times=2)
        sent = runner.invoke(args=["backups", "copy", str(copy.id), "--to", "offsite"])
        assert sent.exit_code == 0, sent.stderr
        assert store.fault.times <= 0, "it has struck twice"


def test_an_upload_holds_no_more_than_a_part_however_much_is_sent(store: Store) -> None:
    sent = subprocess.run(
        [sys.executable, "-m", "tests.backups.targets.growth", store.endpoint, "64"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert sent.returncode == 0, sent.stderr
    assert len(store.objects["pult/large/copy.tar"]) == 64 << 20
    assert int(sent.stdout) <= 16 << 20, "memory grew with what was sent"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"secret": "canary-5"}, "refuses the key (SignatureDoesNotMatch)"),
        ({"name": "elsewhere"}, "has no such bucket"),
        ({"endpoint": "http://127.0.0.1:1"}, "cannot be reached"),
    ],
)
def test_a_wrong_key_bucket_or_address_is_told_in_words(
    runner: FlaskCliRunner, a_copy: Made, configured: Configured, offsite: Target, changed: dict[str, str], words: str
) -> None:
    assert offsite.bucket
    copy = a_copy()
    configured(replace(offsite, bucket=replace(offsite.bucket, **changed)))
    sent = runner.invoke(args=["backups", "copy", str(copy.id), "--to", "offsite"])
    assert sent.exit_code == 1
    assert f"The target offsite {words}" in sent.stderr
    assert "canary" not in sent.output


def test_a_folder_that_is_not_mounted_or_full_keeps_nothing(
    runner: FlaskCliRunner,
    db: SQLAlchemy,
    a_copy: Made,
    configured: Configured,
    nas: Target,
    copies: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy, words = a_copy(), ["backups", "copy", "ID", "--to", "nas"]
    words[2] = str(copy.id)
    configured(nas)
    with monkeypatch.context() as patched:
        patched.setattr(folder_target.files, "free_bytes", lambda _folder: 1000)
        assert "is full: the copy needs" in runner.invoke(args=words).stderr
    nothing_counts(db, copies, copy, "is full")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(folder_target.os, "fsync", full)
        assert "is full: there is no room" in runner.invoke(args=words).stderr
    assert list(Path(nas.place).iterdir()) == []
    Path(nas.place).rmdir()
    assert "See that its disk is mounted" in runner.invoke(args=words).stderr
    assert not Path(nas.place).exists(), "a folder on the disk below the mount is never made"


def test_a_copy_that_was_damaged_here_is_not_spread(
    runner: FlaskCliRunner,
    db: SQLAlchemy,
    a_copy: Made,
    configured: Configured,
    nas: Target,
    copies: Path,
    keys: list[tuple[Path, str]],
) -> None:
    copy = a_copy()
    configured(nas, backup_recipients=(keys[0][1], keys[1][1]))
    dump = copies / str(copy.folder) / "database" / "4711.dat.gz"
    whole = dump.read_bytes()
    for damaged in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
        dump.write_bytes(damaged)
        sent = runner.invoke(args=["backups", "copy", str(copy.id), "--to", "nas"])
        assert "is not the one that was written" in sent.stderr
        assert list(Path(nas.place).iterdir()) == []
    dump.unlink()
    assert "is missing" in runner.invoke(args=["backups", "copy", str(copy.id), "--to", "nas"]).stderr
    unproven = a_copy(state="written")
    assert (
        "is not proven, so it was not sent"
        in runner.invoke(args=["backups", "copy", str(unproven.id), "--to", "nas"]).stderr
    )


def test_a_worker_that_is_told_to_end_costs_no_try(
    db: SQLAlchemy, a_copy: Made, configured: Configured, nas: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_arguments: object) -> None:
        raise Stopped

    a_copy()
    configured(nas, backup_recipients=("age1", "age1"))
    with monkeypatch.context() as patched:
        patched.setattr(encryption, "encrypt", stopped)
        with pytest.raises(Stopped):
            duplicating.catch_up()
    row = db.session.scalars(select(BackupDuplicate)).one()
    assert (row.state, row.tries) == ("failed", 0)
    assert "told to end" in str(row.error)
    configured(nas)
    duplicating.catch_up()
    assert list(Path(nas.place).iterdir()) == [], "the next one clears away what was begun"


POINTS = (
    "part_sent",
    "read_back",
    "published",
)  # of a bucket: parts alone, objects without a manifest, all but its row


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("kind", "point"), [("nas", "sending"), ("nas", "published"), *(("offsite", point) for point in POINTS)]
)
def test_killed_at_any_step_nothing_counts_nothing_stays_and_the_next_run_goes_on(
    runner: FlaskCliRunner, db: SQLAlchemy, a_copy: Made, configured: Configured, nas: Target, offsite: Target, store: Store,
    environment: dict[str, str], keys: list[tuple[Path, str]], kind: str, point: str,
) -> None:  # fmt: skip
    copy = a_copy(size=20 << 20 if point == "part_sent" else 100_000)
    target = nas if kind == "nas" else offsite
    recipients = (keys[0][1], keys[1][1])
    configured(target, backup_recipients=recipients)
    address = nas.place if kind == "nas" else f"{offsite.place}?region=eu-test-1"
    environ = environment | {
        "PULT_BACKUP_TARGETS": f"{kind}={address}", "PULT_BACKUP_KEY_OFFSITE": KEY, "PULT_BACKUP_SECRET_OFFSITE": SECRET,
        "PULT_BACKUP_RECIPIENTS": ",".join(recipients), "PULT_FAULT_AT": f"targets.{point}",
    }  # fmt: skip
    killed = warm.run(["-m", "flask", "backups", "copy", str(copy.id), "--to", kind], environ)
    assert killed.returncode == -9, killed.stderr
    assert SECRET not in killed.stderr
    row = db.session.scalars(select(BackupDuplicate)).one()
    assert row.state == "running"
    db.session.execute(
        text("UPDATE job_leases SET expires_at = now() - interval '1 second' WHERE key = 'backup-targets'")
    )
    db.session.commit()
    with Redis.from_url(environment["REDIS_URL"]) as connection:
        connection.delete("pult:lock:backup-targets")
    duplicating.catch_up()
    db.session.expire_all()
    assert (row.state, row.leftover) == ("failed", False)
    assert "ended in the midst of it" in str(row.error)
    assert list(Path(nas.place).iterdir()) == []
    assert (store.objects, store.uploads) == ({}, {})
    assert runner.invoke(args=["backups", "copy", str(copy.id), "--to", kind]).exit_code == 0
    db.session.expire_all()
    assert (row.state, row.tries) == ("verified", 2)
