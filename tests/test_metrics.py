"""/metrics: for this machine and for whoever has the token, in numbers that agree with the pages."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from shop import heartbeats, task_runs
from shop.backups.models import Backup
from shop.config import Config
from shop.db import db as handle
from shop.queues import ALL
from shop.task_runs import Due
from tests.builders import a_failure, a_shop, a_snapshot, added, another_app

TOKEN = "a token of twenty-four letters"


def numbers(client: FlaskClient) -> dict[tuple[str, str], float]:
    """Every sample by its name and the value of its one label."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    return {
        (sample.name, "".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.fixture
def with_token(config: Config) -> Iterator[FlaskClient]:
    with another_app(replace(config, metrics_token=TOKEN)) as made:
        yield made.test_client()


def test_it_tells_how_the_installation_stands(client: FlaskClient) -> None:
    heartbeats.beat([*ALL, heartbeats.SCHEDULER, heartbeats.TICKED])
    before = datetime.now(UTC) - timedelta(hours=3)
    added(
        Backup(state="restorable", requested_by="test", folder="a", started_at=before, restore_seconds=4.5, bytes=1_000)
    )
    added(Backup(state="failed", requested_by="test", folder="b"))
    shop = a_shop("praha")
    a_snapshot(shop, state="queued")
    a_failure(shop)
    task_runs.add(Due("housekeeping", None, before))
    handle.session.commit()
    found = numbers(client)
    assert found["pult_backup_newest_age_seconds", ""] == pytest.approx(3 * 3600, abs=60)
    assert found["pult_backup_restore_seconds", ""] == 4.5
    assert found["pult_backups", "restorable"] == found["pult_backups", "failed"] == 1
    assert found["pult_backups", "written"] == 0
    assert found["pult_queue_waiting", "imports"] == 1
    assert found["pult_queue_calls", "imports"] == 0
    assert found["pult_queue_oldest_seconds", "imports"] < 60
    assert found["pult_snapshot_runs", "queued"] == 1
    assert found["pult_failed_snapshots", "itself"] == 1
    assert found["pult_task_runs", "queued"] == 1
    assert found["pult_task_late_seconds", "housekeeping"] == pytest.approx(3 * 3600, abs=60)
    assert found["pult_partitions_ahead", ""] >= 3
    assert found["pult_silent_seconds", "scheduler"] < 60
    assert found["pult_up", "database"] == found["pult_up", "redis"] == 1
    assert found["pult_up", "tasks"] == 0, "housekeeping is late"
    assert "praha" not in client.get("/metrics").text, "no shop is named"


def test_it_is_closed_to_everybody_else(client: FlaskClient, with_token: FlaskClient) -> None:
    elsewhere = {"REMOTE_ADDR": "10.1.2.3"}
    bearing = {"Authorization": f"Bearer {TOKEN}"}
    assert client.get("/metrics", environ_base=elsewhere).status_code == 404
    assert client.get("/metrics", environ_base=elsewhere, headers=bearing).status_code == 404, "none is configured"
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404, "behind a proxy"
    assert with_token.get("/metrics", environ_base=elsewhere, headers=bearing).status_code == 200
    assert with_token.get("/metrics", environ_base=elsewhere).status_code == 404
    assert with_token.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert with_token.get("/metrics").status_code == 200


def test_without_the_database_it_says_that(config: Config) -> None:
    with another_app(replace(config, database_url="postgresql://pult@127.0.0.1:1/pult")) as made:
        found = numbers(made.test_client())
    assert found["pult_up", "database"] == 0
    assert found["pult_up", "redis"] == 1


def test_the_library_is_loaded_by_whoever_asks_and_nobody_else(client: FlaskClient) -> None:
    import subprocess
    import sys

    said = "import sys; import shop.factory, shop.metrics; print('prometheus_client' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
