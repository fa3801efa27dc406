"""Every trap that is known of the platform, met by a whole run: either it ends as a clean one, or with a sentence."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from shop.config import Config
from shop.db import db as handle
from shop.errors import ShopError
from shop.shops.models import Shop
from shop.shops.reaching import reached
from shop.simulator.simulator import Simulator
from shop.snapshots import runs, waiting
from shop.snapshots.models import FailedSnapshot, Snapshot
from shop.snapshots.reopening import reopen
from shop.snapshots.waiting import GivenUp
from tests.builders import a_shop
from tests.contract.connected import (
    asked,
    carried_on,
    check_figures,
    connected,
    due_now,
    given_back,
    refused,
    row,
    simulated,
    taken,
)

SNAPSHOT, RESULTS, JOBS = "/api/orders/snapshot", "/api-results/*", "/api/system/jobs"


@pytest.mark.parametrize(
    ("fault", "path", "amount", "times"),
    [
        ("rate-limit-json", SNAPSHOT, None, 1),
        ("rate-limit-html", SNAPSHOT, None, 2),
        ("rate-limit-date", JOBS, 2, 1),
        ("rate-limit-seconds", JOBS, 1, 1),
        ("error-500", JOBS, None, 1),
        ("error-502", JOBS, None, 1),
        ("empty-body", JOBS, None, 1),
        ("error-503", RESULTS, None, 2),
        ("connection-cut", RESULTS, None, 2),
        ("wrong-content-length", RESULTS, None, 1),
    ],
)
def test_f28_what_passes_by_itself_is_waited_out(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop, fault: str, path: str, amount: int | None, times: int
) -> None:
    """F28. Troubles that pass, in every place of a run, end as a clean one."""
    simulator.faults.switch_on(fault, times=times, path=path, amount=amount)
    run = taken(app, shop)
    assert (run.state, run.exports, run.stumbles) == ("done", 1, 0)
    check_figures(db, simulator)


@pytest.mark.parametrize(
    ("fault", "path", "code", "is_marked"),
    [
        ("token-revoked", None, "bad_credentials", True),
        ("identity-of-another-shop", None, "wrong_shop", True),
        ("addon-suspended", None, "addon_suspended", True),
        ("missing-right", SNAPSHOT, "no_rights", True),
        ("result-on-another-host", None, "address_refused", False),
        ("result-redirected", RESULTS, "address_refused", False),
        ("result-of-another-shop", None, "wrong_shop", True),
        ("html-instead-of-json", RESULTS, "contract_broken", False),
        ("gzip-cut", RESULTS, "damaged_file", False),
    ],
)
def test_what_does_not_pass_ends_the_run_at_once_with_a_sentence(
    app: Flask, db: SQLAlchemy, simulator: Simulator, fault: str, path: str | None, code: str, is_marked: bool
) -> None:
    shop = connected(simulator)
    shop.platform_shop_id = str(simulator.shops[0].eshop_id)
    db.session.commit()
    simulator.faults.switch_on(fault, path=path)
    run = refused(app, shop)
    assert run.error_code == code
    assert db.session.scalars(select(FailedSnapshot.permanent)).one() is True
    assert (db.session.get_one(Shop, shop.id).problem_code == code) is is_marked
    assert list((app.extensions["pult"].data_dir / "raw").glob("*.part")) == []
    simulator.faults.switch_off()
    mended = db.session.get_one(Shop, shop.id)
    mended.problem = mended.problem_code = None
    again = db.session.get_one(Snapshot, run.id)
    assert reopen(again)
    assert (again.way, again.file_path) == ("export", None)  # also where a damaged file is stored
    db.session.commit()
    assert carried_on(app, again.id).state == "done"
    assert db.session.scalars(select(FailedSnapshot.resolution)).one() == "it succeeded when it was tried again"
    check_figures(db, simulator)


def test_f29_a_shop_that_is_marked_is_not_asked_and_others_are(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    """F29. A token that is revoked ends the run and marks its shop; other shops go on."""
    simulator.faults.switch_on("token-revoked")
    refused(app, shop)
    requests = simulator.counts.requests.total()
    with pytest.raises(runs.Resting, match="does not accept the token"):
        asked(shop)
    assert simulator.counts.requests.total() == requests
    with simulated(orders=20) as other:
        assert taken(app, connected(other, slug="jiny")).state == "done"


def test_a_paused_shop_is_not_asked_and_a_run_that_waits_for_it_ends(
    app: Flask, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LOOKS", (600,))
    run = given_back(app, asked(shop)).id
    db.session.get_one(Shop, shop.id).state = "paused"
    db.session.commit()
    with pytest.raises(ShopError, match="is paused"):
        asked(db.session.get_one(Shop, shop.id), "products")
    due_now(run)
    with pytest.raises(ShopError, match="is paused"):
        carried_on(app, run)
    assert row(run).state == "failed"


def test_an_unfinished_job_is_watched_through_the_list_and_read_once(app: Flask, db: SQLAlchemy) -> None:
    with simulated(running=2) as simulator:
        run = taken(app, connected(simulator))
        assert run.looks > 10
        assert simulator.counts.job_reads == {(run.ticket or {})["job"]: 1}
        check_figures(db, simulator)


def test_a_wait_holds_no_worker_and_one_attempt_goes_through_it(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LOOKS", (600,))
    run = given_back(app, asked(shop))
    assert (run.phase, run.job_state, run.attempts) == ("wait", None, 1)
    assert given_back(app, run.id).attempts == 1  # too early: nothing is asked
    assert simulator.counts.requests[JOBS] == 0
    due_now(run.id)
    assert (carried_on(app, run.id, in_place=False).state, row(run.id).attempts) == ("done", 1)
    check_figures(db, simulator)


@pytest.mark.parametrize(
    ("fault", "hours", "running"),
    [
        ("job-silent", 3.1, 0.0),
        (None, 25, 0.0),
        (None, 4.1, 5 * 3600.0),
        ("job-killed", 0, 0.0),
        ("job-expired", 0, 0.0),
    ],
    ids=["silent death", "expired after a day", "not done after four hours", "killed", "expired at once"],
)
def test_f32_an_export_that_gives_no_file_is_asked_for_anew(
    app: Flask, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch, fault: str | None, hours: float, running: float
) -> None:
    """F32. A job that died, was killed, ran too long or expired: another one is asked for."""
    with simulated(running=running) as simulator:
        shop = connected(simulator)
        if fault:
            simulator.faults.switch_on(fault, times=1)
        monkeypatch.setattr(waiting, "LOOKS", (600,))
        run = given_back(app, asked(shop)).id
        simulator.settle()
        simulator.clock.advance(hours=hours)
        simulator.settle()
        due_now(run)
        again = given_back(app, run)
        assert again.exports == 2
        simulator.clock.advance(seconds=running)
        simulator.settle()
        due_now(run)
        assert carried_on(app, run).state == "done"
        check_figures(db, simulator)


def test_f27_a_platform_that_wants_to_be_left_alone_is_until_the_run_gives_up(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    """F27. A Retry-After of ten years is an hour, and a run gives up after the fourth."""
    simulator.faults.switch_on("rate-limit-huge", path=SNAPSHOT)
    run = asked(shop)
    for count in (1, 2, 3):
        rests = given_back(app, run)
        assert (rests.stumbles, rests.exports) == (count, 0)
        assert rests.look_at is not None
        assert timedelta(minutes=55) < rests.look_at - rests.requested_at < timedelta(minutes=65)
        assert "fewer calls" in (rests.remark or "")
        due_now(run)
    with pytest.raises(GivenUp, match="4 times in a row"):
        carried_on(app, run)
    assert (row(run).state, row(run).error_code) == ("failed", "rate_limited")
    assert db.session.scalars(select(FailedSnapshot.permanent)).one() is False


def test_an_answer_that_was_lost_costs_no_second_export(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    simulator.faults.switch_on("connection-cut", times=1, path=SNAPSHOT)
    run = taken(app, shop)
    assert (run.state, run.exports) == ("done", 1)
    assert len(simulator.shops[0].jobs.known) == 1
    check_figures(db, simulator)


def test_an_addons_token_that_expires_in_mid_run_is_renewed(
    app: Flask, db: SQLAlchemy, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = connected(simulator, addon=True)
    monkeypatch.setattr(waiting, "LOOKS", (600,))
    run = given_back(app, asked(shop)).id
    assert simulator.counts.token_refreshes == 1
    simulator.clock.advance(minutes=40)
    due_now(run)
    assert carried_on(app, run).state == "done"
    assert simulator.counts.token_refreshes == 2
    check_figures(db, simulator)


def test_two_workers_that_meet_an_expired_token_renew_it_once(
    app: Flask, db: SQLAlchemy, simulator: Simulator, config: Config
) -> None:
    shop = connected(simulator, addon=True)
    with reached(shop, config) as one, reached(shop, config) as other:
        one.rights()
        other.rights()
        assert simulator.counts.token_refreshes == 1
        simulator.clock.advance(minutes=40)
        barrier, failures = Barrier(2), []

        def ask(remote: object) -> None:
            barrier.wait()
            try:
                remote.rights()  # type: ignore[attr-defined]
            except ShopError as error:
                failures.append(error)

        threads = [Thread(target=ask, args=(remote,)) for remote in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert simulator.counts.token_refreshes == 2


def test_what_the_token_endpoint_says_outside_the_envelope_is_understood(
    app: Flask, db: SQLAlchemy, simulator: Simulator
) -> None:
    shop = connected(simulator, addon=True)
    simulator.faults.switch_on("addon-suspended")
    run = refused(app, shop)
    assert run.error_code == "addon_suspended"
    assert simulator.counts.requests[SNAPSHOT] == 0


def test_a_platform_that_cannot_be_reached_ends_a_run_that_somebody_watches(
    app: Flask, db: SQLAlchemy, simulator: Simulator
) -> None:
    shop = connected(simulator)
    shop.base_url = "http://127.0.0.1:9"
    handle.session.commit()
    run = refused(app, shop)
    assert (run.error_code, run.exports) == ("unreachable", 0)


def test_a_shop_without_a_token_says_so(app: Flask, db: SQLAlchemy) -> None:
    run = refused(app, a_shop("bez-tokenu"))
    assert "has no token yet" in (run.error or "")


@pytest.mark.parametrize("kind", ["orders", "customers"])
def test_f33_a_file_with_the_rows_of_another_shop_is_recognised_by_its_lines(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop, kind: str
) -> None:
    """F33. Job, host and identity are right and the rows are not: nothing is stored, not even the file."""
    taken(app, shop, kind)
    table = "orders" if kind == "orders" else "customer_accounts"
    before = db.session.execute(text(f"SELECT count(*), max(snapshot_id) FROM {table}")).one()
    simulator.faults.switch_on("result-of-another-shop")
    run = asked(shop, kind)
    with pytest.raises(ShopError, match="rows of another shop"):
        carried_on(app, run)
    assert (row(run).error_code, row(run).file_path) == ("wrong_shop", None)
    assert db.session.scalars(select(FailedSnapshot.permanent)).one() is True
    assert db.session.get_one(Shop, shop.id).problem_code == "wrong_shop"
    assert db.session.execute(text(f"SELECT count(*), max(snapshot_id) FROM {table}")).one() == before
    assert list((app.extensions["pult"].data_dir / "raw").glob("*.part")) == []
    with pytest.raises(runs.Resting):
        asked(shop, kind)
