"""Who plays in the demo: two invented shops in two currencies and time zones, and three people who look at them."""

from dataclasses import dataclass

from shop.simulator.profiles import PROFILES, ShopProfile
from shop.staff.permissions import Role


@dataclass(frozen=True)
class DemoShop:
    """A shop of the simulator, and its share of the demo's orders in hundredths."""

    slug: str
    name: str
    kind: str
    seed: int
    share: int

    @property
    def profile(self) -> ShopProfile:
        return PROFILES[self.kind]

    def simulated(self, orders: int) -> str:
        """Return what the simulator is told of it."""
        return f"{self.slug}:{self.kind}:{orders * self.share // 100}:{self.seed}"


@dataclass(frozen=True)
class DemoPerson:
    email: str
    role: Role
    sees: str


SHOPS = (DemoShop("demo-cz", "Modrá dílna", "cz", 1, 60), DemoShop("demo-ie", "Quay and Oak", "ie", 2, 40))
PEOPLE = (
    DemoPerson("owner@demo.example", Role.OWNER, "everything"),
    DemoPerson("manager@demo.example", Role.MANAGER, "sales, customers, exports"),
    DemoPerson("operator@demo.example", Role.OPERATOR, "snapshots and what fails"),
)
EVERY = 25  # seconds between two looks for what changed
TRICKLE = 20  # seconds between two steps of a shop's life
KINDS = ("products", "customers", "orders")
