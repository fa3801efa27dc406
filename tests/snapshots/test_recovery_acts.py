"""What is pressed on the recovery page happens once, and the rest of a group follows at its pace."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import func, select

from shop.shops.models import Shop
from shop.snapshots.jobs import take_up_asked
from shop.snapshots.models import FailedSnapshot, Snapshot
from shop.snapshots.reopening import BUDGET, reopen_asked, reopen_due
from tests.builders import a_failure, a_shop, an_operator, posted, signed_in
from tests.page import Page
from tests.snapshots.failures import CRASH, FOR_GOOD, fresh, state_of
from tests.snapshots.page_parts import NOW, opened, operated, trail


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    return operated(client)


def pressed_by_two(app: Flask, shop: Shop, path: str, fields: dict[str, object], times: int = 10) -> list[int]:
    """Let two operators press at once, each many times; return the statuses."""
    clients = [
        signed_in(app.test_client(), an_operator([shop], f"two-{number}@example.com")) for number in range(2)
    ] * times
    with ThreadPoolExecutor(8) as pool:
        return [one.status_code for one in pool.map(lambda client: posted(client, path, **fields), clients)]


def test_u1_twenty_presses_of_two_operators_are_one_attempt(app: Flask, db: SQLAlchemy, redis: Redis) -> None:
    """U1. Retry is pressed twenty times by two operators at once: one job, one entry."""
    shop = a_shop("praha")
    failed = a_failure(shop, **FOR_GOOD)
    assert set(pressed_by_two(app, shop, f"/recovery/{failed.id}/retry", {})) == {303}
    assert state_of(db, failed) == "queued"
    assert redis.llen("rq:queue:imports") == 1
    assert trail(db) == [("snapshot_requested", f"snapshot {failed.snapshot_id}")]


def test_u1_twenty_presses_try_one_of_a_group(app: Flask, db: SQLAlchemy, redis: Redis) -> None:
    """U1. The same for the button of a group: the newest one is tried, and no other."""
    shop = a_shop("praha")
    for kind in ("orders", "customers", "products"):
        newest = a_failure(shop, kind)
    assert set(pressed_by_two(app, shop, "/recovery/probe", {"cause": "unreachable"})) == {303}
    live = db.session.scalars(select(Snapshot.id).where(Snapshot.state == "queued")).all()
    assert live == [newest.snapshot_id]
    assert redis.llen("rq:queue:imports") == 1
    assert trail(db) == [("snapshot_requested", f"snapshot {newest.snapshot_id}")]


def test_u1_twenty_presses_dismiss_once(app: Flask, db: SQLAlchemy) -> None:
    """U1. Dismissals as well: of one, and of a group."""
    shop = a_shop("praha")
    failed = a_failure(shop, **CRASH)
    pressed_by_two(app, shop, f"/recovery/{failed.id}/dismissal", {"reason": "It was a test."})
    assert trail(db) == [("failure_dismissed", f"snapshot {failed.snapshot_id}")]


def test_a_group_is_dismissed_once_by_two(app: Flask, db: SQLAlchemy) -> None:
    shop = a_shop("praha")
    for _ in range(3):
        a_failure(shop)
    fields: dict[str, object] = {"cause": "unreachable", "count": "3", "reason": "The shop was closed."}
    assert set(pressed_by_two(app, shop, "/recovery/dismissal", fields)) == {303}
    assert trail(db) == [("failures_dismissed", "unreachable")]
    rows = db.session.execute(select(FailedSnapshot.resolution, FailedSnapshot.retry_at)).all()
    assert rows == [("The shop was closed.", None)] * 3


def test_dismissing_asks_for_a_reason_and_for_the_count(client: FlaskClient, db: SQLAlchemy, shop: Shop) -> None:
    failed = a_failure(shop)
    a_failure(shop)
    for fields, words in [
        ({"count": "1", "reason": "Closed."}, "There are 2 now. Nothing was closed."),
        ({"count": "2", "reason": " "}, "Say why; the reason stays with the failure."),
    ]:
        answer = posted(client, "/recovery/dismissal", cause="unreachable", **fields)
        assert answer.status_code == 422
        assert Page(answer.text).has(words)
    answer = posted(client, f"/recovery/{failed.id}/dismissal", reason="x" * 301)
    assert (answer.status_code, Page(answer.text).has("300 characters or fewer")) == (422, True)
    assert db.session.scalar(select(func.count()).where(FailedSnapshot.resolved_at.is_(None))) == 2
    assert trail(db) == []


def test_what_is_being_tried_cannot_be_dismissed(client: FlaskClient, db: SQLAlchemy, shop: Shop) -> None:
    failed = a_failure(shop)
    posted(client, f"/recovery/{failed.id}/retry")
    answer = posted(client, f"/recovery/{failed.id}/dismissal", reason="No more.")
    assert answer.status_code == 409
    assert fresh(db, failed).resolved_at is None
    assert opened(client, "/recovery/").has("Being tried")


def test_the_rest_follows_at_a_pace_once_one_has_succeeded(client: FlaskClient, db: SQLAlchemy, shop: Shop) -> None:
    rest = [a_failure(shop, **CRASH, **FOR_GOOD) for _ in range(4)]
    cause = CRASH["fingerprint"]
    answer = posted(client, "/recovery/pace", cause=cause, pace="20")
    assert (answer.status_code, Page(answer.text).has("try one first")) == (409, True)
    assert "Try the rest" not in opened(client, "/recovery/").text
    a_failure(shop, resolved_at=datetime.now(UTC), **CRASH)
    assert opened(client, "/recovery/").has("Try the rest")
    for _ in range(2):
        assert posted(client, "/recovery/pace", cause=cause, pace="20").status_code == 303
    moments = [fresh(db, failed).retry_at for failed in reversed(rest)]
    apart = [later - earlier for earlier, later in itertools.pairwise(at for at in moments if at)]
    assert apart == [timedelta(seconds=3)] * 3
    assert {failed.retry_by for failed in rest} == {"ota@example.com"}
    assert trail(db) == [("failures_paced", cause)]
    page = opened(client, "/recovery/")
    assert page.has("4 are still to be tried")
    posted(client, "/recovery/halt", cause=cause)
    assert [(fresh(db, failed).retry_at, failed.retry_by) for failed in rest] == [(None, None)] * 4
    assert trail(db)[-1] == ("failures_halted", cause)


def test_stopping_leaves_what_passes_by_itself_to_the_hour(client: FlaskClient, db: SQLAlchemy, shop: Shop) -> None:
    failed = a_failure(shop, retry_by="ota@example.com")
    posted(client, "/recovery/halt", cause="unreachable")
    assert fresh(db, failed).retry_by is None
    assert failed.retry_at is not None


def paced(db: SQLAlchemy, *failures: FailedSnapshot) -> None:
    """Let the moments of these have come."""
    for failed in failures:
        failed.retry_at, failed.retry_by = NOW - timedelta(minutes=1), "ota@example.com"
    db.session.commit()


def test_workers_take_up_what_a_person_paced_and_no_more_than_a_budget(db: SQLAlchemy, redis: Redis) -> None:
    failures = [a_failure(a_shop(), **FOR_GOOD) for _ in range(BUDGET + 2)]
    paced(db, *failures)
    assert reopen_due() == [], "the hour leaves them to the pace"
    assert take_up_asked() == BUDGET
    assert take_up_asked() == 2
    assert take_up_asked() == 0
    assert redis.llen("rq:queue:imports") == BUDGET + 2


def test_one_after_another_of_the_same_shop_and_kind(db: SQLAlchemy, shop: Shop) -> None:
    first, second = a_failure(shop), a_failure(shop)
    paced(db, first, second)
    assert reopen_asked() == [first.snapshot_id]
    db.session.commit()
    stepped_back = fresh(db, second)
    assert stepped_back.retry_by == "ota@example.com"
    assert stepped_back.retry_at is not None
    assert stepped_back.retry_at > datetime.now(UTC)


def test_a_shop_that_rests_holds_nobody_up(db: SQLAlchemy, shop: Shop) -> None:
    resting = a_failure(shop, run={"file_path": None, "way": "export"})
    shop.state = "paused"
    other = a_failure(a_shop("brno"))
    paced(db, resting, other)
    assert reopen_asked() == [other.snapshot_id]


def test_two_workers_take_up_each_failure_once(app: Flask, db: SQLAlchemy) -> None:
    paced(db, *(a_failure(a_shop()) for _ in range(8)))

    def worker(_number: int) -> int:
        with app.app_context():
            return take_up_asked()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(worker, range(4))) == 8
    assert db.session.scalar(select(func.count()).where(Snapshot.state == "queued")) == 8


def test_a_failure_that_fails_again_loses_its_pace(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    failed = a_failure(shop, **FOR_GOOD)
    paced(db, failed)
    assert reopen_asked() == [failed.snapshot_id]
    db.session.commit()
    assert (fresh(db, failed).retry_at, failed.retry_by) == (None, None)
