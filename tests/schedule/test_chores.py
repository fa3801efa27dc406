"""What the schedule has done: requests that build on what is known, checks that see a wrong figure, a tidy house."""

import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import func, select, text

from shop.chores import Later, ask_for_all, ask_for_changes, can_be_asked, check_figures, keep_house
from shop.config import Config
from shop.heartbeats import Heartbeat
from shop.platforms.records import Kind
from shop.shops.models import Shop
from shop.shops.secrets import seal
from shop.snapshots.coverage import AGAIN, covered_until
from shop.snapshots.models import FailedSnapshot, OverwrittenOrder, ReportedDeletion, Snapshot, WebhookNotice
from shop.snapshots.rawstore import raw_folder
from shop.staff.models import SignIn
from shop.task_runs import TaskRun
from tests.builders import a_shop, added, an_order, an_owner, signed_in
from tests.servers import SECRET_KEY

ROOT = Path(__file__).parents[2]
NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)


def connected(slug: str = "dilna", **values: object) -> Shop:
    shop = a_shop(slug, base_url="https://api.example.com", **values)
    shop.credentials = seal(shop.id, {"token": "t"}, SECRET_KEY)
    return added(shop)


def a_run(shop: Shop, as_of: datetime, since: datetime | None = None, **values: object) -> Snapshot:
    return added(
        Snapshot(
            **{
                "shop_id": shop.id,
                "kind": "orders",
                "mode": "partial" if since else "full",
                "changed_since": since,
                "as_of": as_of,
                "state": "done",
                "finished_at": as_of,
                "requested_by": "a test",
                "way": "export",
            }
            | values
        )
    )


def newest(db: SQLAlchemy) -> Snapshot:
    return db.session.scalars(select(Snapshot).order_by(Snapshot.id.desc())).first()


def test_which_shops_can_be_asked(db: SQLAlchemy) -> None:
    assert can_be_asked(connected("one"))
    assert not can_be_asked(a_shop("files-only"))
    assert not can_be_asked(connected("paused", state="paused"))
    assert not can_be_asked(connected("refused", problem="The token is not accepted."))


def test_changes_reach_back_behind_the_last_good_snapshot(db: SQLAlchemy, redis: Redis) -> None:
    shop = connected()
    a_run(shop, NOW - 2 * HOUR)
    outcome = ask_for_changes(Kind.ORDERS, shop)
    asked = newest(db)
    assert (asked.state, asked.mode, asked.requested_by) == ("queued", "partial", "schedule")
    assert asked.changed_since == NOW - 2 * HOUR - AGAIN
    assert str(asked.id) in outcome.words


@pytest.mark.parametrize("known", [None, 8 * 24 * HOUR])
def test_without_anything_recent_to_build_on_everything_is_asked_for(
    db: SQLAlchemy, redis: Redis, known: timedelta | None
) -> None:
    shop = connected()
    if known:
        a_run(shop, NOW - known)
    ask_for_changes(Kind.ORDERS, shop)
    assert (newest(db).mode, newest(db).changed_since) == ("full", None)


def test_a_run_from_a_later_moment_leaves_a_hole_that_is_not_taken_for_known(db: SQLAlchemy) -> None:
    shop = connected()
    assert covered_until(shop.id, "orders") is None
    a_run(shop, NOW - 10 * HOUR)
    a_run(shop, NOW - 8 * HOUR, since=NOW - 11 * HOUR)
    a_run(shop, NOW - HOUR, since=NOW - 2 * HOUR)  # somebody asked for the last hour only
    a_run(shop, NOW, since=NOW - 8 * HOUR, state="failed")
    a_run(shop, NOW, kind="customers")
    assert covered_until(shop.id, "orders") == NOW - 8 * HOUR
    a_run(shop, NOW - HOUR, since=NOW - 8 * HOUR)
    assert covered_until(shop.id, "orders") == NOW - HOUR
    a_run(shop, NOW, mode="partial", way="lists")  # all that the lists had
    assert covered_until(shop.id, "orders") == NOW


def test_fault_t7_while_a_snapshot_is_live_changes_are_skipped_and_everything_waits(
    db: SQLAlchemy, redis: Redis
) -> None:
    """T7. The skipped moment says which snapshot was in the way."""
    shop = connected()
    live = a_run(shop, NOW, since=NOW - HOUR, state="running", finished_at=None)
    skipped = ask_for_changes(Kind.ORDERS, shop)
    assert (skipped.state, skipped.words) == ("skipped", f"Snapshot {live.id} is still going.")
    with pytest.raises(Later):
        ask_for_all(Kind.ORDERS, shop)
    live.mode = "full"
    db.session.commit()
    assert ask_for_all(Kind.ORDERS, shop).state == "skipped"


def test_after_a_failure_the_platform_is_left_alone_for_an_hour(db: SQLAlchemy, redis: Redis) -> None:
    shop = connected()
    run = a_run(shop, NOW, state="failed")
    failed = FailedSnapshot(
        shop_id=shop.id, kind="orders", snapshot_id=run.id, error="No.", error_code="x", fingerprint="x", permanent=True
    )
    added(failed)
    assert ask_for_changes(Kind.ORDERS, shop).state == "skipped"
    failed.failed_at = NOW - 2 * HOUR
    db.session.commit()
    assert ask_for_changes(Kind.ORDERS, shop).state == "done"


def test_the_check_finds_a_wrong_sum_of_a_customer_and_of_a_day(db: SQLAlchemy) -> None:
    shop = a_shop("dilna")
    an_order(shop)
    db.session.execute(
        text(
            """INSERT INTO daily_sales (shop_id, day, status_code, orders, items, units, total_sales, gross_sales, discounts,
                                        shipping, fees, tax, rounding)
               SELECT shop_id, local_day, status_code, count(*), sum(items), sum(units), sum(total_shop), sum(gross_sales),
                      sum(discounts), sum(shipping), sum(fees), sum(tax), sum(rounding)
               FROM orders WHERE deleted_at IS NULL GROUP BY 1, 2, 3"""
        )
    )
    db.session.execute(
        text(
            """INSERT INTO customer_metrics (shop_id, customer_id, orders_count, total_spent, first_order_at, last_order_at)
               SELECT shop_id, customer_id, count(*), sum(total_shop), min(placed_at), max(placed_at) FROM orders
               WHERE counted AND customer_id IS NOT NULL GROUP BY 1, 2"""
        )
    )
    db.session.execute(text("INSERT INTO customers (shop_id, name) VALUES (:shop, 'Jana')"), {"shop": shop.id})
    db.session.commit()
    well = check_figures(shop)
    assert (well.state, well.words) == ("done", "Every figure is what its orders add up to.")
    db.session.execute(text("UPDATE daily_sales SET total_sales = total_sales + 1"))
    db.session.execute(
        text(
            """INSERT INTO customer_metrics (shop_id, customer_id, orders_count) SELECT shop_id, id, 7 FROM customers
               ON CONFLICT (shop_id, customer_id) DO UPDATE SET orders_count = 7"""
        )
    )
    db.session.commit()
    found = check_figures(shop)
    assert found.state == "failed"
    assert found.details
    assert any(one["what"].startswith("customer ") for one in found.details["differences"])
    assert any("status" in one["what"] for one in found.details["differences"])
    db.session.execute(text("UPDATE monthly_sales SET rounding = rounding + 1"))
    db.session.commit()
    found = check_figures(shop)
    assert found.details
    assert any(re.match(r"\d{4}-\d{2}, status", one["what"]) for one in found.details["differences"]), "and of a month"


