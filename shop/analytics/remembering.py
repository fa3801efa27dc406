"""Answers that cost a walk over many rows, kept until the next snapshot of the same shops, or until other statuses count."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cached_property
from hashlib import blake2b
from typing import Any, TypeVar

from shop.analytics import queries
from shop.analytics.periods import Period
from shop.analytics.queries import ProductSales, ProductTable
from shop.cache import cache

Answer = TypeVar("Answer", int, dict[str, Any])
KEPT = 24 * 3600  # seconds; an answer of an older snapshot is never asked for again
MOST_OWN = 1_024
OWN: dict[str, Any] = {}  # this process's copies: what a key names does not change


class Memory:
    """Remembers for some shops as of some snapshots. `snapshots` are the newest done ones of each shop and kind.

    Runs of one shop and kind end in the order of their numbers, so these numbers change with every publish.
    """

    def __init__(self, shop_ids: Sequence[int], snapshots: Sequence[int]) -> None:
        self.shop_ids = sorted(shop_ids)
        self.snapshots = sorted(snapshots)

    def new_customers(self, period: Period) -> int:
        return self.remembered("new", period, lambda: queries.new_customers(self.shop_ids, period.start, period.end))

    def customers(self, period: Period) -> int:
        return self.remembered(
            "active", period, lambda: queries.active_customers(self.shop_ids, period.start, period.end)
        )

    def product_table(self, period: Period, limit: int) -> ProductTable:
        def asked() -> dict[str, Any]:
            table = queries.product_table(self.shop_ids, period.start, period.end, limit)
            rows = [[row.shop_id, row.sku, row.name, str(row.units), str(row.sales)] for row in table.top]
            return {"top": rows, "skus": table.skus, "sales": str(table.sales)}

        found = self.remembered(f"products{limit}", period, asked)
        top = [
            ProductSales(shop, sku, name, Decimal(units), Decimal(sales))
            for shop, sku, name, units, sales in found["top"]
        ]
        return ProductTable(top, found["skus"], Decimal(found["sales"]))

    def cohorts(self) -> dict[str, dict[str, int]]:
        return self.remembered("cohorts", None, lambda: queries.cohorts(self.shop_ids))

    @cached_property
    def statuses(self) -> str:
        """Return which statuses count as sales: a setting may change that between two snapshots."""
        return queries.counted_statuses(self.shop_ids)

    def remembered(self, name: str, period: Period | None, ask: Callable[[], Answer]) -> Answer:
        """Return the kept answer, or ask and keep it. Before the first snapshot nothing says when it would change."""
        if not self.snapshots:
            return ask()
        parts = f"{name} {period.words if period else ''} {self.shop_ids} {self.snapshots} {self.statuses}"
        key = f"overview:{blake2b(parts.encode(), digest_size=16).hexdigest()}"
        found = OWN.get(key)
        if found is None:
            found = cache.get(key)
            if found is None:
                found = ask()
                cache.set(key, found, timeout=KEPT)
            if len(OWN) >= MOST_OWN:
                OWN.clear()
            OWN[key] = found
        answer: Answer = found
        return answer
