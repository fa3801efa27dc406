"""Copies on their way to targets and back: encrypted, read back, fetched with either key, removed by the plan."""

import json
import os
import shutil
import subprocess
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.backup_settings import Target
from shop.backups import bucket_target, duplicating
from shop.backups.files import check, files_of
from shop.backups.models import BackupDuplicate
from shop.backups.retention import tiers
from shop.backups.signing import Signer, address
from tests.backups.targets.bucket_server import Store
from tests.backups.targets.conftest import Configured, Made

ROOT = Path(__file__).parents[3]
Keys = list[tuple[Path, str]]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files_of(folder)}


def test_a_copy_lies_encrypted_on_both_kinds_of_target_and_comes_back_with_either_key(
    runner: FlaskCliRunner, a_copy: Made, configured: Configured, nas: Target, offsite: Target, store: Store,
    copies: Path, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(bucket_target, "PART", 64 << 10)
    copy = a_copy()
    name = str(copy.folder)
    configured(nas, offsite, backup_recipients=(keys[0][1], keys[1][1]))
    for target in ("nas", "offsite"):
        sent = runner.invoke(args=["backups", "copy", str(copy.id), "--to", target, "--json"])
        assert sent.exit_code == 0, sent.stderr
        told = json.loads(sent.stdout)
        assert (told["state"], told["encrypted"], told["opened_at"]) == ("verified", True, None)
        again = runner.invoke(args=["backups", "copy", str(copy.id), "--to", target])
        assert "already, so nothing was sent" in again.stderr, "what counts there is not put at risk"
    folder = Path(nas.place) / name
    assert sorted(path.name for path in folder.iterdir()) == ["copy.sha256", "copy.tar.age", "manifest.json"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    subprocess.run(["sha256sum", "--check", "--quiet", "copy.sha256"], cwd=folder, check=True)
    assert (folder / "copy.tar.age").read_bytes().startswith(b"age-encryption.org/v1\n")
    assert b"files.sha256" not in (folder / "copy.tar.age").read_bytes()
    assert sum("partNumber" in call for call in store.calls) > 4, "it went in parts"
    assert sorted(store.objects) == [
        f"pult/one/{name}/{file}" for file in ("copy.sha256", "copy.tar.age", "manifest.json")
    ]
    assert store.uploads == {}

    for source, (key, _recipient) in (("nas", keys[0]), ("offsite", keys[1]), (nas.place, keys[1])):
        into = tmp_path / f"back-{source.strip('/').replace('/', '-')}"
        words = ["--from", source, "--to", str(into), "--identity", str(key), "--json"]
        fetched = runner.invoke(args=["backups", "fetch", str(copy.folder).rpartition("-")[2], *words])
        assert fetched.exit_code == 0, fetched.stderr
        assert Path(json.loads(fetched.stdout)["folder"]) == into / name
        assert contents(into / name) == contents(copies / name)
        assert [path.name for path in into.iterdir()] == [name]
    listed = runner.invoke(args=["backups", "fetch", "--from", "offsite"])
    assert listed.stdout == f"{name}\n"
    refused = runner.invoke(
        args=["backups", "fetch", name, "--from", "nas", "--to", str(tmp_path / "x"), "--identity", str(keys[2][0])]
    )
    assert refused.exit_code == 1
    assert "do not open this copy" in refused.stderr
    without = runner.invoke(args=["backups", "fetch", name, "--from", "nas", "--to", str(tmp_path / "x")])
    assert "The copy is encrypted. Name the file" in without.stderr
    assert list((tmp_path / "x").iterdir()) == []


def test_reading_back_with_a_key_opens_it_and_one_flipped_bit_is_found(
    runner: FlaskCliRunner, db: SQLAlchemy, a_copy: Made, configured: Configured, nas: Target, keys: Keys
) -> None:
    copy = a_copy()
    configured(nas, backup_recipients=(keys[0][1], keys[1][1]))
    assert runner.invoke(args=["backups", "copy", str(copy.id), "--to", "nas"]).exit_code == 0
    words = ["backups", "read-back", str(copy.id), "--at", "nas"]
    assert json.loads(runner.invoke(args=[*words, "--json"]).stdout)["opened_at"] is None
    lost = runner.invoke(args=[*words, "--identity", str(keys[2][0])])
    assert "do not open this copy" in lost.stderr, "B9: a lost key is found by the drill"
    found = runner.invoke(args=[*words, "--identity", str(keys[1][0])])
    assert "every file in it is as it was copied" in found.stdout, found.stderr
    row = db.session.scalars(select(BackupDuplicate)).one()
    assert row.opened_at is not None
    archive = Path(nas.place) / str(copy.folder) / "copy.tar.age"
    whole = archive.read_bytes()
    archive.write_bytes(whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
    for key in ([], ["--identity", str(keys[0][0])]):
        again = runner.invoke(args=[*words, *key])
        assert again.exit_code == 1
        row = db.session.scalars(select(BackupDuplicate)).one()
        assert row.state == "failed"
        assert "gave back other bytes than it was sent" in str(row.error)
        row.state = "verified"
        db.session.commit()


def test_b9_a_key_on_this_machine_that_fits_no_recipient_is_found_at_once(
    runner: FlaskCliRunner, a_copy: Made, configured: Configured, nas: Target, keys: Keys
) -> None:
    copy = a_copy()
    configured(nas, backup_recipients=(keys[0][1], keys[1][1]), backup_identity=keys[2][0])
    sent = runner.invoke(args=["backups", "copy", str(copy.id), "--to", "nas"])
    assert sent.exit_code == 1
    assert "do not open this copy" in sent.stderr
    assert list(Path(nas.place).iterdir()) == []
    configured(nas, backup_recipients=(keys[0][1], keys[2][1]), backup_identity=keys[2][0])
    told = json.loads(runner.invoke(args=["backups", "copy", str(copy.id), "--to", "nas", "--json"]).stdout)
    assert told["opened_at"] is not None


def test_the_schedule_sends_what_is_missing_once_and_removes_what_no_tier_needs(
    db: SQLAlchemy, a_copy: Made, configured: Configured, nas: Target, offsite: Target, store: Store
) -> None:
    made = [a_copy(hours, size=1000) for hours in (1, 1.1, 1.2)]
    configured(nas, offsite)
    report = duplicating.catch_up()
    assert report.failed == []
    assert report.sent == [f"copy {one.id} to {target}" for target in ("nas", "offsite") for one in made]
    store.calls.clear()
    assert duplicating.catch_up() == duplicating.Report(), "nothing is left to do"
    assert store.calls == [], "and nobody is asked"
    newer = [a_copy(minutes / 60, size=1000) for minutes in (3, 2, 1)]
    report = duplicating.catch_up()
    kept = tiers([*reversed(newer), *made])
    assert len(kept) >= 3, "those of another day may be needed as well"
    assert report.removed == 2 * (6 - len(kept))
    names = sorted(str(one.folder) for one in (*newer, *made) if one.id in kept)
    assert sorted(path.name for path in Path(nas.place).iterdir()) == names
    assert sorted({key.split("/")[2] for key in store.objects}) == names
    rows = db.session.scalars(select(BackupDuplicate).where(BackupDuplicate.state == "removed")).all()
    assert {row.backup_id for row in rows} == {one.id for one in made} - kept.keys()
    assert not any(row.leftover for row in rows)
    assert duplicating.catch_up() == duplicating.Report(), "what was removed is not sent again"


def test_b10_a_target_that_was_away_for_days_is_caught_up_with_by_itself(
    db: SQLAlchemy, a_copy: Made, configured: Configured, nas: Target, offsite: Target
) -> None:
    copy = a_copy()
    configured(nas, offsite)
    aside = Path(nas.place).with_name("unmounted")
    Path(nas.place).rename(aside)
    report = duplicating.catch_up()
    assert report.sent == [f"copy {copy.id} to offsite"], "the other target is served all the same"
    assert "See that its disk is mounted" in report.failed[0]
    assert duplicating.catch_up() == duplicating.Report(), "it rests"
    rows = db.session.scalars(select(BackupDuplicate).where(BackupDuplicate.target == "nas")).all()
    for row in rows:
        row.tried_at = datetime.now(UTC) - timedelta(hours=1.1)
    db.session.commit()
    aside.rename(nas.place)
    assert duplicating.catch_up().sent == [f"copy {copy.id} to nas"]


@pytest.mark.parametrize("encrypted", [True, False])
def test_b8_the_runbook_opens_what_lies_on_a_target_with_plain_tools(
    runner: FlaskCliRunner, a_copy: Made, configured: Configured, nas: Target, keys: Keys, copies: Path, encrypted: bool
) -> None:
    if encrypted and not shutil.which("age"):
        pytest.skip("there is no age here")
    copy = a_copy()
    configured(nas, backup_recipients=(keys[0][1], keys[1][1]) if encrypted else ())
    assert runner.invoke(args=["backups", "copy", str(copy.id), "--to", "nas"]).exit_code == 0
    folder = Path(nas.place) / str(copy.folder)
    commands = ["sha256sum --check --quiet copy.sha256", "sha256sum --check --quiet files.sha256"]
    commands.insert(
        1,
        'age --decrypt --identity "$KEY" copy.tar.age | tar --extract'
        if encrypted
        else "tar --extract --file=copy.tar",
    )
    written = (ROOT / "docs" / "restore.md").read_text()
    for command in commands:
        assert command in written, "the runbook is what is tested"
        environ = os.environ | {"KEY": str(keys[1][0])}
        subprocess.run(
            ["bash", "-o", "pipefail", "-c", command], cwd=folder, env=environ, check=True, capture_output=True
        )
    assert contents(copies / str(copy.folder)).items() <= {
        name: content for name, content in contents(folder).items() if name != "manifest.json"
    }.items() | {("manifest.json", (copies / str(copy.folder) / "manifest.json").read_bytes())}


def test_s12_an_archive_that_would_write_outside_of_its_folder_is_refused(
    runner: FlaskCliRunner, a_copy: Made, configured: Configured, nas: Target, tmp_path: Path
) -> None:
    """Whoever can write to a target can write archives; they end up in the folder that was named, or nowhere."""
    copy = a_copy()
    configured(nas)
    assert runner.invoke(args=["backups", "copy", str(copy.id), "--to", "nas"]).exit_code == 0
    folder = Path(nas.place) / str(copy.folder)
    (tmp_path / "evil").write_text("x")
    for name in ("../../evil-made", "/tmp/evil-made", "a/../../evil-made"):
        with tarfile.open(folder / "copy.tar", "w") as archive, (tmp_path / "evil").open("rb") as content:
            head = archive.gettarinfo(fileobj=content)
            head.name = name
            archive.addfile(head, content)
        fetched = runner.invoke(
            args=["backups", "fetch", str(copy.folder), "--from", "nas", "--to", str(tmp_path / "into")]
        )
        assert fetched.exit_code == 1
        assert "which leads out of its folder" in fetched.stderr
    assert list((tmp_path / "into").iterdir()) == []
    assert not list(tmp_path.rglob("evil-made"))


def test_a_copy_comes_back_from_a_target_into_an_empty_database(
    runner: FlaskCliRunner,
    shop: object,
    copies: Path,
    empty: str,
    configured: Configured,
    offsite: Target,
    keys: Keys,
    tmp_path: Path,
) -> None:
    """The whole way: taken, proven, sent, everything here lost, fetched without a database, restored and compared."""
    made = json.loads(runner.invoke(args=["backups", "create", "--json"]).stdout)
    configured(offsite, backup_recipients=(keys[0][1], keys[1][1]))
    assert runner.invoke(args=["backups", "copy", str(made["id"]), "--to", "offsite"]).exit_code == 0
    shutil.rmtree(copies / made["folder"])
    words = ["--from", "offsite", "--to", str(tmp_path / "back"), "--identity", str(keys[1][0])]
    assert runner.invoke(args=["backups", "fetch", made["folder"], *words]).exit_code == 0
    check(tmp_path / "back" / made["folder"])
    restored = runner.invoke(
        args=["backups", "restore", str(tmp_path / "back" / made["folder"]), "--into", empty, "--json"]
    )
    assert restored.exit_code == 0, restored.stderr
    assert json.loads(restored.stdout)["differences"] == []


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body", "signature"),
    [
        ("GET", "/test.txt", {}, {"Range": "bytes=0-9"}, b"", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        (
            "PUT", "/test$file.text", {}, {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            b"Welcome to Amazon S3.", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        ("GET", "/", {"lifecycle": ""}, {}, b"", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("GET", "/", {"prefix": "J", "max-keys": "2"}, {}, b"", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)  # fmt: skip
def test_signatures_are_those_of_the_published_examples(
    method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes, signature: str
) -> None:
    """The four examples with which the protocol’s own description shows what must come out."""
    import hashlib

    signer = Signer("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
    url = address("https://examplebucket.s3.amazonaws.com", path, query)
    summed = hashlib.sha256(body).hexdigest()
    made = signer.headers(method, url, summed, datetime(2013, 5, 24, tzinfo=UTC), headers)
    assert made["authorization"].endswith(f"Signature={signature}")
    assert "wJalrXUtnFEMI" not in repr(signer)
