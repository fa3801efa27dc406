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
    orders = counted(connection)
    size = Orders.page_size
    ours = [median(visit.page for visit in meter.visits(path, rounds)) for path in ("/orders/", deep_page)]
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
        Row(f"Flask-Admin's list ({size} rows), page 1", f"{theirs[0]:,.0f} ms, ours (50 rows) {ours[0]:.1f} ms: {theirs[0] / ours[0]:.0f}x", f"at least {FIRST_LIMIT}x", theirs[0] / ours[0] >= FIRST_LIMIT),
        Row("… its last page against our deepest", f"{theirs[1]:,.0f} ms, ours {ours[1]:.1f} ms: {theirs[1] / ours[1]:.0f}x", f"at least {DEEP_LIMIT}x", theirs[1] / ours[1] >= DEEP_LIMIT),
        Row("OFFSET, the statement alone: page 1 and the last page", f"{offsets[0]:,.1f} and {offsets[1]:,.0f} ms: {offsets[1] / ours[1]:.0f}x our whole page"),
        Row(f"an exact count of {orders:,} orders, the statement alone", f"{count:,.0f} ms"),
    ]  # fmt: skip


def opened(peer: FlaskClient, path: str) -> None:
    response = contextvars.Context().run(peer.get, path)
    assert response.status_code == 200, f"{path} answered {response.status}"
    assert b"<table" in response.data


def counted(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(COUNT).fetchone()
    assert row is not None
    return int(row[0])
