"""The course of the demo, told in turns: connect, take the first snapshots in view of all, then ask for what changed."""

import time
from collections.abc import Callable, Generator, Iterator

from rich.console import Console
from sqlalchemy.exc import OperationalError

from shop.config import Config
from shop.db import db
from shop.demo import asking, sign_ins
from shop.demo.bars import RunBars
from shop.demo.cast import SHOPS
from shop.demo.connecting import connected
from shop.demo.memory import Memory
from shop.demo.simulation import Simulation
from shop.demo.summary import summary
from shop.demo.trickle import Trickle
from shop.errors import ShopError
from shop.local.commands import HOST, answers
from shop.shops.models import Shop
from shop.supervision import Say

PATIENCE = 120  # seconds for a process to answer
STEP = 0.3  # seconds between two looks


class Story:
    """Called every tenth of a second by the supervisor; each call goes on to the next pause."""

    def __init__(self, config: Config, simulation: Simulation, memory: Memory, console: Console, say: Say) -> None:
        self.config, self.simulation, self.memory = config, simulation, memory
        self.console, self.say = console, say
        self.bars = RunBars(console)
        self.course = self.told()

    def __call__(self) -> None:
        next(self.course)

    def told(self) -> Generator[None]:
        yield from self.until(lambda: self.simulation.is_ready, "The shop simulator")
        yield from self.until(lambda: answers(self.config.port), "The web")
        shops = [connected(wanted, self.simulation.told[wanted.slug], self.config) for wanted in SHOPS]
        passwords = sign_ins.ready(self.memory)
        yield
        yield from self.first_snapshots(shops)
        address = self.config.base_url or f"http://{HOST}:{self.config.port}"
        self.console.print(
            summary(address, passwords, self.simulation.url), soft_wrap=True, markup=False, highlight=False
        )
        trickle = Trickle([shop.slug for shop in SHOPS], address, self.say)
        while True:
            self.unbroken(trickle.turn)
            yield from pause(STEP)

    def until(self, is_true: Callable[[], bool], what: str) -> Iterator[None]:
        given_up = time.monotonic() + PATIENCE
        while not is_true():
            if time.monotonic() > given_up:
                raise ShopError(
                    f"{what} does not answer after {PATIENCE} seconds. What was loaded is kept; start again."
                )
            yield

    def first_snapshots(self, shops: list[Shop]) -> Iterator[None]:
        """Take what was never taken, one line in the terminal for each run, until all of them have ended."""
        ids = asking.first_runs(shops)
        if not ids:
            return
        self.say(
            f"Taking the first snapshots, {len(ids)} in all; http://{HOST}:{self.config.port}/snapshots/ shows them too"
        )
        self.bars.start()
        try:
            while self.unbroken(lambda: self.drawn(ids)):
                yield from pause(STEP)
        finally:
            self.bars.stop()

    def drawn(self, ids: list[int]) -> bool:
        """Draw the runs as they are, and return whether any goes on."""
        runs = asking.seen(ids)
        self.bars.show(runs)
        return any(run.progress.is_live for run in runs)

    def unbroken(self, look: Callable[[], bool]) -> bool:
        """Look at the database; where it is away, say so and try again."""
        try:
            return look()
        except OperationalError as error:
            db.session.rollback()
            self.say(f"The database does not answer at present: {str(error.orig).splitlines()[0]}")
            time.sleep(1)
            return True


def pause(seconds: float) -> Iterator[None]:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        yield
