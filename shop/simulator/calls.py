"""One call of the API and what an endpoint gives back for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shop.simulator.faults import Fault, FaultName
from shop.simulator.online import OnlineShop
from shop.simulator.queries import PAGING, Query

MOST_KEPT = 8  # lists of places


@dataclass(frozen=True)
class Reply:
    """The data of the envelope; the cost falls into the bucket afterwards."""

    data: Any
    status: int = 200
    errors: list[dict[str, str]] | None = None
    cost: float = 1.0


@dataclass(frozen=True)
class Call:
    """What came over the network, once it is known whose token it has."""

    shop: OnlineShop
    path: str
    query: Query
    body: bytes = b""
    parts: dict[str, str] = field(default_factory=dict)

    def fault(self, name: FaultName) -> Fault | None:
        return self.shop.around.faults.take(name, self.path, self.shop.slug)

    def found(self, find: Callable[["Call"], list[Any]]) -> list[Any]:
        """Return what the filters find; kept until something happens or a minute is over: every page asks again."""
        minute = int(self.shop.around.clock.now().timestamp()) // 60
        asked = (self.path, minute, *sorted(pair for pair in self.query.values.items() if pair[0] not in PAGING))
        kept, version = self.shop.kept, self.shop.living.version
        if kept.get(asked, (None, []))[0] != version:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            kept[asked] = (version, find(self))
        return kept[asked][1]


Answering = Callable[[Call], Reply]
