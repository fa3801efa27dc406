"""A simulator of one Czech shop with a webhook, and that shop connected to Pult by its private token."""

from collections.abc import Iterator

import pytest
from flask_sqlalchemy import SQLAlchemy

from shop.shops.models import Shop
from shop.simulator.online import SimulatedShop
from shop.simulator.simulator import Simulator
from tests.contract.connected import connected
from tests.simulator.asking import Client


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(shops=[SimulatedShop("cz", orders=200, seed=1)]) as simulator:
        Client(simulator).hook("job:finished")
        yield simulator


@pytest.fixture
def shop(db: SQLAlchemy, simulator: Simulator) -> Shop:
    return connected(simulator)
