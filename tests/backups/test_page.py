"""The page of backups: what each copy is worth, and a warning while there is none to restore."""

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.backups.models import Backup, BackupCheck
from tests.builders import a_manager, a_shop, added, an_owner, posted, signed_in
from tests.page import Page

NOW = datetime.now(UTC)


def a_copy(hours: float, state: str = "restorable", **more: object) -> Backup:
    started = NOW - timedelta(hours=hours)
    values = {
        "state": state,
        "requested_by": "schedule",
        "started_at": started,
        "folder": f"copy-{hours}",
        "bytes": 12_000_000,
    }
    return added(Backup(**values | more))


def test_it_warns_until_a_copy_is_proven(client: FlaskClient) -> None:
    signed_in(client, an_owner())
    page = client.get("/backups/").text
    assert "No backup has been proven yet" in page
    assert "There is no copy yet" in page
    a_copy(30, restore_seconds=4.2, proved_at=NOW)
    assert "1 d 6 h old" in client.get("/backups/").text.replace("\u00a0", " ")
    a_copy(2, restore_seconds=4.2, proved_at=NOW)
    page = client.get("/backups/").text
    assert "old; what came since" not in page
    assert "Restorable" in page


def test_it_shows_a_failed_copy_with_its_reason_and_every_proof(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, an_owner())
    copy = a_copy(3, "failed", error="The file database/4711.dat.gz is not the one that was written.")
    added(
        BackupCheck(
            backup_id=copy.id,
            by="schedule",
            outcome="unreadable",
            finished_at=NOW,
            differences=["Its checksum differs."],
        )
    )
    assert "is not the one that was written" in client.get("/backups/").text
    page = client.get(f"/backups/{copy.id}").text
    assert "Could not be read" in page
    assert "Its checksum differs." in page
    assert client.get("/backups/987654").status_code == 404
    told = client.get("/backups.json").json
    assert told["newest_restorable"] is None
    assert [one["state"] for one in told["backups"]] == ["failed"]


def test_who_asked_for_a_copy_is_told_in_the_readers_language(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, an_owner())
    scheduled, asked = a_copy(3), a_copy(2, requested_by="olga@example.com")
    czech = {"Accept-Language": "cs"}
    assert "<dd>plán</dd>" in client.get(f"/backups/{scheduled.id}", headers=czech).text
    assert "olga@example.com" in client.get(f"/backups/{asked.id}", headers=czech).text


def test_a_manager_has_no_business_there(client: FlaskClient) -> None:
    signed_in(client, a_manager([a_shop()]))
    assert client.get("/backups/").status_code == 403
    assert client.get("/backups.json").status_code == 403


def test_it_shows_the_next_run_and_what_pruning_would_remove(client: FlaskClient) -> None:
    signed_in(client, an_owner())
    for hours in (1, 2, 3, 4, 5):
        a_copy(hours / 100, bytes=12_000_000)
    page = Page(client.get("/backups/").text)
    assert page.has("Next one")
    told = client.get("/backups.json").json
    assert told["next_run"].endswith("T01:20:00+00:00")
    assert len(told["pruning"]["removed"]) == 2
    assert page.has("The files of 2 copies, 24,0 MB, are removed after the next good one")
    assert page.text.count("no tier needs it") >= 2


def test_a_copy_asked_for_leads_back_to_its_page_and_is_watched_there(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, an_owner())
    page = Page(client.get("/backups/").text)
    answer = posted(client, "/jobs/runs", **page.form("/jobs/runs"))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/backups/")
    assert Page(client.get("/backups/").text).has("A copy is on its way")
    added(Backup(state="running", requested_by="olga@example.com", phase="dump", done=3, out_of=9))
    fragment = Page(client.get("/backups/progress").text, fragment=True)
    assert fragment.has("writing the database")
    assert "data-done" not in client.get("/backups/progress").text
    db.session.execute(text("DELETE FROM backups"))
    db.session.execute(text("DELETE FROM task_runs"))
    db.session.commit()
    assert "data-done" in client.get("/backups/progress").text
