"""Small drawings beside a number: how a whole divides, a share of it, and the shape of a series."""

from collections.abc import Sequence

from markupsafe import Markup

from shop.charts.drawing import Value, path, percent, px, runs, tag
from shop.formatting import number
from shop.formatting import percent as percent_words

GAP = 0.004  # of the width; the surface shows between two parts


def stacked_bar(parts: Sequence[tuple[str, Value, str]], *, name: str, height: int = 12) -> Markup:
    """Draw all of a whole as one bar. `parts` are (label, value, class); what is not positive has no share."""
    whole = sum(float(value) for _, value, _ in parts if value > 0)
    at, drawn = 0.0, []
    for label, value, css in parts:
        if value <= 0:
            continue
        share = float(value) / whole
        title = tag("title", f"{label}: {number(value)} ({percent_words(share)})")
        drawn.append(
            tag("rect", title, class_=css, x=percent(at), width=percent(max(share - GAP, GAP / 2)), height=height)
        )
        at += share
    return tag("svg", *drawn, "", class_="stacked-bar", width="100%", height=height, role="img", aria_label=name)


def share_bar(share: Value | None, css: str = "s1") -> Markup:
    """Draw a thin share of one; decoration, the number stands in another cell."""
    within = min(max(float(share or 0), 0.0), 1.0)
    bar = tag("rect", class_=css, width=percent(within), height=6, rx=3)
    return tag("svg", bar, class_="share", height=6, aria_hidden="true")


def sparkline(values: Sequence[Value | None], *, name: str, width: int = 96, height: int = 24) -> Markup:
    """Draw a word-sized line: shape only, the number stands beside it. Gaps stay gaps."""
    known = [float(v) for v in values if v is not None]
    if not known:
        return Markup("")
    low, high, last = min(known), max(known), max(len(values) - 1, 1)

    def spot(i: int, value: Value) -> tuple[float, float]:
        share = (float(value) - low) / (high - low) if high > low else 0.5
        return 2 + i / last * (width - 4), 3 + (height - 6) * (1 - share)

    spots = [None if v is None else spot(i, v) for i, v in enumerate(values)]
    lines = tag("path", d="".join(path(run) for run in runs(spots)))
    end = next(s for s in reversed(spots) if s)
    dot = tag("circle", cx=px(end[0]), cy=px(end[1]), r=2)
    return tag("svg", lines, dot, class_="sparkline", viewBox=f"0 0 {width} {height}", role="img", aria_label=name)
