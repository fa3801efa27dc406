"""A made-up shop that lives: orders come and change step by step, and every later answer agrees with it."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from threading import RLock
from typing import Any

from shop.simulator.baskets import CANCELLED, Draft
from shop.simulator.catalogue import Product, product_entity
from shop.simulator.changes import move_on
from shop.simulator.dice import share, throw
from shop.simulator.figures import Figures
from shop.simulator.generator import GeneratedShop
from shop.simulator.happenings import Happening, What
from shop.simulator.writing import moment

STEP = 41  # kind of throws
LATELY = 300  # orders among which the next one changes
UNTIL_SETTLED = timedelta(days=4, minutes=4)  # after which a generated order has not changed
FIRST_NUMBER = 100_001


class LivingShop:
    """The shop as generated, and what has happened since. Any order is drawn when it is asked for, none is kept."""

    def __init__(self, made: GeneratedShop, listener: Callable[[Happening], None] | None = None) -> None:
        self.made = made
        self.profile = made.profile
        self.zone = made.calendar.zone
        self.listener = listener
        self.lock = RLock()
        self.version = 0  # counts what happened
        self.steps = 0
        self.placed: list[datetime] = []  # the orders that came after the generated ones
        self.moves: dict[int, list[Happening]] = {}  # of orders, by index
        self.edited: dict[int, Happening] = {}  # the last change of a customer, by index
        self.described: dict[int, Happening] = {}  # the last change of a product, by its place
        self.deleted: dict[int, Happening] = {}
        self.people: list[int] = []  # those with an account
        self.people_seen = 0
        self.products: list[Product] = list(made.sold())

    @property
    def total(self) -> int:
        """How many orders there have been, the deleted among them."""
        return self.made.order_count + len(self.placed)

    def step(self, at: datetime) -> list[Happening]:
        """Let some time pass: an order comes, one changes, now and then a customer, a product, a deletion."""
        with self.lock:
            self.steps += 1
            bits = throw(self.made.seed, STEP, self.steps)
            whats = [What.ORDER_PLACED, What.ORDER_MOVED]
            whats += [What.CUSTOMER_EDITED] if self.steps % 5 == 0 else []
            whats += [What.PRODUCT_EDITED] if self.steps % 10 == 0 else []
            whats += [What.ORDER_DELETED] if self.steps % 25 == 0 else []
            happened = [self.happen(what, throw(bits, place), at) for place, what in enumerate(whats)]
        return [happening for happening in happened if happening]

    def happen(self, what: What, bits: int, at: datetime, index: int | None = None) -> Happening | None:
        """Let one thing happen, to the one that the bits choose; None if the shop has nothing it could happen to."""
        with self.lock:
            chosen = self.chosen(what, bits) if index is None else index
            if chosen is None:
                return None
            happening = Happening(what, chosen, bits, at.astimezone(self.zone).replace(microsecond=0), self.steps)
            self.remember(happening)
        if self.listener:
            self.listener(happening)
        return happening

    def chosen(self, what: What, bits: int) -> int | None:
        chance = share(throw(bits, 1))
        if what is What.ORDER_PLACED:
            return self.total
        if what is What.CUSTOMER_EDITED:
            people = self.registered()
            return people[int(len(people) * chance)] if people else None
        if what is What.PRODUCT_EDITED:
            return int(len(self.products) * chance) if self.products else None
        latest = self.total - 1 - int(min(self.total, LATELY) * chance)
        return next((index for index in range(latest, -1, -1) if index not in self.deleted), None)

    def remember(self, happening: Happening) -> None:
        """Take over what happened; also how a shop is brought back from its journal."""
        self.version += 1
        self.steps = max(self.steps, happening.step)
        if happening.what is What.ORDER_PLACED:
            self.placed.append(happening.at)
        elif happening.what is What.ORDER_MOVED:
            self.moves.setdefault(happening.index, []).append(happening)
        elif happening.what is What.ORDER_DELETED:
            self.deleted[happening.index] = happening
        elif happening.what is What.CUSTOMER_EDITED:
            self.edited[happening.index] = happening
        else:
            self.described[happening.index] = happening

    def order(self, index: int) -> Draft | None:
        """Draw the order as it stands; None if there is none."""
        with self.lock:
            if not 0 <= index < self.total or index in self.deleted:
                return None
            draft = self.drawn(index)
            for move in self.moves.get(index, ()):
                move_on(draft, move.bits, move.at, self.made.baskets.till)
            return draft

    def drawn(self, index: int) -> Draft:
        """Draw the order as it was placed or generated, whatever became of it; one at a time, the dice are shared."""
        with self.lock:
            if index < self.made.order_count:
                return self.made.draft(index)
            placed_at = self.placed[index - self.made.order_count]
            self.made.dice.seed(throw(self.made.seed, STEP, index, 2))
            draft = self.made.baskets.draw(index, placed_at, placed_at, self.made.dice)
        return replace(draft, changed_at=placed_at, status=-1, tracking=None, paid="false")

    def index_of(self, code: str) -> int | None:
        """Return the order's place by its code, if it is there and has that code."""
        digits = code.removeprefix("EX-").partition("/")[0]
        if not (digits.isascii() and digits.isdigit()) or len(digits) < 9:
            return None
        index = int(digits[2:]) - FIRST_NUMBER
        draft = self.order(index)
        return index if draft and draft.code == code else None

    def placed_at(self, index: int) -> datetime:
        if index < self.made.order_count:
            return self.made.calendar.placed_at(index)
        return self.placed[index - self.made.order_count]

    def between(self, since: datetime | None, until: datetime | None) -> range:
        """Return the places of orders placed in that time, both ends included."""
        places = range(self.total)
        first = bisect_left(places, since, key=self.placed_at) if since else 0
        return range(first, bisect_right(places, until, key=self.placed_at) if until else self.total)

    def perhaps_changed_since(self, since: datetime) -> list[int]:
        """Return the places of all orders that can have changed since then, and of few others."""
        recent = self.between(since - UNTIL_SETTLED, None)
        moved = {index for index, moves in self.moves.items() if moves[-1].at >= since and index < recent.start}
        return [*sorted(moved), *recent]

    def registered(self) -> list[int]:
        """Return the people with an account, the latest too."""
        with self.lock:
            here = self.made.people.count(self.total)
            self.people.extend(i for i in range(self.people_seen, here) if self.made.people.is_registered(i))
            self.people_seen = max(here, self.people_seen)
            return self.people

    def customer_changed_at(self, index: int) -> datetime:
        edit = self.edited.get(index)
        return edit.at if edit else self.placed_at(self.made.people.first_order(index))

    def customer(self, index: int) -> dict[str, Any]:
        entity = self.made.customer_since(index, self.placed_at(self.made.people.first_order(index)))
        if edit := self.edited.get(index):
            entity |= {
                "changeTime": moment(edit.at),
                "remark": f"{self.profile.language.groups[-1]} {edit.bits % 1000}",
            }
        return entity

    def product_changed_at(self, place: int) -> datetime:
        edit = self.described.get(place)
        return edit.at if edit else self.made.opened

    def product(self, place: int) -> dict[str, Any]:
        entity = product_entity(self.products[place], self.profile, self.made.opened)
        if edit := self.described.get(place):
            entity |= {"changeTime": moment(edit.at), "shortDescription": f"{entity['name']} № {edit.bits % 1000}"}
        return entity

    def drafts(self) -> Iterator[Draft]:
        for index in range(self.total):
            if draft := self.order(index):
                yield draft

    @property
    def expected(self) -> Figures:
        """The figures that a whole snapshot taken now must give."""
        figures = Figures(customers=len(self.registered()), products=len(self.products))
        for draft in self.drafts():
            figures.add(draft)
            figures.file_lines += 1
        return figures

    def is_cancelled(self, index: int) -> bool:
        draft = self.order(index)
        return draft is not None and draft.status == CANCELLED
