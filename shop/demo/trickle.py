"""Keeps the demo alive: asks for what changed, and says in a line when something goes wrong."""

import time
from collections.abc import Sequence

from shop.db import db
from shop.demo import asking
from shop.demo.cast import EVERY
from shop.errors import ShopError
from shop.shops.queries import shop_by_slug
from shop.snapshots.runs import AlreadyRunning
from shop.supervision import Say

SELDOM = 4  # rounds after which customers and products are asked for too
AFTER_FAILURE = 90.0  # seconds in which the same is not asked for again: somebody may want to look at it


class Trickle:
    """A turn is short: it looks at what was asked for, and asks again when it is time."""

    def __init__(self, slugs: Sequence[str], address: str, say: Say) -> None:
        self.slugs, self.address, self.say = slugs, address, say
        self.asked: set[int] = set()  # runs that have not ended yet
        self.said: set[str] = set()
        self.resting: dict[tuple[str, str], float] = {}
        self.rounds = 0
        self.next_at = time.monotonic()

    def turn(self) -> bool:
        """Look, and ask when it is time; there is always another turn."""
        if self.asked:
            self.look()
        if time.monotonic() >= self.next_at:
            self.next_at = time.monotonic() + EVERY
            self.rounds += 1
            self.ask()
        return True

    def ask(self) -> None:
        kinds = ("orders", "customers", "products") if self.rounds % SELDOM == 0 else ("orders",)
        for kind in kinds:
            for slug in self.slugs:
                if time.monotonic() >= self.resting.get((slug, kind), 0):
                    self.ask_for(slug, kind)

    def ask_for(self, slug: str, kind: str) -> None:
        """Ask for one kind of one shop; a shop that cannot be asked is told once, a run of somebody else is let be."""
        shop = shop_by_slug(slug)
        if shop is None:
            self.say_once(f"{slug} is gone from the database.")
            return
        try:
            self.asked.add(asking.changed(shop, kind))
        except AlreadyRunning:
            db.session.rollback()
        except ShopError as refusal:
            db.session.rollback()
            self.say_once(refusal.message)

    def look(self) -> None:
        for run in asking.seen(sorted(self.asked)):
            if run.progress.remark:
                self.say_once(f"{run.name} are late: {run.progress.remark} {self.page_of(run)}")
            if not run.progress.is_live:
                self.asked.discard(run.id)
            if run.state == "failed":
                self.resting[run.shop, run.kind] = time.monotonic() + AFTER_FAILURE
                self.say(f"{run.name} failed: {run.error} {self.page_of(run)}")

    def page_of(self, run: asking.Seen) -> str:
        return f"{self.address}/snapshots/{run.id}"

    def say_once(self, words: str) -> None:
        if words not in self.said:
            self.said.add(words)
            self.say(words)
