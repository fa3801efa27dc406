"""What Pult asks of a platform: how to read its files, and what its words mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shop.platforms.records import Kind, Peek


@dataclass(frozen=True)
class Platform:
    """One platform. `decoders` and `peekers` make a new reader for each run: readers learn from the lines they read."""

    name: str
    decoders: Mapping[Kind, Callable[[], Callable[[bytes], Any]]]
    peekers: Mapping[Kind, Callable[[], Callable[[bytes], Peek]]]
    categories: Mapping[str, str]  # of its fixed statuses: new, open, done, cancelled
    line_kinds: Mapping[str, str]  # of its words for lines that are no goods

    def decode(self, kind: Kind) -> Callable[[bytes], Any]:
        """Return a new reader: a line to an OrderRecord, CustomerRecord or ProductRecord, or BadRecord raised."""
        return self.decoders[kind]()

    def peek(self, kind: Kind) -> Callable[[bytes], Peek]:
        """Return a new reader of only the key and the time of the last change; raises BadRecord."""
        return self.peekers[kind]()

    def status_category(self, code: str) -> str:
        """Return new, open, done or cancelled. Statuses that a shop made up itself are open."""
        return self.categories.get(code, "open")

    def counted_by_default(self, code: str) -> bool:
        """Whether orders with this status are sales, until the shop says otherwise."""
        return self.status_category(code) != "cancelled"

    def line_kind(self, item_type: str, total: Decimal | None = None) -> str:
        """Return goods, discount, shipping, fee, deposit or part. A negative line of goods is a discount."""
        kind = self.line_kinds.get(item_type, "goods")
        return "discount" if kind == "goods" and total is not None and total < 0 else kind
