"""Quarters for the lines of made-up orders, gone again after the tests that need them."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from shop.db import db, raw_connection
from shop.partitions.creating import ensure
from shop.partitions.quarters import Quarter, through
from tests.servers import EMPTY_EVERYTHING


@contextmanager
def quarters_of_the_bench(app: Flask) -> Iterator[None]:
    """Let lines lie in 2022 to 2025, as the orders of bench/seeding.py do. On leaving, what was made goes with all rows."""
    with app.app_context():
        made = ensure(through(Quarter(2022, 1), Quarter(2025, 1)), "tests")
    yield
    with app.app_context():
        db.session.rollback()
        with raw_connection(autocommit=True) as connection:
            connection.execute(EMPTY_EVERYTHING)
            for quarter in made:
                connection.execute(f"DROP TABLE {quarter.table}")
