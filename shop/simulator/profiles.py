"""What kinds of shops can be made up: where they are, what they sell in, and how their customers behave."""

from dataclasses import dataclass, replace
from decimal import Decimal

from shop.simulator.language import Language
from shop.simulator.languages.cs import CS
from shop.simulator.languages.de import DE
from shop.simulator.languages.en import EN
from shop.simulator.languages.sk import SK


@dataclass(frozen=True)
class ShopProfile:
    """One kind of shop. Shares are of all orders, from 0 to 1."""

    name: str
    language: Language
    country: str
    currency: str
    timezone: str
    phone_prefix: str
    vat: Decimal
    reduced_vat: Decimal
    products: int = 600
    sets: int = 24
    foreign_currency: str | None = None
    foreign_country: str = ""
    foreign_rate: float = 1.0  # foreign currency for one unit of the shop's
    foreign: float = 0.0
    new_people: float = 0.47  # of the orders bring somebody who was not here before
    registered: float = 0.55  # of the people have an account
    as_guest: float = 0.12  # of their orders do people with an account place without signing in
    cash_desk: float = 0.05
    cancelled: float = 0.06
    coupons: float = 0.14
    with_sets: float = 0.10
    deleted_variants: float = 0.03
    growth: float = 0.22  # a year
    duplicates: float = 0.0  # of the orders stand in the file twice, the older state too
    disorder: int = 1  # lines are shuffled among this many neighbours; 1 keeps their order

    def untidy(self) -> "ShopProfile":
        """The same shop, whose files repeat orders and have them out of order."""
        return replace(self, duplicates=0.03, disorder=64)


PROFILES = {
    profile.name: profile
    for profile in (
        ShopProfile(
            "cz", CS, "CZ", "CZK", "Europe/Prague", "+420", Decimal(21), Decimal(12), foreign_currency="EUR",
            foreign_country="SK", foreign_rate=0.0398, foreign=0.07,
        ),
        ShopProfile("sk", SK, "SK", "EUR", "Europe/Bratislava", "+421", Decimal(23), Decimal(5), products=400),
        ShopProfile(
            "eu", DE, "DE", "EUR", "Europe/Berlin", "+49", Decimal(19), Decimal(7), products=300, foreign_currency="CZK",
            foreign_country="CZ", foreign_rate=25.1, foreign=0.05, cash_desk=0.0, registered=0.4,
        ),
        ShopProfile("ie", EN, "IE", "EUR", "Europe/Dublin", "+353", Decimal(23), Decimal(9), products=300),
    )
}  # fmt: skip
