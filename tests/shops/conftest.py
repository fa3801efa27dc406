"""A platform for the shops of these tests: the simulator, over HTTP, and a client that waits for nobody."""

from collections.abc import Iterator
from functools import partial

import pytest

from shop.platforms.shoptet import connection
from shop.platforms.timing import Timing
from shop.simulator.online import SimulatedShop
from shop.simulator.simulator import Simulator


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """Two Czech shops and a German one; the first is the one that tests connect."""
    monkeypatch.setattr(connection, "Timing", partial(Timing, sleep=lambda _seconds: None))
    shops = [
        SimulatedShop("cz", orders=20),
        SimulatedShop("cz", orders=20, slug="other"),
        SimulatedShop("eu", orders=20),
    ]
    with Simulator(shops) as simulator:
        yield simulator
