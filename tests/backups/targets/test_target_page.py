"""Targets as people are told of them: a column, a panel, `flask doctor`, `/health/ready`; and nothing where there is none."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask.testing import FlaskClient, FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy

from shop import chores, heartbeats, schedule
from shop.backup_settings import Target
from shop.backups.models import Backup, BackupDuplicate
from shop.queues import ALL
from tests.backups.targets.conftest import Configured
from tests.builders import added, an_owner, signed_in

NOW = datetime.now(UTC)
NAS, OFFSITE = Target("nas", "/mnt/nas", folder=Path("/mnt/nas")), Target("offsite", "https://s3.example/bucket")


def a_copy(hours: float) -> Backup:
    started = NOW - timedelta(hours=hours)
    values = {
        "state": "restorable",
        "requested_by": "schedule",
        "folder": f"copy-{hours}",
        "bytes": 12_000_000,
        "restore_seconds": 4.2,
    }
    return added(Backup(started_at=started, proved_at=started, **values))


def there(copy: Backup, target: Target, state: str = "verified", **more: object) -> BackupDuplicate:
    values = {
        "target": target.name,
        "place": target.place,
        "state": state,
        "leftover": False,
        "tries": 1,
        "bytes": 4711,
        "sha256": "ab" * 32,
    }
    return added(BackupDuplicate(backup_id=copy.id, **values | {"encrypted": True, "verified_at": NOW, **more}))


def told(client: FlaskClient, path: str) -> str:
    return client.get(path).text.replace("\u00a0", " ")


def test_without_targets_nothing_is_missing(client: FlaskClient, runner: FlaskCliRunner) -> None:
    signed_in(client, an_owner())
    copy = a_copy(2)
    for path in ("/backups/", f"/backups/{copy.id}"):
        page = told(client, path)
        for word in ("On targets", ">Targets<", "encrypted", "PULT_BACKUP"):
            assert word not in page
    told_as_json = client.get("/backups.json").json
    assert told_as_json is not None
    assert told_as_json["targets"] == []
    ready = client.get("/health/ready").json
    assert ready is not None
    assert "targets" not in ready["parts"]
    assert "backups.send" not in {entry.key for entry, _shop in schedule.pairs()}
    names = {check["name"] for check in json.loads(runner.invoke(args=["doctor", "--json"]).stdout)["checks"]}
    assert not any(name.startswith("target") or name == "encryption" for name in names)
    assert "copies lie on this machine alone" in runner.invoke(args=["backups", "targets"]).stdout


def test_each_target_has_its_column_its_panel_and_the_reason_of_its_last_failure(
    client: FlaskClient, runner: FlaskCliRunner, configured: Configured
) -> None:
    signed_in(client, an_owner())
    configured(NAS, OFFSITE, backup_recipients=("age1one", "age1two"))
    assert told(client, "/backups/").count("Nothing yet") == 2
    old, new = a_copy(30), a_copy(2)
    for copy in (old, new):
        there(copy, NAS)
    there(old, OFFSITE, opened_at=NOW)
    there(new, OFFSITE, "failed", error="The target offsite is full.", verified_at=None, tries=3)
    page = told(client, "/backups/")
    assert "On targets" in page
    assert "encrypted before they leave this machine" in page
    assert "https://s3.example/bucket" in page
    assert "The target offsite is full." in page
    assert "The last try failed" in page
    page = told(client, f"/backups/{new.id}")
    assert "Read back, every byte equal" in page
    assert "The target offsite is full." in page
    assert "3 tries." in page
    fields = client.get("/backups.json").json
    assert fields is not None
    assert [(one["target"], one["copies"], one["error"]) for one in fields["targets"]] == [
        ("nas", 2, None), ("offsite", 1, "The target offsite is full."),
    ]  # fmt: skip
    assert "The target offsite is full." in runner.invoke(args=["backups", "targets"]).stdout


def test_a_target_whose_newest_copy_is_too_old_is_told_by_every_page_doctor_health_and_metrics(
    client: FlaskClient, runner: FlaskCliRunner, configured: Configured
) -> None:
    heartbeats.beat([*ALL, heartbeats.SCHEDULER, heartbeats.TICKED])
    signed_in(client, an_owner())
    configured(NAS, OFFSITE)
    fresh = a_copy(1)
    there(fresh, NAS)
    there(a_copy(60), OFFSITE, first_tried_at=NOW - timedelta(hours=60), tried_at=NOW - timedelta(hours=60))
    there(fresh, OFFSITE, "failed", error="The target offsite refuses the key (AccessDenied).")
    assert "The newest copy on the target offsite is 2 d 12 h old" in told(client, "/backups/")
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["failing"] == ["targets"]
    assert "offsite" not in answer.text, "anybody may read it"
    assert "1\u00a0target of backups has no new copy" in answer.json["parts"]["targets"]
    assert "The newest copy on the target offsite is 2 d 12 h old" in told(client, "/orders/"), (
        "in the head of every page"
    )
    samples = client.get("/metrics").text
    for name, label, value in (
        ("copies", "nas", "1.0"),
        ("copies", "offsite", "1.0"),
        ("late", "nas", "0.0"),
        ("late", "offsite", "1.0"),
    ):
        assert f'pult_target_{name}{{target="{label}"}} {value}' in samples
    assert 'pult_target_newest_age_seconds{target="offsite"} 2' in samples
    checks = {check["name"]: check for check in json.loads(runner.invoke(args=["doctor", "--json"]).stdout)["checks"]}
    assert checks["target nas"]["state"] == "good"
    assert checks["target offsite"]["state"] == "bad"
    assert "refuses the key (AccessDenied)" in checks["target offsite"]["found"]
    assert "flask backups copy ID --to offsite" in checks["target offsite"]["mend"]
    assert checks["encryption"]["found"] == "copies leave this machine unencrypted"


def test_the_doctor_asks_for_a_drill_with_the_keys_and_for_a_closed_key_file(
    runner: FlaskCliRunner, configured: Configured, tmp_path: Path
) -> None:
    key = tmp_path / "key.txt"
    key.write_text("x")
    key.chmod(0o644)
    configured(NAS, backup_recipients=("age1one", "age1two"), backup_identity=key)
    duplicate = there(a_copy(1), NAS)

    def checks() -> dict[str, dict[str, str]]:
        return {check["name"]: check for check in json.loads(runner.invoke(args=["doctor", "--json"]).stdout)["checks"]}

    found = checks()
    assert found["encryption"]["state"] == "note"
    assert "no copy was ever opened with a key" in found["encryption"]["found"]
    assert (found["backup key"]["state"], found["backup key"]["mend"]) == (
        "bad",
        f"Close it to others: `chmod 600 {key}`.",
    )
    key.chmod(0o600)
    for days, state in ((120, "note"), (20, "good")):
        duplicate.opened_at = NOW - timedelta(days=days)
        added(duplicate)
        assert (checks()["encryption"]["state"], checks()["backup key"]["state"]) == (state, "good")


def test_the_schedule_has_the_work_where_there_are_targets_and_tells_what_it_did(
    db: SQLAlchemy, configured: Configured, tmp_path: Path
) -> None:
    configured(Target("nas", str(tmp_path / "gone"), folder=tmp_path / "gone"))
    heartbeats.beat([heartbeats.SCHEDULER])
    assert "backups.send" in {entry.key for entry, _shop in schedule.pairs()}
    assert chores.send_backups() == chores.Outcome("Every target has what it needs.")
    a_copy(1)
    outcome = chores.send_backups()
    assert outcome.state == "failed"
    assert "copy" in outcome.words.lower()
