"""Whole snapshots taken from a platform over HTTP: everything, what changed, nothing at all, and by another way."""

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from shop.shops.models import Shop
from shop.simulator.simulator import Simulator
from tests.contract.connected import check_figures, taken


def test_a_shop_is_taken_whole_and_its_figures_are_those_of_the_platform(
    app: Flask, db: SQLAlchemy, simulator: Simulator, shop: Shop
) -> None:
    for kind in ("products", "customers", "orders"):
        run = taken(app, shop, kind)
        assert (run.state, run.mode, run.exports, run.quarantined) == ("done", "full", 1, 0)
        assert run.file_name
        assert run.as_of
    check_figures(db, simulator)
    assert db.session.get_one(Shop, shop.id).platform_shop_id == str(simulator.shops[0].eshop_id)
