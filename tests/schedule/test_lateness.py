"""Late tasks and silent parts: told in the head of pages to who can act, in /health/ready, and by `flask doctor`."""

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient, FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import func, text, update

from shop import heartbeats, schedule, ticking
from shop.backups.models import Backup
from shop.heartbeats import SCHEDULER, TICKED, Heartbeat
from shop.lateness import troubles
from shop.queues import ALL
from shop.staff.permissions import Role
from shop.task_runs import TaskRun
from tests.builders import a_manager, a_person, a_shop, an_owner, signed_in

SILENT = "The scheduler has not been heard of for 4 min."


def plain(sentence: str) -> str:
    return sentence.replace("\u00a0", " ")


def told() -> list[str]:
    return [plain(one.sentence) for one in troubles()]


@pytest.fixture
def alive(db: SQLAlchemy) -> None:
    """Every part was heard of just now."""
    heartbeats.beat([*ALL, SCHEDULER, TICKED])


def silence(db: SQLAlchemy, part: str, since: timedelta) -> None:
    heard = func.clock_timestamp() - since
    db.session.execute(update(Heartbeat).where(Heartbeat.part == part).values(heard_at=heard))
    db.session.commit()


def test_before_anything_was_started_nothing_is_silent(db: SQLAlchemy) -> None:
    assert troubles() == []


@pytest.mark.usefixtures("alive")
def test_the_head_of_pages_tells_owners_and_operators_and_nobody_else(client: FlaskClient, db: SQLAlchemy) -> None:
    shop = a_shop()
    people = [an_owner(), a_person("ota@example.com", Role.OPERATOR, [shop]), a_manager([shop])]
    db.session.commit()
    for person in people:
        signed_in(client, person)
        assert "has not been heard of" not in client.get("/orders/").text
    silence(db, SCHEDULER, timedelta(minutes=4, seconds=2))
    for person, sees in zip(people, (True, True, False), strict=True):
        signed_in(client, person)
        assert (SILENT in plain(client.get("/orders/").text)) is sees, person.email


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize(
    ("part", "failing", "sentence"),
    [
        (SCHEDULER, "schedule", "The scheduler has not been heard of for 4 min."),
        ("imports", "workers", "Nobody has served the queue imports for 4 min."),
    ],
)
def test_readiness_names_what_is_dead_and_is_well_again_by_itself(
    client: FlaskClient, db: SQLAlchemy, redis: Redis, part: str, failing: str, sentence: str
) -> None:
    silence(db, part, timedelta(minutes=4, seconds=2))
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json["failing"]) == (503, [failing])
    assert plain(answer.json["parts"][failing]) == sentence
    heartbeats.beat([part])
    assert client.get("/health/ready").status_code == 200


@pytest.mark.usefixtures("alive")
def test_fault_p15_the_alarm_of_a_late_task_names_the_shop_only_to_who_may_see_it(
    client: FlaskClient, runner: FlaskCliRunner, db: SQLAlchemy, redis: Redis
) -> None:
    """P15. The alarm had fired before anything was caught up."""
    theirs, other = a_shop("theirs"), a_shop("secret-shop")
    operator = a_person("ota@example.com", Role.OPERATOR, [theirs])
    db.session.commit()
    ticking.decide()
    assert told() == []
    late = update(TaskRun).where(TaskRun.shop_id == other.id, TaskRun.task == schedule.FIGURES)
    db.session.execute(late.values(scheduled_for=func.clock_timestamp() - timedelta(hours=30)))
    db.session.commit()
    assert any(sentence.startswith("Check of the figures of Secret shop is late") for sentence in told())
    signed_in(client, operator)
    assert "Secret shop" not in client.get("/orders/").text
    signed_in(client, an_owner())
    assert "Secret shop is late" in client.get("/orders/").text
    health = client.get("/health/ready")
    assert health.json["failing"] == ["tasks"]
    assert "ecret" not in health.text
    checks = json.loads(runner.invoke(args=["doctor", "--json"]).stdout)["checks"]
    assert [check["state"] for check in checks if "Secret shop is late" in check["found"]] == ["bad"]


