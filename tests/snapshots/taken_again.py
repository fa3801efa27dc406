"""Stored files taken again, and the data compared with what it was."""

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.platforms.records import Kind
from shop.shops.models import Shop
from shop.snapshots.conducting import conduct
from shop.snapshots.models import Snapshot
from shop.snapshots.replaying import request_replay
from shop.snapshots.undoing import Undone, undo
from tests.snapshots.files import stored_run

TABLES = (
    "orders",
    "order_items",
    "order_revisions",
    "customers",
    "customer_metrics",
    "products",
    "daily_sales",
    "order_statuses",
)


def contents(db: SQLAlchemy) -> list[str]:
    """A digest of every table of data."""
    db.session.rollback()
    digest = "SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {} t"
    return [db.session.execute(text(digest.format(name))).scalar_one() for name in TABLES]


def replayed(app: Flask, db: SQLAlchemy, run_id: int) -> Snapshot:
    """Load the file of a run again."""
    replay_id = request_replay(db.session.get_one(Snapshot, run_id), "test").id
    db.session.commit()
    conduct(replay_id, app.extensions["pult"])
    return db.session.get_one(Snapshot, replay_id)


def waiting(
    app: Flask, db: SQLAlchemy, shop: Shop, content: bytes, kind: Kind = Kind.ORDERS, mode: str = "full"
) -> int:
    """A run whose file is stored and which was never carried out."""
    run_id = stored_run(app, shop, content, kind, mode=mode)
    db.session.execute(text("UPDATE snapshots SET state = 'cancelled' WHERE id = :id"), {"id": run_id})
    db.session.commit()
    return run_id


def undone(app: Flask, run_id: int) -> Undone:
    """Take a replay back, as an operator does."""
    with undo(run_id, "ota@example.com", app.extensions["pult"]) as found:
        app.extensions["sqlalchemy"].session.commit()
    return found
