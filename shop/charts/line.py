"""A line with its comparison, its gaps, its running end and its flags."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from shop.charts.axis import TOP, Scale, empty, hit, labels, plot, scale
from shop.charts.drawing import Spot, Value, area, path, percent, px, runs, tag, told
from shop.languages import language

WIDE = 1000  # width of the stretched inner drawing
MOST_KEPT = 64  # drawings


@dataclass(frozen=True)
class Point:
    """One interval. `value` None is a gap: no complete snapshot covers it."""

    label: str
    value: Value | None
    compared: Value | None = None


@dataclass(frozen=True)
class Flag:
    """Something that happened, pinned to the interval at `index`; the page explains the letter."""

    index: int
    letter: str


def line(
    points: Sequence[Point],
    *,
    name: str,
    unit: str,
    running: bool = False,
    flags: Sequence[Flag] = (),
    height: int = 240,
    decimals: int = 0,
) -> Markup:
    """Draw a series from a zero base. The last interval is dotted while it is still running."""
    return drawn(language().code, tuple(points), name, unit, running, tuple(flags), height, decimals)


@lru_cache(MOST_KEPT)
def drawn(
    _code: str, points: tuple[Point, ...], name: str, unit: str, running: bool, flags: tuple[Flag, ...], height: int, decimals: int,
) -> Markup:  # fmt: skip
    """Draw what was not drawn yet in this language: between two snapshots everybody looks at the same few charts."""
    if not points:
        return empty(name, height)
    values = [None if p.value is None else float(p.value) for p in points]
    compared = [None if p.compared is None else float(p.compared) for p in points]
    frame = scale([v for v in values + compared if v is not None], height, at_most=5)
    words = [f"{p.label}: {told(p.value, unit, decimals)}" for p in points]
    body = [
        *stems(flags, len(points), frame),
        stretched(values, compared, frame, running=running),
        *dots(values, frame, running=running),
        *heads(flags, len(points)),
        *labels([p.label for p in points], lambda i: place(i, len(points)), frame, with_last=True),
        *strips(words, frame),
    ]
    return plot(frame, name, body)


def place(index: float, count: int) -> float:
    """Return where an interval stands between the left edge (0) and the right (1)."""
    return index / (count - 1) if count > 1 else 0.5


def spots(values: Sequence[float | None], frame: Scale) -> list[Spot | None]:
    count = len(values)
    return [None if v is None else (place(i, count) * WIDE, frame.y(v)) for i, v in enumerate(values)]


def stretched(
    values: Sequence[float | None], compared: Sequence[float | None], frame: Scale, *, running: bool
) -> Markup:
    """Draw everything that may be stretched: areas, lines, and the dotted end."""
    whole = spots(values, frame)
    done = runs([*whole[:-1], None] if running else whole)
    then = runs(spots(compared, frame))
    drawn = [tag("path", class_="chart__area", d="".join(area(run, frame.y(0)) for run in done))] if done else []
    if then:
        drawn.append(tag("path", class_="chart__compare", d="".join(path(run) for run in then)))
    drawn.append(tag("path", class_="chart__line", d="".join(path(run) for run in done)))
    if running and len(whole) > 1 and whole[-2] and whole[-1]:
        drawn.append(tag("path", class_="chart__running", d=path([whole[-2], whole[-1]])))
    box = {"viewBox": f"0 0 {WIDE} {frame.height}", "preserveAspectRatio": "none"}
    return tag("svg", *drawn, width="100%", height=frame.height, **box)


def dots(values: Sequence[float | None], frame: Scale, *, running: bool) -> list[Markup]:
    """Mark the running end, and every interval that stands alone between two gaps."""
    last = len(values) - 1
    drawn = []
    for i, value in enumerate(values):
        before, after = values[i - 1] if i else None, values[i + 1] if i < last else None
        at = {"cx": percent(place(i, len(values))), "cy": px(frame.y(value)) if value is not None else ""}
        if value is not None and running and i == last:
            drawn.append(tag("circle", class_="chart__dot", r=3.5, **at))
        elif value is not None and before is None and (after is None or (running and i + 1 == last)):
            drawn.append(tag("circle", class_="chart__point", r=2.5, **at))
    return drawn


def stems(flags: Sequence[Flag], count: int, frame: Scale) -> list[Markup]:
    at = [percent(place(flag.index, count)) for flag in flags]
    return [tag("line", class_="chart__flag", x1=x, x2=x, y1=TOP, y2=frame.floor) for x in at]


def heads(flags: Sequence[Flag], count: int) -> list[Markup]:
    drawn = []
    for flag in flags:
        at = percent(place(flag.index, count))
        drawn.append(tag("circle", class_="chart__flag-head", cx=at, cy=8, r=7))
        drawn.append(tag("text", flag.letter, x=at, y=11.5, text_anchor="middle"))
    return drawn


def strips(words: Sequence[str], frame: Scale) -> list[Markup]:
    """Cut the plot into strips around the intervals; the outermost are half as wide."""
    last = len(words) - 1
    if not last:
        return [hit(0, 1, frame, words[0])]
    edges = [(max(0.0, i - 0.5) / last, min(float(last), i + 0.5) / last) for i in range(len(words))]
    return [hit(left, right - left, frame, text) for (left, right), text in zip(edges, words, strict=True)]