@pytest.mark.usefixtures("alive")
def test_work_that_has_not_succeeded_for_days_is_told_with_its_last_word(db: SQLAlchemy, redis: Redis) -> None:
    ticking.decide()
    db.session.execute(
        text(
            """INSERT INTO task_runs (task, scheduled_for, state, outcome) VALUES
               ('housekeeping', now() - interval '6 days', 'failed', 'x'), ('housekeeping', now(), 'failed', 'No room.')"""
        )
    )
    db.session.commit()
    assert told() == ["Housekeeping has not succeeded for 6 d. No room."]


@pytest.mark.usefixtures("alive")
def test_fault_t4_a_clock_that_went_back_is_told(db: SQLAlchemy, redis: Redis) -> None:
    """T4. Nothing is done until it has caught up, so somebody must hear of it."""
    ticking.decide()
    db.session.execute(update(TaskRun).values(scheduled_for=func.clock_timestamp() + timedelta(days=2)))
    db.session.commit()
    assert "clock has gone back" in told()[0]


@pytest.mark.usefixtures("alive")
def test_differing_figures_are_kept_and_told_by_the_doctor(
    runner: FlaskCliRunner, db: SQLAlchemy, redis: Redis
) -> None:
    shop = a_shop("dilna")
    db.session.execute(
        text(
            """INSERT INTO task_runs (task, shop_id, scheduled_for, state, outcome)
               VALUES ('figures.check', :shop, now(), 'failed', '1 figure differ')"""
        ),
        {"shop": shop.id},
    )
    db.session.commit()
    checks = {check["name"]: check for check in json.loads(runner.invoke(args=["doctor", "--json"]).stdout)["checks"]}
    assert checks["figures"]["state"] == "bad"
    assert checks["figures"]["found"] == "dilna: 1 figure differ"


def test_the_list_shows_last_and_next_on_the_clock_of_each_shop(
    runner: FlaskCliRunner, db: SQLAlchemy, redis: Redis
) -> None:
    a_shop("praha")
    a_shop("tokio", timezone="Asia/Tokyo")
    db.session.commit()
    ticking.decide()
    rows = json.loads(runner.invoke(args=["schedule", "list", "--json"]).stdout)["tasks"]
    of_tokyo = next(row for row in rows if row["shop"] == "tokio")
    assert of_tokyo["next"].endswith("T04:40:00+09:00")
    assert of_tokyo["state"] == "skipped"
    shown = runner.invoke(args=["schedule", "list"])
    assert shown.exit_code == 0
    assert "figures.check" in shown.stdout
    assert "04:40" in shown.stdout
    ticked = runner.invoke(args=["schedule", "tick"])
    assert (ticked.exit_code, ticked.stdout) == (0, "0 queued.\n")


@pytest.mark.usefixtures("alive")
def test_the_age_of_the_newest_copy_is_told_once_it_is_too_old(
    client: FlaskClient, runner: FlaskCliRunner, db: SQLAlchemy, redis: Redis
) -> None:
    signed_in(client, an_owner())
    assert "backup" not in " ".join(told()), "a new installation has a night for its first"
    copy = Backup(
        state="restorable", requested_by="a test", folder="a-copy", started_at=func.now() - timedelta(hours=25)
    )
    db.session.add(copy)
    db.session.commit()
    assert told() == []
    copy.started_at = func.now() - timedelta(hours=30, minutes=2)
    db.session.commit()
    sentence = "The newest proven backup is 1 d 6 h old; what came since would be lost in a disaster."
    assert told() == [sentence]
    assert sentence in plain(client.get("/orders/").text)
    assert plain(client.get("/backups/").text).count(sentence) == 1
    health = client.get("/health/ready")
    assert (health.status_code, health.json["failing"]) == (503, ["backups"])
    db.session.execute(text("DELETE FROM backups"))
    db.session.execute(update(Heartbeat).values(since=func.now() - timedelta(hours=30)))
    db.session.commit()
    assert told() == ["No backup has been proven yet: after a disaster there would be nothing to restore."]
