"""A simulator of one Czech shop with a webhook, that shop connected to Pult by its private token, and no long waits."""

from collections.abc import Iterator

import pytest
from flask_sqlalchemy import SQLAlchemy

from shop.shops.models import Shop
from shop.simulator.simulator import Simulator
from shop.snapshots import retries, waiting
from tests.contract.connected import connected, simulated


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at exports at once, and rest for moments."""
    monkeypatch.setattr(waiting, "LOOKS", (0.05,))
    monkeypatch.setattr(retries, "RESTS", (0.05, 0.05, 0.05))
    monkeypatch.setattr(waiting, "TURN", 0.05)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with simulated() as simulator:
        yield simulator


@pytest.fixture
def shop(db: SQLAlchemy, simulator: Simulator) -> Shop:
    return connected(simulator)
