"""Columns from a zero base, each one bar or a stack; what is negative hangs below the base."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from shop.charts.axis import Scale, empty, hit, labels, plot, scale
from shop.charts.drawing import Value, percent, px, tag, told

MANY = 90  # more columns than this stand closer together


@dataclass(frozen=True)
class Stack:
    """One interval with a value for each series; None where no complete snapshot covers it."""

    label: str
    parts: Sequence[Value | None]


def bars(
    stacks: Sequence[Stack],
    *,
    name: str,
    series: Sequence[str],
    classes: Sequence[str],
    unit: str = "",
    height: int = 160,
    decimals: int = 0,
) -> Markup:
    """Draw one column for each stack. `series` are the words and `classes` the colours of its parts, in order."""
    if not stacks:
        return empty(name, height)
    parts = [[float(part or 0) for part in stack.parts] for stack in stacks]
    frame = scale([end for column in parts for end in ends(column)], height, at_most=4)
    slot = 1 / len(stacks)
    body = [bar for i, column in enumerate(parts) for bar in column_of(column, classes, i * slot, slot, frame)]
    body += labels([s.label for s in stacks], lambda i: (i + 0.5) * slot, frame, with_last=False)
    body += [hit(i * slot, slot, frame, words(s, series, unit, decimals)) for i, s in enumerate(stacks)]
    return plot(frame, name, body)


def ends(parts: Sequence[float]) -> tuple[float, float]:
    """Return how deep and how high a stack reaches."""
    return sum(p for p in parts if p < 0), sum(p for p in parts if p > 0)


def column_of(parts: Sequence[float], classes: Sequence[str], left: float, slot: float, frame: Scale) -> list[Markup]:
    gap = 0.28 if slot > 1 / MANY else 0.1
    up = down = 0.0
    drawn = []
    for part, css in zip(parts, classes, strict=True):
        start = up if part > 0 else down
        up, down = (up + part, down) if part > 0 else (up, down + part)
        if part:
            top, bottom = sorted((frame.y(start), frame.y(start + part)))
            place = {"x": percent(left + slot * gap / 2), "width": percent(slot * (1 - gap))}
            drawn.append(tag("rect", class_=css, y=px(top), height=px(bottom - top), **place))
    return drawn


def words(stack: Stack, series: Sequence[str], unit: str, decimals: int) -> str:
    """Say the whole stack in one line, for its title."""
    if len(series) == 1:
        return f"{stack.label}: {told(stack.parts[0], unit, decimals)}"
    parts = zip(series, stack.parts, strict=True)
    return f"{stack.label}: " + ", ".join(f"{name} {told(part, unit, decimals)}" for name, part in parts)
