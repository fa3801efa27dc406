"""What a platform reports as deleted: marked in the publish of the run that asked, never more than a person expects."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select

from shop import chores
from shop.customers.models import Customer, CustomerAccount
from shop.errors import ShopError
from shop.orders.models import Order, OrderRevision
from shop.platforms.failures import FeedTooOld
from shop.platforms.records import Kind
from shop.platforms.remote import Change, ChangeFeed
from shop.platforms.shoptet import changes
from shop.products.models import Product
from shop.shops.models import Shop
from shop.simulator.simulator import Simulator
from shop.snapshots import deletions
from shop.snapshots.coverage import changes_from, covered_until
from shop.snapshots.models import ReportedDeletion, Snapshot
from shop.snapshots.reopening import reopen
from tests.contract.connected import asked, carried_on, check_figures, connected, row, simulated, taken


def lately() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=10)


def order_of(db: SQLAlchemy, code: str) -> Order:
    db.session.rollback()
    return db.session.scalars(select(Order).where(Order.code == code)).one()


def delete_many(simulator: Simulator, count: int) -> None:
    living = simulator.shops[0].living
    for code in [draft.code for draft in list(living.drafts())[-count:]]:
        simulator.shops[0].delete_order(code)


def test_a_deleted_order_leaves_with_the_changes(app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop) -> None:
    code = simulator.shops[0].place_order()
    taken(app, shop)
    simulator.shops[0].delete_order(code)
    new = simulator.shops[0].place_order()
    run = taken(app, shop, since=lately())
    assert (run.mode, run.feed, run.inserted, run.deleted, run.remark) == ("partial", "read", 1, 1, None)
    gone = order_of(db, code)
    assert gone.deleted_at is not None
    assert gone.counted is False
    assert order_of(db, new).deleted_at is None
    told = select(OrderRevision.before, OrderRevision.after).where(OrderRevision.field == "deleted")
    (before, after) = db.session.execute(told).one()
    assert (before, after is None) == (None, False)
    check_figures(db, simulator)


def test_the_same_deletion_told_twice_is_marked_once(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    code = simulator.shops[0].place_order()
    taken(app, shop)
    simulator.shops[0].delete_order(code)
    assert [taken(app, shop, since=lately()).deleted for _ in range(2)] == [1, 0]
    assert db.session.scalar(select(func.count()).select_from(OrderRevision)) == 1
    check_figures(db, simulator)


def test_an_order_that_is_newer_than_its_deletion_stays(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    code = simulator.shops[0].place_order()
    taken(app, shop)
    simulator.shops[0].delete_order(code)
    order_of(db, code).changed_at = datetime.now(UTC) + timedelta(minutes=1)
    db.session.commit()
    assert taken(app, shop, since=lately()).deleted == 0
    assert order_of(db, code).deleted_at is None


def test_f24_an_order_that_comes_back_is_live_again_with_its_history(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    """F24. By the feed: deleted with one run of changes, there again with the next."""
    code = simulator.shops[0].place_order()
    taken(app, shop)
    living = simulator.shops[0].living
    index = simulator.shops[0].place_of(code)
    simulator.shops[0].delete_order(code)
    assert taken(app, shop, since=lately()).deleted == 1
    del living.deleted[index]
    living.version += 1
    assert taken(app, shop, since=lately()).updated == 1
    back = order_of(db, code)
    assert (back.deleted_at, back.counted) == (None, True)
    assert db.session.scalar(select(func.count()).select_from(OrderRevision)) == 2
    check_figures(db, simulator)


def test_many_deletions_wait_for_a_person_and_then_are_the_same_ones(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    taken(app, shop)
    delete_many(simulator, 20)
    run = asked(shop, since=lately())
    with pytest.raises(ShopError, match="reports 20 stored orders as deleted"):
        carried_on(app, run)
    assert row(run).error_code == "implausible"
    assert db.session.scalar(select(func.count()).select_from(Order).where(Order.deleted_at.is_not(None))) == 0
    assert reopen(row(run), confirmed=True)
    db.session.commit()
    assert carried_on(app, run).deleted == 20
    check_figures(db, simulator)


def test_a_worker_killed_after_the_feed_goes_on_with_the_same_list(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = [simulator.shops[0].place_order() for _ in range(3)]
    taken(app, shop)
    for code in codes:
        simulator.shops[0].delete_order(code)
    run = asked(shop, since=lately())
    report = deletions.report

    def killed(*given: object) -> None:
        report(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(deletions, "report", killed)
    with pytest.raises(KeyboardInterrupt):
        carried_on(app, run)
    monkeypatch.undo()
    kept = select(func.count()).select_from(ReportedDeletion)
    assert (row(run).file_path, db.session.scalar(kept)) == (None, 3)
    assert carried_on(app, run).deleted == 3
    assert db.session.scalar(kept) == 3
    check_figures(db, simulator)


def test_a_feed_that_reaches_not_far_enough_makes_the_next_run_ask_for_everything(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = simulator.shops[0].place_order()
    taken(app, shop)
    simulator.shops[0].delete_order(code)

    def too_old(*_given: object, **_more: object) -> None:
        raise FeedTooOld("Shoptet remembers changes for thirty days.")

    with monkeypatch.context() as patched:
        patched.setattr(changes, "feed", too_old)
        run = taken(app, shop, since=lately())
    assert (run.state, run.feed, run.deleted) == ("done", "too_old", 0)
    assert "no longer remembers what was deleted" in (run.remark or "")
    assert changes_from(shop.id, "orders", datetime.now(UTC)) is None
    chores.ask_for_changes(Kind.ORDERS, db.session.get_one(Shop, shop.id))
    db.session.commit()
    everything = db.session.scalars(select(Snapshot.id).where(Snapshot.state == "queued")).one()
    assert (carried_on(app, everything).mode, row(everything).deleted) == ("full", 1)
    assert changes_from(shop.id, "orders", datetime.now(UTC)) is not None
    check_figures(db, simulator)


def test_a_token_that_may_not_read_the_feed_still_loads_what_changed(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    taken(app, shop)
    simulator.shops[0].place_order()
    simulator.faults.switch_on("missing-right", path="/api/orders/changes")
    run = taken(app, shop, since=lately())
    assert (run.state, run.feed, run.inserted) == ("done", "refused", 1)
    assert "complete snapshots" in (run.remark or "")


def test_a_run_that_fails_moves_no_cursor(app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop) -> None:
    taken(app, shop)
    known = covered_until(shop.id, "orders")
    simulator.faults.switch_on("gzip-cut")
    run = asked(shop, since=lately())
    simulator.shops[0].place_order()
    with pytest.raises(ShopError):
        carried_on(app, run)
    assert covered_until(shop.id, "orders") == known


def test_without_exports_deletions_are_heard_of_too(app: Flask, db: SQLAlchemy) -> None:
    with simulated(hook=False, orders=40) as simulator:
        shop = connected(simulator)
        code = simulator.shops[0].place_order()
        taken(app, shop)
        simulator.shops[0].delete_order(code)
        run = taken(app, shop)
        assert (run.way, run.feed, run.deleted) == ("lists", "read", 1)
        check_figures(db, simulator)


def test_a_customer_with_two_accounts_loses_only_the_one_that_was_deleted(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken(app, shop, "customers")
    accounts = select(CustomerAccount).order_by(CustomerAccount.guid).limit(2)
    one, other = db.session.scalars(accounts).all()
    other.customer_id = one.customer_id
    db.session.commit()
    gone, stays = one.guid, other.guid

    def told(*_given: object, **_more: object) -> ChangeFeed:
        return ChangeFeed(datetime.now(UTC), iter([Change(gone, datetime.now(UTC), deleted=True)]))

    monkeypatch.setattr(changes, "feed", told)
    assert taken(app, shop, "customers", since=datetime.now(UTC)).deleted == 1
    marked = select(CustomerAccount.guid).where(CustomerAccount.deleted_at.is_not(None))
    assert db.session.scalars(marked).all() == [gone]
    assert (
        db.session.scalars(
            select(Customer.registered)
            .join(CustomerAccount, CustomerAccount.customer_id == Customer.id)
            .where(CustomerAccount.guid == stays)
        ).one()
        is True
    )


def test_a_product_that_was_deleted_is_marked(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken(app, shop, "products")
    guid = db.session.scalars(select(Product.guid).where(Product.guid.is_not(None)).limit(1)).one() or ""
    gone = Change(guid, None, deleted=True)
    monkeypatch.setattr(changes, "feed", lambda *_given, **_more: ChangeFeed(datetime.now(UTC), iter([gone])))
    assert taken(app, shop, "products", since=datetime.now(UTC)).deleted == 1
    assert db.session.scalars(select(Product.guid).where(Product.deleted_at.is_not(None))).all() == [guid]
