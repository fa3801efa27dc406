"""The frame of a chart: the y axis, its grid, the words under the plot, and the strips a pointer rests on.

Height is fixed in pixels, width is fluid. Everything that must keep its shape (text, dots, bars) is placed in percent in the
outer svg; paths live in an inner svg that is stretched, with strokes that are not. So one chart fits 390 and 1440 px.
The y axis is a second svg of fixed width to the left, because its labels need pixels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup

from shop.charts.drawing import joined, percent, px, tag
from shop.formatting import number
from shop.languages import N_, NBSP, said
from shop.languages import gettext as _

TOP, BOTTOM = 14, 26  # room for flags above the plot and for words under it
AXIS = 44  # width of the y axis
STEPS = (1, 2, 2.5, 5, 10)
UNITS = ((1e12, N_("tn")), (1e9, N_("bn")), (1e6, N_("m")), (1e3, N_("k")))
MOST_LABELS = 5  # as many as a phone has room for


@dataclass(frozen=True)
class Scale:
    """From values to pixels. `levels` are the round values of the grid, lowest first; zero is one of them.

    The plot ends at the highest level and at `low`, which is zero unless something hangs below the base.
    """

    levels: tuple[float, ...]
    low: float
    height: int

    @property
    def floor(self) -> int:
        return self.height - BOTTOM

    def y(self, value: float) -> float:
        high = self.levels[-1]
        return TOP + (self.floor - TOP) * (high - value) / (high - self.low)


def scale(values: Sequence[float], height: int, at_most: int) -> Scale:
    """Choose round levels that hold every value and zero; whole values get whole levels."""
    low, high = min([0.0, *values]), max([0.0, *values])
    whole = all(value == int(value) for value in values)
    levels = ticks(low, high, at_most, 1 if whole else 0)
    return Scale(tuple(level for level in levels if level >= low * (1 + 1e-9)), low, height)


def ticks(low: float, high: float, at_most: int, smallest: float = 0) -> tuple[float, ...]:
    """Return at most so many round levels, from `low` or below to `high` or above."""
    if high == low:
        return (0.0, 1.0)
    power = 10 ** floor(log10((high - low) / at_most))
    for step in (multiple * power * more for more in (1, 10) for multiple in STEPS):
        below, above = ceil(-low / step), ceil(high / step)
        if step >= smallest and below + above < at_most:
            break
    return tuple(i * step for i in range(-below, above + 1))


def short(value: float, levels: Sequence[float]) -> str:
    """Write a level; all share one unit, which only the outermost spells out: 0; 0,5; 1 m, or 1 mil. in Czech."""
    widest = max(abs(levels[0]), abs(levels[-1]))
    size, unit = next(((s, u) for s, u in UNITS if widest >= s and widest >= 1e4), (1, ""))
    scaled = value / size
    decimals = next(d for d in (0, 1, 2, 3) if d == 3 or abs(round(scaled, d) - scaled) < 1e-9)
    outermost = levels[-1] or levels[0]
    return number(scaled, decimals) + (f"{NBSP}{said(unit)}" if unit and value == outermost else "")


def plot(frame: Scale, name: str, body: Sequence[Markup]) -> Markup:
    """Put the axis, the grid and the drawing together."""
    words = [tag("text", short(v, frame.levels), x=AXIS, y=px(frame.y(v) + 4), text_anchor="end") for v in frame.levels]
    grid = [
        tag("line", class_="chart__grid" if v else "chart__base", x2="100%", y1=px(frame.y(v)), y2=px(frame.y(v)))
        for v in frame.levels
    ]
    axis = tag("svg", *words, class_="chart__axis", width=AXIS, height=frame.height, aria_hidden="true")
    drawn = tag(
        "svg", *grid, *body, class_="chart__plot", width="100%", height=frame.height, role="img", aria_label=name
    )
    return joined([axis, "\n", drawn])


def empty(name: str, height: int) -> Markup:
    """Draw a chart without any interval: the frame, and a word that says so."""
    frame = Scale((0.0, 1.0), 0.0, height)
    words = tag("text", _("Nothing to draw yet"), x="50%", y=px(height / 2), text_anchor="middle")
    return plot(frame, name, [words])


def labels(texts: Sequence[str], place: Callable[[int], float], frame: Scale, *, with_last: bool) -> list[Markup]:
    """Write as many words under the plot as have room; the outermost stay inside it."""
    last = len(texts) - 1
    every = max(1, ceil(last / (MOST_LABELS - 1)))
    at = (
        [*range(0, max(1, last - every // 2), every), *([last] if last else [])]
        if with_last
        else range(0, last + 1, every)
    )

    def anchor(i: int) -> str:
        return "start" if place(i) < 0.02 else "end" if place(i) > 0.98 else "middle"

    return [tag("text", texts[i], x=percent(place(i)), y=frame.height - 8, text_anchor=anchor(i)) for i in at]


def hit(left: float, width: float, frame: Scale, words: str) -> Markup:
    """Make a strip that a pointer can rest on; its title is the tooltip without script."""
    title = tag("title", words)
    return tag(
        "rect", title, class_="chart__hit", x=percent(left), y=TOP, width=percent(width), height=frame.floor - TOP
    )
