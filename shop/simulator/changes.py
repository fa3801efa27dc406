"""What happens to orders later: they move on, are cancelled, or a line of them is edited."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shop.simulator.baskets import CANCELLED, Draft
from shop.simulator.dice import share, throw
from shop.simulator.rows import Till

NEW_SHARE = 0.3  # so many new orders come for each that changes


@dataclass(frozen=True)
class Changes:
    """Which orders have changed since `last`, by a fraction of all and a seed of their own."""

    fraction: float
    seed: int
    last: datetime

    def new_orders(self, orders: int) -> int:
        return int(orders * self.fraction * NEW_SHARE)

    def apply(self, draft: Draft, till: Till) -> None:
        """Change the order, if it is one of those; the others stay to the byte."""
        bits = throw(self.seed, draft.index)
        if share(bits) >= self.fraction:
            return
        move_on(draft, bits, self.last + timedelta(minutes=1 + bits % 1440), till)


def move_on(draft: Draft, bits: int, at: datetime, till: Till) -> None:
    """Change the order at that time, in the way that the bits say."""
    draft.changed_at = at.astimezone(draft.placed_at.tzinfo)
    what = (bits >> 3) % 10
    if draft.status in (-1, -2, 17, 70) and what < 7:
        draft.status, draft.paid = -3, "true"
    elif draft.status != CANCELLED and what < 2:
        draft.status = CANCELLED
    elif what < 7:
        one_more(draft, till)
    else:
        draft.tracking = f"RR{bits % 10**9:09d}"


def one_more(draft: Draft, till: Till) -> None:
    """Add a piece to the first line of goods."""
    row = draft.rows[0]
    if row.variant is not None:
        draft.rows[0] = till.goods(row.variant, row.thousandths + 1000, draft.currency)
