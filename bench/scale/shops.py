"""The five shops of the full size: how large each is, where it is, what it sells, and how many orders each day brings."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate

from shop.simulator.profiles import PROFILES, ShopProfile
from shop.simulator.seasons import weight

LINES, ORDERS, CUSTOMERS = 8_200_000, 1_400_000, 661_000  # of SCALE=1
START = date(2024, 1, 1)
EARLIEST = date(2021, 7, 1)
BEFORE = 0.02  # of the orders were placed before START
ONLY_REGISTERED = 0.03  # of the customers have not bought anything


@dataclass(frozen=True)
class ScaleShop:
    """One shop of so many orders. `first_*` are the numbers before its first order, customer, product and variant."""

    slug: str
    profile: ShopProfile
    orders: int
    customers: int
    first_order: int
    first_customer: int
    first_product: int

    @property
    def buyers(self) -> int:
        """How many of the customers have bought something."""
        return max(1, int(self.customers * (1 - ONLY_REGISTERED)))

    @property
    def new_people(self) -> float:
        """The share of the orders that bring somebody who was not here before."""
        return (self.buyers - 1) / max(1, self.orders - 1)


PLAN = (  # slug, profile, zone, currency, share of everything, products
    ("scale-cz", "cz", "Europe/Prague", "CZK", 0.46, 6_000),
    ("scale-sk", "sk", "Europe/Bratislava", "EUR", 0.22, 4_000),
    ("scale-de", "eu", "Europe/Berlin", "EUR", 0.17, 4_000),
    ("scale-ie", "ie", "Europe/Dublin", "EUR", 0.10, 3_000),
    ("scale-nz", "ie", "Pacific/Auckland", "NZD", 0.05, 2_000),
)


def fraction_of(scale: float) -> float:
    """Return by what everything is multiplied: up to 1 the scale itself, above it so many million lines."""
    return scale if scale <= 1 else scale * 1_000_000 / LINES


def shops_of(scale: float) -> list[ScaleShop]:
    """Return the five shops. The catalogue shrinks with small scales, as a small shop's does, but does not grow."""
    fraction = fraction_of(scale)
    found: list[ScaleShop] = []
    orders = customers = products = 0
    for slug, name, zone, currency, share, sold in PLAN:
        profile = replace(
            PROFILES[name],
            timezone=zone,
            currency=currency,
            country="NZ" if currency == "NZD" else PROFILES[name].country,
            products=max(40, int(sold * min(1.0, fraction * 4))),
        )
        own = (max(20, round(ORDERS * fraction * share)), max(10, round(CUSTOMERS * fraction * share)))
        found.append(ScaleShop(slug, profile, *own, orders, customers, products))
        orders, customers, products = orders + own[0], customers + own[1], products + profile.products + profile.sets
    return found


@dataclass(frozen=True)
class Days:
    """Consecutive days of a shop: their orders are numbered from `firsts` on, `counts` of them each day."""

    days: list[date]
    firsts: list[int]
    counts: list[int]


def days_of(shop: ScaleShop, end: date, most: int) -> list[Days]:
    """Cut the shop's days, up to `end`, into pieces of about `most` orders. No day is cut, so that each piece has whole folds."""
    days = [EARLIEST + timedelta(days=number) for number in range((end - EARLIEST).days + 1)]
    weights = [weight(day, (day - EARLIEST).days, shop.profile.growth) for day in days]
    early = sum(each for day, each in zip(days, weights, strict=True) if day < START)
    late = sum(weights) - early
    shares = [
        each * (BEFORE / early if day < START else (1 - BEFORE) / late)
        for day, each in zip(days, weights, strict=True)
    ]  # fmt: skip
    until = [round(reached * shop.orders) for reached in accumulate(shares)]
    until[-1] = shop.orders
    found, piece = [], Days([], [], [])
    for day, first, last in zip(days, [0, *until[:-1]], until, strict=True):
        if last > first:
            piece.days.append(day)
            piece.firsts.append(first)
            piece.counts.append(last - first)
        if sum(piece.counts) >= most:
            found.append(piece)
            piece = Days([], [], [])
    return [*found, piece] if piece.days else found
