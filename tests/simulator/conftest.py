"""A simulator of one Czech shop, a client of it, and a receiver of webhooks."""

from collections.abc import Iterator

import pytest

from shop.simulator.online import SimulatedShop
from shop.simulator.simulator import Simulator
from tests.simulator.asking import Client, Receiver, receiving


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(shops=[SimulatedShop("cz", orders=200, seed=1)]) as simulator:
        yield simulator


@pytest.fixture
def client(simulator: Simulator) -> Client:
    return Client(simulator)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver
