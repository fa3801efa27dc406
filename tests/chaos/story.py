"""What each shop's files must lead to: a model in memory, kept by simple rules that know nothing of the pipeline."""

import gzip
import json
import random
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.snapshots.files import a_line, an_order_line

FIRST = 150  # orders of a shop's first file
STATUSES = (-1, -3, -4)


@dataclass
class Known:
    """An order as the model holds it."""

    status: int
    total: Decimal
    skus: tuple[str, ...]
    changed: int
    gone: bool = False


@dataclass(frozen=True)
class Step:
    """One file of a shop, and every figure that the shop shows once it is published."""

    path: Path
    mode: str
    lines: int
    figures: tuple[int, Decimal, int]  # live orders, the sum of their totals, all stored items


@dataclass
class Story:
    """One shop: its files in order, and what is known after the last of them."""

    slug: str
    steps: list[Step] = field(default_factory=list)
    orders: dict[str, Known] = field(default_factory=dict)

    def figures(self) -> tuple[int, Decimal, int]:
        live = [order for order in self.orders.values() if not order.gone]
        total = sum((order.total for order in live), Decimal(0))
        return len(live), total, sum(len(order.skus) for order in self.orders.values())

    def rows(self) -> dict[str, tuple[int, Decimal, tuple[str, ...], bool]]:
        return {code: (one.status, one.total, one.skus, one.gone) for code, one in self.orders.items()}


def a_story(slug: str, files: int, dice: random.Random, folder: Path) -> Story:
    """Write the files of one shop: first everything, then changes and, now and then, everything again."""
    story = Story(slug)
    lines: dict[str, dict[str, Any]] = {}
    for number in range(files):
        full = number == 0 or dice.random() < 0.3
        if full and number:
            for code in dice.sample(sorted(lines), 3):
                story.orders[code].gone = True
                del lines[code]
        touched = touch(story, lines, number, dice)
        sent = list(lines.values()) if full else [lines[code] for code in touched]
        dice.shuffle(sent)
        path = folder / f"{slug}-{number:03}.jsonl.gz"
        path.write_bytes(gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in sent), 1))
        story.steps.append(Step(path, "full" if full else "partial", len(sent), story.figures()))
    return story


def touch(story: Story, lines: dict[str, dict[str, Any]], number: int, dice: random.Random) -> list[str]:
    """Change some orders and place some new ones; return their codes."""
    known = sorted(lines)
    changed = dice.sample(known, min(len(known), 40))
    new = [f"{number:03}-{index:04}" for index in range(FIRST if number == 0 else 25)]
    for code in (*changed, *new):
        items = [
            a_line(f"SKU-{dice.randrange(60)}", f"{dice.randrange(100, 90_000) / 100:.2f}")
            for _item in range(dice.randrange(1, 5))
        ]
        status = dice.choice(STATUSES)
        lines[code] = an_order_line(code, lines=items, status=status, changed=number)
        total = sum((Decimal(item["itemPrice"]["withVat"]) for item in items), Decimal(0))
        story.orders[code] = Known(status, total, tuple(item["code"] for item in items), number)
    return [*changed, *new]