def test_the_house_is_kept_and_nothing_living_is_touched(db: SQLAlchemy, config: Config, client: object) -> None:
    shop = connected()
    signed_in(client, an_owner())
    live = a_run(shop, NOW, state="running", finished_at=None)
    folder = raw_folder(config.data_dir)
    old, fresh = time.time() - 2 * 24 * 3600, time.time()
    files = {f"run-{live.id}.part": old, "run-999999.part": old, "12-ab.part": fresh, "run-999998.peeled": old}
    for name, written in files.items():
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (written, written))
    for age in (1, 40):
        told = a_run(shop, NOW - age * 24 * HOUR, feed="read").id
        added(ReportedDeletion(shop_id=shop.id, snapshot_id=told, key="1", deleted_at=NOW))
        added(
            WebhookNotice(shop_id=shop.id, event="e", key=str(age), happened_at=NOW, received_at=NOW - age * 24 * HOUR)
        )
    db.session.execute(
        text(
            """INSERT INTO task_runs (task, shop_id, scheduled_for, state) VALUES
               ('a', NULL, now() - interval '50 days', 'done'), ('a', NULL, now() - interval '45 days', 'failed'),
               ('a', NULL, now() - interval '40 days', 'failed'), ('b', NULL, now() - interval '90 days', 'done')"""
        )
    )
    outcome = keep_house()
    db.session.commit()
    for words in ("1 notice", "1 reported deletion"):
        assert words in outcome.words.replace("\u00a0", " ")
    assert {path.name for path in folder.iterdir() if path.suffix in (".part", ".peeled")} == {
        f"run-{live.id}.part",
        "12-ab.part",
    }
    kept = db.session.execute(text("SELECT task, state FROM task_runs ORDER BY 1, scheduled_for")).all()
    assert [tuple(row) for row in kept] == [("a", "done"), ("a", "failed"), ("b", "done")], (
        "the last of each, and its last success"
    )
    assert db.session.scalar(text("SELECT count(*) FROM staff_sessions")) == 1
    assert keep_house().words == "There was nothing to clear away."
    for path in folder.glob("*.part"):
        path.unlink()


HOUSEKEEPER = """
import tests.skewed
from shop.chores import keep_house
from shop.db import db
from shop.factory import create_app
with create_app().app_context():
    print(keep_house().words)
    db.session.commit()
"""


@pytest.mark.parametrize("years", [2, -2])
def test_t5_a_housekeeper_whose_clock_is_years_away_throws_nothing_away(
    db: SQLAlchemy, config: Config, environment: dict[str, str], client: FlaskClient, years: int
) -> None:
    """T5. Two years ahead, all that is kept for a day or a month looks old; the database's clock says that it is not."""
    shop = connected()
    signed_in(client, an_owner())
    run = a_run(shop, NOW, purpose="replay").id
    added(ReportedDeletion(shop_id=shop.id, snapshot_id=run, key="1", deleted_at=NOW))
    added(WebhookNotice(shop_id=shop.id, event="e", key="1", happened_at=NOW, received_at=NOW))
    added(OverwrittenOrder(shop_id=shop.id, snapshot_id=run, order_id=1, action="i"))
    for process in ("here:1", "here:2"):
        added(Heartbeat(process=process, part="ops", since=NOW, heard_at=NOW))
    for state in ("done", "failed", "done"):
        added(TaskRun(task="a", scheduled_for=func.clock_timestamp(), state=state))
    part = raw_folder(config.data_dir) / "run-999999.part"
    part.touch()
    before = rows(db)
    skew = environment | {"PULT_TEST_SKEW": str(years * 366 * 24 * 3600)}
    told = subprocess.run(
        [sys.executable, "-c", HOUSEKEEPER], env=skew, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert told == "There was nothing to clear away.\n"
    assert rows(db) == before
    part.unlink()  # which would fail if it were gone


def rows(db: SQLAlchemy) -> list[int]:
    """Count what housekeeping could throw away."""
    db.session.rollback()
    kept = (SignIn, ReportedDeletion, WebhookNotice, OverwrittenOrder, Heartbeat, TaskRun)
    return [db.session.scalar(select(func.count()).select_from(model)) or 0 for model in kept]
