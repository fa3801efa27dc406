"""The recovery page: failures in groups, one of them in full, and acts that happen once however often they are pressed."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select, text, update

from shop.audit.models import AuditEntry
from shop.platforms.failures import PlatformFailure
from shop.recovery.groups import MOST_AT_ONCE
from shop.recovery.queries import MOST_GROUPS, overview, overview_statement
from shop.recovery.wording import TITLES
from shop.shops.models import Shop
from shop.snapshots.advice import ADVICE
from shop.snapshots.models import FailedSnapshot, QuarantinedRecord, SnapshotAttempt
from tests.builders import a_failure, a_manager, a_shop, added, an_operator, bearer, posted, signed_in
from tests.page import Page
from tests.snapshots.failures import CRASH, FOR_GOOD, fresh, state_of
from tests.snapshots.files import an_order_line, load, packed
from tests.snapshots.page_parts import NOW, done, opened, operated


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    return operated(client)


def panels(page: Page) -> list[str]:
    return [panel.all("h2")[0].text for panel in page.root.all("section") if panel.all("h2")]


def test_failures_that_one_mend_would_end_are_one_group(client: FlaskClient, shop: Shop) -> None:
    done(shop, as_of=NOW - timedelta(days=2))
    for kind in ("orders", "orders", "customers"):
        a_failure(shop, kind)
    a_failure(shop, **CRASH, **FOR_GOOD)
    page = opened(client, "/recovery/")
    assert panels(page) == ["The platform does not answer", "Pult itself failed"], "the largest first"
    assert page.has("4 snapshots have failed, from 2 causes")
    assert page.has("Pult tries it again each hour, next after")
    assert page.has("Pult does not try it again by itself")
    rows = page.rows("What the platform does not answer holds back, unreachable")
    assert [row[:2] for row in rows] == [["Praha Orders", "2"], ["Praha Customers", "1"]]
    assert rows[0][-1].startswith("Late orders, sales figures and what customers spent, ")
    assert rows[1][-2:] == ["Never loaded", "Missing customers’ names and addresses"]
    assert page.has("Recovery 4")


def test_what_newer_data_has_passed_by_is_not_called_late(client: FlaskClient, shop: Shop) -> None:
    a_failure(shop)
    done(shop, as_of=datetime.now(UTC))
    (row,) = opened(client, "/recovery/").rows("What the platform does not answer holds back, unreachable")
    assert row[-1] == "In time newer data has arrived"


def test_a_group_opens_its_list_page_by_page(client: FlaskClient, shop: Shop) -> None:
    failures = [a_failure(shop).id for _ in range(60)]
    a_failure(shop, **CRASH)
    page, seen = opened(client, opened(client, "/recovery/").link("Show the 60 failures")), []
    while True:
        seen += [int(link.rsplit("/", 1)[1]) for link in hrefs(page)]
        if "Next" not in page.links:
            break
        page = opened(client, page.link("Next"))
    assert seen == failures[::-1]
    assert page.has("60")


def hrefs(page: Page) -> list[str]:
    return [link["href"] for link in page.root.all("a") if "table__id" in link.get("class")]


def test_what_was_settled_lately_stands_in_a_tab_of_its_own(client: FlaskClient, shop: Shop) -> None:
    settled = a_failure(shop, resolved_at=NOW, resolution="it succeeded when it was tried again")
    a_failure(shop, resolved_at=NOW - timedelta(days=31), resolution="long ago")
    page = opened(client, "/recovery/")
    assert page.has("Nothing waits for you")
    page = opened(client, page.link("Settled"))
    assert hrefs(page) == [f"/recovery/{settled.id}"]
    assert page.has("It succeeded when it was tried again")
    shown = opened(client, f"/recovery/{settled.id}")
    assert shown.has("Settled")
    assert not shown.has("Try again now")


def test_the_list_is_there_for_programs(client: FlaskClient, db: SQLAlchemy) -> None:
    shop = a_shop("praha")
    failed = a_failure(shop)
    a_failure(shop, "customers", resolved_at=NOW)
    answer = client.get("/recovery.json", headers=bearer(an_operator([shop])))
    (row,) = answer.json["rows"]
    assert (row["id"], row["shop"], row["cause"], row["snapshot"]) == (
        failed.id, "praha", "unreachable", failed.snapshot_id,
    )  # fmt: skip
    assert row["url"].endswith(f"/recovery/{failed.id}")
    assert answer.json["total"] == {"value": 1, "exact": True}


def test_a_failure_is_told_in_full(client: FlaskClient, app: Flask, shop: Shop) -> None:
    run = load(app, shop, packed(an_order_line("1"), b'{"code": 3}'))
    run.state, run.error, run.error_code = "failed", "Gone wrong.", "crashed"
    failed = added(
        FailedSnapshot(
            shop_id=shop.id,
            kind="orders",
            snapshot_id=run.id,
            trace='File "staging.py", line 7',
            permanent=True,
            **CRASH,
        )
    )
    added(
        SnapshotAttempt(
            snapshot_id=run.id, number=2, worker="w", outcome="failed", phase="stage", line=318, error="Oh."
        )
    )
    page = opened(client, f"/recovery/{failed.id}")
    assert page.heading == "Pult itself failed"
    assert page.has("In stage, line 318. Oh.")
    assert page.has("Attempt 1: Complete")
    assert page.has('File "staging.py", line 7')
    assert page.has(run.file_sha256 or "")
    assert page.has("It is still in the raw store, as large as it was.")
    assert page.has(app_record(run.id).reason)
    (app.extensions["pult"].data_dir / str(run.file_path)).unlink()
    assert opened(client, f"/recovery/{failed.id}").has("It is not in the raw store any more")


def app_record(run_id: int) -> QuarantinedRecord:
    from shop.db import db as handle

    return handle.session.get_one(QuarantinedRecord, (run_id, 2))


def test_a_doubtful_file_can_be_accepted_from_here(client: FlaskClient, db: SQLAlchemy, shop: Shop) -> None:
    failed = a_failure(shop, run={"error_code": "implausible"}, error_code="implausible", **FOR_GOOD)
    page = opened(client, f"/recovery/{failed.id}")
    path = f"/snapshots/{failed.snapshot_id}/confirmation"
    assert page.form(path)
    assert posted(client, path, word="praha").status_code == 303
    assert state_of(db, failed) == "queued"


def test_an_operator_sees_and_touches_nothing_of_another_shop(client: FlaskClient, db: SQLAlchemy, shop: Shop) -> None:
    """Boundary: neither in groups, nor in the list, nor by an address, nor by an act on a group that both shops share."""
    foreign = a_failure(a_shop("brno"))
    own = a_failure(shop)
    page = opened(client, "/recovery/")
    assert page.has("1 snapshot has failed")
    assert not page.has("Brno")
    assert hrefs(opened(client, "/recovery/?cause=unreachable")) == [f"/recovery/{own.id}"]
    assert client.get(f"/recovery/{foreign.id}").status_code == 404
    assert client.get("/recovery/?shop=brno").status_code == 404
    for act in ("retry", "dismissal"):
        assert posted(client, f"/recovery/{foreign.id}/{act}", reason="Mine.").status_code == 404
    posted(client, "/recovery/dismissal", cause="unreachable", count="1", reason="Closed.")
    assert fresh(db, own).resolved_at is not None
    assert fresh(db, foreign).resolved_at is None
    posted(client, "/recovery/probe", cause="unreachable")
    assert state_of(db, foreign) == "failed"


def test_a_manager_may_neither_look_nor_press(client: FlaskClient, db: SQLAlchemy) -> None:
    shop = a_shop("praha")
    failed = a_failure(shop)
    signed_in(client, a_manager([shop]))
    for path in ("/recovery/", "/recovery.json", f"/recovery/{failed.id}"):
        assert client.get(path).status_code == 403
    for path in ("probe", "pace", "halt", "dismissal", f"{failed.id}/retry", f"{failed.id}/dismissal"):
        assert posted(client, f"/recovery/{path}", cause="unreachable", reason="No.").status_code == 403
    assert state_of(db, failed) == "failed"


def test_acts_stay_within_the_shop_that_was_chosen(client: FlaskClient, db: SQLAlchemy) -> None:
    praha, brno = a_shop("praha"), a_shop("brno")
    signed_in(client, an_operator([praha, brno]))
    own, other = a_failure(praha), a_failure(brno)
    page = opened(client, "/recovery/?shop=praha")
    fields = page.form("/recovery/dismissal?shop=praha") | {"count": "1", "reason": "Closed."}
    assert posted(client, "/recovery/dismissal?shop=praha", **fields).location == "/recovery/?shop=praha"
    assert fresh(db, own).resolved_at is not None
    assert fresh(db, other).resolved_at is None
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.shop_id, entry.details) == (praha.id, {"failures": 1, "reason": "Closed."})


MANY = 100_000
RUNS = """
    INSERT INTO snapshots (shop_id, kind, mode, state, requested_by, file_path)
    SELECT :shop, 'orders', 'partial', 'failed', 'schedule', 'raw/none' FROM generate_series(1, :many)"""
SEEDED = """
    INSERT INTO failed_snapshots (shop_id, kind, snapshot_id, error, error_code, fingerprint, permanent)
    SELECT :shop, 'orders', id, repeat('It broke. ', 20), 'crashed', 'orders:crashed:' || (id % 40), true FROM snapshots"""


def test_u3_a_hundred_thousand_failures_are_read_from_an_index_alone(
    client: FlaskClient, db: SQLAlchemy, shop: Shop
) -> None:
    """U3. 100,000 open failures: one pass over an index, a page of bounded size, and acts of bounded size."""
    db.session.execute(text("SET LOCAL synchronous_commit = on"))  # so that VACUUM sees at once that the rows are there
    db.session.execute(text(RUNS), {"shop": shop.id, "many": MANY})
    db.session.execute(text("ANALYZE snapshots"))  # or each of their references is looked for in the whole of it
    db.session.execute(text(SEEDED), {"shop": shop.id})
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE failed_snapshots"))
        connection.execute(text("ANALYZE snapshots"))
    statement = overview_statement([shop.id]).compile(db.engine, compile_kwargs={"literal_binds": True})
    plan = "\n".join(db.session.scalars(text(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}")))
    assert "Index Only Scan using ix_failed_snapshots_fingerprint" in plan
    (fetched,) = re.findall(r"Heap Fetches: (\d+)", plan)
    assert int(fetched) < MANY // 100, "the table itself is left alone"
    assert "Seq Scan on failed_snapshots" not in plan
    db.session.rollback()
    found = overview([shop.id])
    assert (found.failures, found.causes, len(found.groups)) == (MANY, 40, MOST_GROUPS)
    assert found.left_out == (15, MANY * 15 // 40)
    page = opened(client, "/recovery/")
    assert page.has("15 smaller causes")
    assert page.has("99+ failed snapshots wait")
    assert len(page.root.all("tr")) <= 2 * MOST_GROUPS
    cause = found.groups[0].cause
    assert len(hrefs(opened(client, f"/recovery/?cause={cause}"))) == 50
    newest = db.session.scalars(select(func.max(FailedSnapshot.id)).where(FailedSnapshot.fingerprint == cause)).one()
    settled = update(FailedSnapshot).where(FailedSnapshot.id == newest)
    db.session.execute(settled.values(resolved_at=func.clock_timestamp() + timedelta(seconds=1)))
    db.session.commit()
    posted(client, "/recovery/pace", cause=cause, pace="60")
    assert db.session.scalar(select(func.count()).where(FailedSnapshot.retry_by.is_not(None))) == MOST_AT_ONCE


def test_every_cause_that_a_platform_or_pult_has_is_said_in_words() -> None:
    of_no_run = {"platform_transient", "bad_notice"}  # never met as such, and a call that no run makes
    codes = {failure.code for failure in subclasses(PlatformFailure)} - of_no_run
    assert codes | set(ADVICE) <= set(TITLES)


def subclasses(of: type[PlatformFailure]) -> Iterator[type[PlatformFailure]]:
    for one in of.__subclasses__():
        if one.__module__.startswith("shop.platforms"):
            yield one
        yield from subclasses(one)


def test_a_connection_that_wants_a_mend_is_one_press_away(db: SQLAlchemy, client: FlaskClient, shop: Shop) -> None:
    """Trying again cannot help before; whoever presses all the same is told so where the way on stands."""
    of_shop = {"error_code": "bad_credentials", "file_path": None, "way": "export"}
    failed = a_failure(shop, run=of_shop, error_code="bad_credentials", fingerprint="bad_credentials", **FOR_GOOD)
    shop.problem_code, shop.problem = "bad_credentials", "The token is not accepted."
    db.session.commit()
    assert opened(client, "/recovery/").link(f"Open the connection of {shop.name}") == "/shops/praha"
    assert opened(client, f"/recovery/{failed.id}").link("Open the connection") == "/shops/praha"
    for path, form in ((f"/recovery/{failed.id}/retry", {}), ("/recovery/probe", {"cause": "bad_credentials"})):
        answer = posted(client, path, **form)
        assert answer.status_code == 303
        assert Page(client.get(answer.location).text).has("cannot be fetched until its connection is mended")


def test_a_file_that_cannot_get_whole_leads_to_another_one(client: FlaskClient, shop: Shop) -> None:
    failed = a_failure(shop, run={"error_code": "damaged_file"}, error_code="damaged_file", **FOR_GOOD)
    page = opened(client, f"/recovery/{failed.id}")
    assert page.link("Load another file") == "/snapshots/new"
    assert not page.has("Preview a replay")
