"""One made-up shop on the network: its rows, tokens, jobs, webhooks and limits, and the events it tells of."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from shop.simulator.clock import Agenda, Clock
from shop.simulator.counts import Counts
from shop.simulator.dice import throw
from shop.simulator.faults import FaultName, Faults
from shop.simulator.figures import Figures
from shop.simulator.generator import generate
from shop.simulator.happenings import Happening, Journal, What, happening_of
from shop.simulator.jobs import Jobs, JobTimes
from shop.simulator.limits import Bucket
from shop.simulator.living import LivingShop
from shop.simulator.profiles import PROFILES
from shop.simulator.tokens import Tokens, digits
from shop.simulator.webhooks import Webhooks
from shop.simulator.writing import moment

YEARS = 2  # of orders, when no first day is given


@dataclass(frozen=True)
class SimulatedShop:
    """Which shop to make up. Without a last day its orders end yesterday, so that new ones can follow today."""

    profile: str
    orders: int = 200
    seed: int = 1
    slug: str = ""
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True)
class Surroundings:
    """What all shops of one simulator share."""

    clock: Clock
    agenda: Agenda
    faults: Faults
    counts: Counts
    journal: Journal
    folder: Path
    job_times: JobTimes
    base_url: str


class OnlineShop:
    """A shop as its clients meet it. Tests let things happen here: `step`, `place_order`, `move_order` and others."""

    def __init__(self, asked: SimulatedShop, around: Surroundings) -> None:
        self.around = around
        self.slug = asked.slug or asked.profile
        entries = list(around.journal.entries(self.slug))
        start, end = self.span(asked, entries)
        made = generate(asked.profile, asked.orders, asked.seed, start, end)
        if made.last > around.clock.now():
            raise ValueError(f"The last day of shop {self.slug}, {end}, is not over yet. Name an earlier one.")
        self.living = LivingShop(made)
        number = int(digits(self.slug, asked.seed, "eshop")[:8], 16)
        self.eshop_id = 200_000 + number % 700_000
        self.tokens = Tokens(self.slug, asked.seed, self.eshop_id, around.clock)
        self.webhooks = Webhooks(
            self.eshop_id, around.clock, around.agenda, self.text, self.keep, lambda: around.counts.add("webhooks_sent")
        )
        self.jobs = Jobs(
            around.clock, around.agenda, around.folder, around.job_times, around.base_url,
            lambda job_id: self.notify("job:finished", job_id),
        )  # fmt: skip
        self.kept: dict[tuple[Any, ...], tuple[int, list[Any]]] = {}  # what lists found, while nothing happens
        self.buckets = {"private": Bucket(around.clock), "addon": Bucket(around.clock)}
        for entry in entries:
            self.bring_back(entry)
        self.living.listener = self.heard

    def span(self, asked: SimulatedShop, entries: list[dict[str, Any]]) -> tuple[date, date]:
        """Return the first and last day: those of the journal, so that a shop stays the same on another day."""
        identity = {"profile": asked.profile, "orders": asked.orders, "seed": asked.seed}
        for entry in entries:
            if "profile" in entry:
                if any(entry[name] != value for name, value in identity.items()):
                    known = f"{entry['profile']}:{entry['orders']}:{entry['seed']}"
                    raise ValueError(f"The state file knows shop {self.slug} as {known}. Name it so, or another file.")
                return date.fromisoformat(entry["start"]), date.fromisoformat(entry["end"])
        zone = PROFILES[asked.profile].timezone
        end = asked.end or yesterday(self.around.clock.now(), zone)
        start = asked.start or end - timedelta(days=365 * YEARS)
        self.keep(identity | {"start": start.isoformat(), "end": end.isoformat()})
        return start, end

    def keep(self, entry: dict[str, Any]) -> None:
        self.around.journal.write(self.slug, entry)

    def bring_back(self, entry: dict[str, Any]) -> None:
        if "what" in entry:
            self.living.remember(happening_of(entry))
        elif "webhooks" in entry:
            self.webhooks.bring_back(entry)

    @property
    def private_token(self) -> str:
        return self.tokens.private

    @property
    def oauth_token(self) -> str:
        return self.tokens.oauth

    @property
    def expected(self) -> Figures:
        """The figures that a whole snapshot taken now must give."""
        return self.living.expected

    def text(self, when: datetime) -> str:
        return moment(when.astimezone(self.living.zone))

    def step(self, times: int = 1) -> list[Happening]:
        """Let the shop live on by so many steps."""
        happened: list[Happening] = []
        for _ in range(times):
            happened += self.living.step(self.around.clock.now())
        return happened

    def place_order(self) -> str:
        """Let an order come; returns its code."""
        return self.code_of(self.happen(What.ORDER_PLACED))

    def move_order(self, code: str | None = None) -> str:
        """Let an order change, the one with that code or one of the latest; returns its code."""
        return self.code_of(self.happen(What.ORDER_MOVED, self.place_of(code) if code else None))

    def delete_order(self, code: str) -> None:
        self.happen(What.ORDER_DELETED, self.place_of(code))

    def edit_customer(self) -> str:
        """Let a customer change; returns the guid."""
        return str(self.living.customer(self.happen(What.CUSTOMER_EDITED))["guid"])

    def edit_product(self) -> str:
        """Let a product change; returns the guid."""
        return self.living.products[self.happen(What.PRODUCT_EDITED)].guid

    def happen(self, what: What, index: int | None = None) -> int:
        bits = throw(self.living.made.seed, self.living.version, 6)
        happening = self.living.happen(what, bits, self.around.clock.now(), index)
        if happening is None:
            raise LookupError("The shop has nothing that this could happen to.")
        return happening.index

    def place_of(self, code: str) -> int:
        index = self.living.index_of(code)
        if index is None:
            raise LookupError(f"Shop {self.slug} has no order {code}.")
        return index

    def code_of(self, index: int) -> str:
        return self.living.drawn(index).code

    def heard(self, happening: Happening) -> None:
        """Keep what happened, and tell those who asked to be told."""
        self.keep(happening.entry())
        for event, instance in self.events(happening):
            self.notify(event, instance)

    def events(self, happening: Happening) -> list[tuple[str, str]]:
        index = happening.index
        if happening.what is What.CUSTOMER_EDITED:
            return [("customer:update", self.living.made.people.person(index).guid)]
        if happening.what is What.PRODUCT_EDITED:
            return [("product:update", self.living.products[index].guid)]
        code = self.code_of(index)
        if happening.what is What.ORDER_DELETED:
            return [("order:delete", code)]
        if happening.what is What.ORDER_PLACED:
            person = self.new_person(index)
            return [("order:create", code), *([("customer:create", person)] if person else [])]
        cancelled = self.living.is_cancelled(index)
        return [("order:update", code), *([("order:cancel", code)] if cancelled else [])]

    def new_person(self, index: int) -> str | None:
        """Return the guid of the customer that the order has brought, if it has brought one with an account."""
        people = self.living.made.people
        person = people.count(index)
        if people.count(index + 1) == person or not people.is_registered(person):
            return None
        return people.person(person).guid

    def notify(self, event: str, instance: str) -> None:
        if self.around.faults.take(FaultName.WEBHOOK_LOST, event, self.slug):
            return
        twice = self.around.faults.take(FaultName.WEBHOOK_DUPLICATED, event, self.slug)
        self.webhooks.notify(event, instance, 2 if twice else 1)


def yesterday(now: datetime, timezone: str) -> date:
    return now.astimezone(ZoneInfo(timezone)).date() - timedelta(days=1)
