"""The figures that a generated file must give, added up while it is written and without reading it."""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from shop.simulator.baskets import CANCELLED, Draft

CENT = Decimal("0.01")


@dataclass
class Figures:
    """What every reader of the files must find. An order in the file twice is one order, as it stood last."""

    file_lines: int = 0
    orders: int = 0
    lines: int = 0  # of orders: rows, and parts of sets
    counted_orders: int = 0  # all but the cancelled
    cancelled_orders: int = 0
    guest_orders: int = 0
    customers: int = 0
    products: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)  # of counted orders, with VAT, in the order's currency
    totals_in_shop_currency: dict[str, Decimal] = field(default_factory=dict)  # the same, converted order by order
    by_month: dict[str, tuple[int, Decimal]] = field(default_factory=dict)  # counted orders and their converted totals
    by_status: dict[str, int] = field(default_factory=dict)

    def add(self, draft: Draft) -> None:
        self.orders += 1
        self.lines += draft.line_count
        self.guest_orders += draft.customer_guid is None
        self.by_status[str(draft.status)] = self.by_status.get(str(draft.status), 0) + 1
        if draft.status == CANCELLED:
            self.cancelled_orders += 1
            return
        self.counted_orders += 1
        total = Decimal(draft.gross) / 100
        converted = (total / Decimal(draft.rate)).quantize(CENT, ROUND_HALF_UP)
        self.totals[draft.currency] = self.totals.get(draft.currency, Decimal(0)) + total
        held = self.totals_in_shop_currency
        held[draft.currency] = held.get(draft.currency, Decimal(0)) + converted
        month = f"{draft.placed_at:%Y-%m}"
        orders, amount = self.by_month.get(month, (0, Decimal(0)))
        self.by_month[month] = (orders + 1, amount + converted)

    @property
    def counted_total(self) -> Decimal:
        """The total of counted orders in the shop's currency."""
        return sum(self.totals_in_shop_currency.values(), Decimal(0))
