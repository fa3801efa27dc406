"""Shoptet on this machine, for tests: `with Simulator(shops=[SimulatedShop("cz")]) as simulator` serves it."""

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from shop.simulator.clock import Agenda, Clock
from shop.simulator.counts import Counts
from shop.simulator.faults import Faults
from shop.simulator.front import TOKEN_PATH, Front
from shop.simulator.happenings import Journal
from shop.simulator.jobs import JobTimes
from shop.simulator.online import OnlineShop, SimulatedShop, Surroundings
from shop.simulator.server import Server


class Simulator:
    """Serves the shops on 127.0.0.1 from `start` to `stop`; a job is done at once unless its times are given."""

    def __init__(
        self,
        shops: list[SimulatedShop],
        *,
        port: int = 0,
        clock: Clock | None = None,
        job_times: JobTimes = JobTimes(),  # noqa: B008 - it does not change
        trickle: float | None = None,
        state: Path | None = None,
    ) -> None:
        """Make up the shops. Every `trickle` seconds each of them lives on by a step; `state` outlives the process."""
        self.clock = clock or Clock()
        self.agenda = Agenda(self.clock)
        self.faults = Faults()
        self.counts = Counts()
        self.trickle = timedelta(seconds=trickle) if trickle else None
        self.folder = Path(tempfile.mkdtemp(prefix="shop-simulator-"))
        self.server = Server(port)
        around = Surroundings(
            self.clock, self.agenda, self.faults, self.counts, Journal(state), self.folder, job_times, self.base_url
        )
        try:
            self.shops = [OnlineShop(shop, around) for shop in named_apart(shops)]
        except BaseException:
            self.server.server_close()
            self.folder.rmdir()
            raise
        self.server.front = Front(around, self.shops)

    @property
    def base_url(self) -> str:
        return self.server.base_url

    @property
    def token_url(self) -> str:
        """Where an addon asks for its access token."""
        return self.base_url + TOKEN_PATH

    def start(self) -> None:
        self.agenda.start()
        self.server.start()
        if self.trickle:
            self.agenda.at(self.clock.now() + self.trickle, self.live)

    def live(self) -> None:
        """Let every shop live on by a step, and again when the time has come."""
        for shop in self.shops:
            shop.step()
        if self.trickle:
            self.agenda.at(self.clock.now() + self.trickle, self.live)

    def settle(self, timeout: float = 10.0) -> None:
        """Wait until jobs and notifications that are due are done."""
        self.agenda.settle(timeout)

    def stop(self) -> None:
        self.server.stop()
        self.agenda.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def named_apart(shops: list[SimulatedShop]) -> list[SimulatedShop]:
    if len({shop.slug or shop.profile for shop in shops}) < len(shops):
        raise ValueError("Two shops have one name. Give each its own slug.")
    return shops
