"""What is bought together: one order at a time, with shipping, payment, coupons and discounts as lines of their own."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from shop.simulator.catalogue import Catalogue
from shop.simulator.dice import guid, share, throw
from shop.simulator.people import NOBODY, People, Person
from shop.simulator.profiles import ShopProfile
from shop.simulator.rows import Row, Till
from shop.simulator.seasons import Calendar

ORDER = 21  # kind of guids
LINES = (
    0.28,
    0.5,
    0.67,
    0.79,
    0.87,
    0.925,
    0.96,
    0.98,
    0.992,
    1.0,
)  # of goods: the share of orders with at most 1, 2, …
PIECES = (0.7, 0.88, 0.95, 0.98, 1.0)
CANCELLED = -4


@dataclass(slots=True)
class Draft:
    """An order before it is written."""

    index: int
    code: str
    guid: str | None
    placed_at: datetime
    changed_at: datetime
    status: int
    currency: str
    rate: str
    country: str
    person: Person | None = None
    email: str | None = None
    customer_guid: str | None = None
    cash_desk: bool = False
    paid: str = "true"
    payment: str | None = None
    shipping: str | None = None
    billing_id: int = 4
    remark: str | None = None
    tracking: str | None = None
    rows: list[Row] = field(default_factory=list)

    @property
    def gross(self) -> int:
        """The total with VAT in hundredths, as the header has it."""
        return 0 if self.status == CANCELLED else sum(row.gross for row in self.rows)

    @property
    def line_count(self) -> int:
        """How many lines a reader finds: rows, and parts of sets."""
        return len(self.rows) + sum(len(row.parts) for row in self.rows)


class Baskets:
    """Draws the orders of one shop."""

    def __init__(self, profile: ShopProfile, catalogue: Catalogue, people: People, calendar: Calendar) -> None:
        self.profile = profile
        self.catalogue = catalogue
        self.people = people
        self.calendar = calendar
        self.seed = people.seed
        self.till = Till(profile)

    def draw(self, index: int, placed_at: datetime, last: datetime, dice: Random) -> Draft:
        """Return order number `index`, in the state it has at the time `last`."""
        draft = self.opened(index, placed_at, last, dice)
        self.fill(draft, dice)
        if draft.cash_desk:
            draft.payment, draft.billing_id = self.profile.language.cash, 3
        else:
            self.send(draft, dice)
        self.settle(draft, dice)
        return draft

    def opened(self, index: int, placed_at: datetime, last: datetime, dice: Random) -> Draft:
        profile = self.profile
        foreign = profile.foreign_currency is not None and dice.random() < profile.foreign
        number = f"{placed_at.year % 100}{index + 100_001:07d}"
        draft = Draft(
            index=index,
            code=f"EX-{number}/{placed_at.month}" if foreign else number,
            guid=None if dice.random() < 0.02 else guid(self.seed, ORDER, index),
            placed_at=placed_at,
            changed_at=settled_at(placed_at, last, dice),
            status=status_at((last - placed_at).total_seconds() / 86_400, profile, dice),
            currency=profile.foreign_currency if foreign and profile.foreign_currency else profile.currency,
            rate=self.rate_on(placed_at) if foreign else "1.00000000",
            country=profile.foreign_country if foreign else profile.country,
        )
        person = self.people.buyer(index, dice)
        if dice.random() < profile.cash_desk and not foreign:
            person, draft.cash_desk = NOBODY, True
        if person != NOBODY:
            self.sign(draft, self.people.person(person), dice)
        return draft

    def sign(self, draft: Draft, person: Person, dice: Random) -> None:
        """Put the buyer's name under the order; people with an account do not always sign in, nor type with care."""
        draft.person = person
        if person.registered and dice.random() >= self.profile.as_guest:
            draft.customer_guid = person.guid
        draft.email = person.email if dice.random() >= 0.02 else f"  {person.email.title()} "
        if dice.random() < 0.04:
            draft.remark = dice.choice(self.profile.language.remarks)

    def rate_on(self, moment: datetime) -> str:
        """Return the exchange rate of the day: it wanders by two per cent from month to month."""
        month = moment.year * 12 + moment.month
        drift = 0.98 + 0.04 * share(throw(self.seed, month)) + 0.002 * share(throw(self.seed, moment.toordinal()))
        return f"{self.profile.foreign_rate * drift:.8f}"

    def fill(self, draft: Draft, dice: Random) -> None:
        """Put goods into the basket, a set among them now and then, then take the discounts off."""
        chance = dice.random()
        lines = next(count for count, most in enumerate(LINES, 1) if chance < most)
        for _ in range(lines):
            variant = self.catalogue.popular(dice.random())
            chance = dice.random()
            pieces = next(count for count, most in enumerate(PIECES, 1) if chance < most)
            draft.rows.append(
                self.till.goods(variant, pieces * 250 if variant.by_weight else pieces * 1000, draft.currency)
            )
        if self.catalogue.sets and dice.random() < self.profile.with_sets:
            chosen = self.catalogue.sets[int(len(self.catalogue.sets) * dice.random() ** 1.5)]
            draft.rows.append(self.till.goods(chosen, 1000, draft.currency))
        goods = sum(row.gross for row in draft.rows)
        if dice.random() < self.profile.coupons:
            draft.rows.append(self.till.coupon(-(goods * dice.choice((5, 10, 15)) // 100)))
        if lines >= 7:
            draft.rows.append(self.till.volume_discount(-(goods * 3 // 100)))

    def send(self, draft: Draft, dice: Random) -> None:
        """Add what shipping and payment cost; a large order travels free, and only cash on delivery has a fee."""
        words = self.profile.language
        method = words.shipping[int(len(words.shipping) * dice.random() ** 1.4)]
        payment = words.payment[int(len(words.payment) * dice.random() ** 1.2)]
        free = draft.gross > 1500 * 100 * (1 if draft.currency == "CZK" else 0.04)
        draft.shipping, draft.payment = method.name, payment.name
        draft.billing_id = 1 if payment is words.payment[0] else 4
        draft.rows.append(self.till.shipping(method, draft.currency, free=free))
        draft.rows.append(self.till.payment(payment, draft.currency))

    def settle(self, draft: Draft, dice: Random) -> None:
        """Say whether it is paid, as far as the shop knows: yes, no, or nothing."""
        chance = dice.random()
        if draft.status in (-3, 70) or draft.cash_desk:
            draft.paid = "null" if chance < 0.03 else "true"
        else:
            draft.paid = "true" if chance < 0.5 else "false"
        if draft.status == 70 or (draft.status == -3 and chance < 0.6 and not draft.cash_desk):
            draft.tracking = f"DR{throw(self.seed, ORDER, draft.index) % 10**9:09d}"


def settled_at(placed_at: datetime, last: datetime, dice: Random) -> datetime:
    """Return when the order last changed: within four days, but not after the end of the last day."""
    changed_at = placed_at + timedelta(minutes=3 + int(dice.random() * 60 * 24 * 4))
    return min(changed_at, last) if placed_at < last else changed_at


def status_at(age: float, profile: ShopProfile, dice: Random) -> int:
    """Return the status of an order that is so many days old."""
    chance = dice.random()
    if chance < profile.cancelled:
        return CANCELLED
    chance = dice.random()
    if age < 2:
        return -1 if chance < 0.6 else -2
    if age < 12:
        return -2 if chance < 0.15 else dice.choice(profile.language.open_statuses) if chance < 0.4 else -3
    return 30 if chance < 0.004 else 17 if chance < 0.008 else -3
