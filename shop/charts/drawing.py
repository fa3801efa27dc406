"""The pieces of an SVG: elements with escaped attributes, and geometry in percent and pixels."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from markupsafe import Markup, escape

from shop.formatting import number
from shop.languages import NBSP
from shop.languages import gettext as _

Value = Decimal | int | float
Spot = tuple[float, float]


def tag(name: str, *inside: str | Markup, **attributes: object) -> Markup:
    """Return one element; everything that is not markup already is escaped. `text_anchor` becomes `text-anchor`."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    if not inside:
        return Markup(f"<{name}{written}/>")  # noqa: S704 – every value was escaped above
    return Markup(f"<{name}{written}>{joined(inside)}</{name}>")  # noqa: S704 – and `joined` escapes the rest


def joined(parts: Iterable[str | Markup]) -> Markup:
    return Markup("").join(parts)


def px(value: float) -> str:
    """Write a coordinate with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")


def percent(share: float) -> str:
    """Write a share of one as a length in percent."""
    return f"{share * 100:.3f}".rstrip("0").rstrip(".") + "%"


def told(value: Value | None, unit: str, decimals: int = 0) -> str:
    """Write a value for a title: 1 200 Kč."""
    return _("no complete snapshot") if value is None else f"{number(value, decimals)}{NBSP}{unit}".strip()


def runs(spots: Sequence[Spot | None]) -> list[list[Spot]]:
    """Cut a series at its gaps into unbroken runs."""
    found: list[list[Spot]] = [[]]
    for spot in spots:
        if spot is None:
            found.append([])
        else:
            found[-1].append(spot)
    return [run for run in found if run]


def path(run: Sequence[Spot]) -> str:
    return "M" + "L".join(f"{px(x)} {px(y)}" for x, y in run)


def area(run: Sequence[Spot], base: float) -> str:
    """Close an unbroken run down, or up, to the base."""
    first, last = run[0][0], run[-1][0]
    return f"M{px(first)} {px(base)}L{path(run)[1:]}L{px(last)} {px(base)}Z"
