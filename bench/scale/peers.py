"""Other ways to list the same table, in the same run: Flask-Admin's own list, OFFSET, an exact count."""

import contextvars
from statistics import median
from typing import Any

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_babel import Babel

from bench.meter import Meter, timed
from bench.table import Row
from shop.db import db
from shop.orders.models import Order

FIRST_LIMIT, DEEP_LIMIT = 40, 60  # times faster than Flask-Admin
PEER_ROUNDS = 5
OFFSET = (
    "SELECT * FROM orders WHERE deleted_at IS NULL ORDER BY placed_at DESC, shop_id DESC, id DESC LIMIT 50 OFFSET %s"
)
COUNT = "SELECT count(*) FROM orders WHERE deleted_at IS NULL"


class Orders(ModelView):  # type: ignore[misc]  # Flask-Admin ships no types
    """The list as Flask-Admin makes it: its own page size, its own count; newest first as ours."""

    column_default_sort = ("placed_at", True)


def peer_client(database_url: str) -> FlaskClient:
    """Return a client of an application that is nothing but Flask-Admin over our table of orders."""
    app = Flask("peer")
    app.config.update(
        SQLALCHEMY_DATABASE_URI=database_url.replace("postgresql://", "postgresql+psycopg://"), SECRET_KEY="peer"
    )
    db.init_app(app)
    Babel(app)  # Flask-Admin asks it for words as soon as it is installed
    Admin(app, name="Peer").add_view(Orders(Order, db.session, endpoint="orders", url="/admin/orders"))
    return app.test_client()


def peers(
    meter: Meter, peer: FlaskClient, connection: psycopg.Connection[Any], deep_page: str, rounds: int
) -> list[Row]:
    """Compare page 1 and the deepest with the same pages of the peers."""
    orders, size = counted(connection), Orders.page_size
    ends = ("/orders/", deep_page)
    as_many, usual = (
        [median(visit.page for visit in meter.visits(path, rounds)) for path in paths]
        for paths in ([f"{path}{'&' if '?' in path else '?'}per_page={size}" for path in ends], ends)
    )
    theirs = [
        timed(lambda path=path: opened(peer, path), PEER_ROUNDS)
        for path in ("/admin/orders/", f"/admin/orders/?page={orders // size - 1}")
    ]  # type: ignore[misc]
    offsets = [
        timed(lambda skipped=skipped: connection.execute(OFFSET, (skipped,)).fetchall(), PEER_ROUNDS)
        for skipped in (0, max(0, orders - 50))
    ]  # type: ignore[misc]
    count = timed(lambda: counted(connection), PEER_ROUNDS)
    return [
        compared(f"Flask-Admin's list ({size} rows), page 1", theirs[0], as_many[0], usual[0], FIRST_LIMIT),
        compared("… its last page against our deepest", theirs[1], as_many[1], usual[1], DEEP_LIMIT),
        Row("OFFSET, the statement alone: page 1 and the last page", f"{offsets[0]:,.1f} and {offsets[1]:,.0f} ms: {offsets[1] / usual[1]:.0f}x our whole page"),
        Row(f"an exact count of {orders:,} orders, the statement alone", f"{count:,.0f} ms"),
    ]  # fmt: skip


def compared(name: str, theirs: float, as_many: float, usual: float, limit: int) -> Row:
    """Hold the peer against our page with as many rows; our usual page, with more of them, stands beside it."""
    ratio = theirs / as_many
    value = f"{theirs:,.0f} ms, ours with as many rows {as_many:.1f} ms: {ratio:.0f}x; ours with its usual 50 rows {usual:.1f} ms: {theirs / usual:.0f}x"
    return Row(name, value, f"at least {limit}x with as many rows", ratio >= limit)


def opened(peer: FlaskClient, path: str) -> None:
    response = contextvars.Context().run(peer.get, path)
    assert response.status_code == 200, f"{path} answered {response.status}"
    assert b"<table" in response.data


def counted(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(COUNT).fetchone()
    assert row is not None
    return int(row[0])
