"""Charts: any series becomes well-formed, readable SVG that says its numbers."""

import re
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from shop.charts.axis import scale, short, ticks
from shop.charts.bars import Stack, bars
from shop.charts.line import Flag, Point, line
from shop.charts.shares import share_bar, sparkline, stacked_bar

Elements = list[ET.Element]
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=2)
LONGEST_LABEL = 9  # characters; more do not fit the axis


def read(drawing: Markup) -> ET.Element:
    return ET.fromstring(f"<div>{drawing}</div>")


def found(drawing: Markup, css: str) -> Elements:
    return [element for element in read(drawing).iter() if element.get("class") == css]


def titles(drawing: Markup) -> list[str]:
    return [(title.text or "").replace("\u00a0", " ") for title in read(drawing).iter("title")]


def levels(drawing: Markup) -> list[str]:
    return [(text.text or "").replace("\u00a0", " ") for text in found(drawing, "chart__axis")[0]]


def words_below(drawing: Markup) -> list[str]:
    return [text.text or "" for text in found(drawing, "chart__plot")[0].findall("text")]


def a_line(*values: object, running: bool = False, flags: tuple[Flag, ...] = ()) -> Markup:
    points = [Point(f"{i + 1}. 3.", value) for i, value in enumerate(values)]  # type: ignore[arg-type]  # tests pass what they like
    return line(points, name="Net sales by day", unit="Kč", running=running, flags=flags)


def columns(*values: object) -> Markup:
    stacks = [Stack(f"{i + 1}. 3.", [value]) for i, value in enumerate(values)]  # type: ignore[list-item]  # tests pass what they like
    return bars(stacks, name="Net sales by day", series=["net"], classes=["s1"], unit="Kč")


def base(drawing: Markup) -> float:
    return float(found(drawing, "chart__base")[0].get("y1", "nan"))


def test_a_line_says_every_value_in_a_title() -> None:
    assert titles(a_line(Decimal(1200), None, Decimal(0))) == [
        "1. 3.: 1 200 Kč",
        "2. 3.: no complete snapshot",
        "3. 3.: 0 Kč",
    ]


def test_labels_and_names_are_escaped() -> None:
    drawing = line([Point("<b>&", 1)], name='"><script>', unit="<i>", flags=[Flag(0, "<")])
    assert "<script>" not in drawing
    assert "<b>" not in drawing
    assert titles(drawing) == ["<b>&: 1 <i>"]
    stacks = bars([Stack("<b>", [1, 2])], name="<", series=["<", "&"], classes=["s1", '"x'])
    assert titles(stacks) == ["<b>: < 1, & 2"]
    assert titles(stacked_bar([("<b>", 1, "s1")], name="<")) == ["<b>: 1 (100,0 %)"]
    assert read(sparkline([1, 2], name="<b>"))[0].get("aria-label") == "<b>"


def test_a_gap_lifts_the_pen_and_is_never_a_zero() -> None:
    (path,) = found(a_line(10, 20, None, 30, 40), "chart__line")
    assert path.get("d", "").count("M") == 2
    (area,) = found(a_line(10, 20, None, 30, 40), "chart__area")
    assert area.get("d", "").count("Z") == 2


def test_a_day_alone_between_gaps_is_a_point() -> None:
    assert len(found(a_line(10, None, 20, None, 30, 40), "chart__point")) == 2
    assert not found(a_line(10, 20, 30), "chart__point")


def test_the_running_day_is_dotted_and_open() -> None:
    drawing = a_line(10, 20, 5, running=True)
    assert len(found(drawing, "chart__running")) == 1
    assert len(found(drawing, "chart__dot")) == 1
    assert found(drawing, "chart__line")[0].get("d", "").count("L") == 1


@pytest.mark.parametrize("values", [(5,), (None, 5), (None,), (5, None)])
def test_a_running_day_without_a_day_before_has_no_dotted_line(values: tuple[int | None, ...]) -> None:
    assert not found(a_line(*values, running=True), "chart__running")


def test_the_day_before_a_running_one_is_seen_after_a_gap() -> None:
    assert len(found(a_line(None, 10, 5, running=True), "chart__point")) == 1


def test_a_comparison_is_drawn_only_where_there_is_one() -> None:
    with_one = line([Point("a", 1, 2), Point("b", 2, None), Point("c", 3, 4)], name="n", unit="")
    assert found(with_one, "chart__compare")[0].get("d", "").count("M") == 2
    assert not found(a_line(1, 2), "chart__compare")


def test_flags_stand_above_their_day() -> None:
    drawing = a_line(1, 2, 3, flags=(Flag(1, "A"),))
    assert found(drawing, "chart__flag-head")[0].get("cx") == "50%"
    assert "A" in words_below(drawing)


def test_no_points_still_make_a_chart_that_says_so() -> None:
    for drawing in (a_line(), columns()):
        assert words_below(drawing) == ["Nothing to draw yet"]
        assert found(drawing, "chart__plot")[0].get("aria-label") == "Net sales by day"


def test_one_point_stands_in_the_middle() -> None:
    drawing = a_line(Decimal("12.5"))
    assert found(drawing, "chart__point")[0].get("cx") == "50%"
    assert words_below(drawing) == ["1. 3."]
    assert found(drawing, "chart__hit")[0].get("width") == "100%"


def test_zeros_have_a_scale() -> None:
    assert levels(a_line(0, 0, 0)) == ["0", "1"]
    assert levels(columns(0, 0)) == ["0", "1"]


def test_a_negative_day_hangs_below_the_base() -> None:
    drawing = columns(Decimal(90), Decimal(-40))
    up, down = found(drawing, "s1")
    assert float(up.get("y", "nan")) + float(up.get("height", "nan")) == pytest.approx(base(drawing), abs=0.2)
    assert float(down.get("y", "nan")) == pytest.approx(base(drawing), abs=0.2)
    assert float(down.get("height", "nan")) > 10
    assert titles(drawing)[1] == "2. 3.: −40 Kč"


def test_a_line_below_zero_closes_its_area_at_the_base() -> None:
    drawing = a_line(Decimal(100), Decimal(-50))
    (area,) = found(drawing, "chart__area")
    assert f"L1000 {base(drawing):g}Z" in area.get("d", "")


def test_parts_of_both_signs_grow_away_from_the_base() -> None:
    stacks = [Stack("1. 3.", [50, -20, 30, -10])]
    drawing = bars(stacks, name="n", series=list("abcd"), classes=["s1", "s2", "s3", "s4"])
    tops = {css: float(found(drawing, css)[0].get("y", "nan")) for css in ("s1", "s2", "s3", "s4")}
    assert tops["s3"] < tops["s1"] < tops["s2"] < tops["s4"]


def test_a_year_of_days_keeps_few_labels_and_every_title() -> None:
    for drawing in (a_line(*range(365)), columns(*range(365))):
        assert 3 <= len(words_below(drawing)) <= 6
        assert len(titles(drawing)) == 365


@pytest.mark.parametrize("count", range(1, 40))
def test_labels_never_crowd_and_a_line_names_its_last_day(count: int) -> None:
    words = words_below(a_line(*range(count)))
    assert len(words) == len(set(words)) <= 6
    assert words[-1] == f"{count}. 3."


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 0, (0, 1)),
        (0, 1, (0, 1)),
        (0, 3, (0, 1, 2, 3)),
        (0, 958_237, (0, 250_000, 500_000, 750_000, 1_000_000)),
        (-38, 0, (-40, -30, -20, -10, 0)),
        (-38, 90, (-50, 0, 50, 100)),
    ],
)
def test_levels_are_round(low: float, high: float, expected: tuple[float, ...]) -> None:
    assert ticks(low, high, 5, smallest=1) == expected


@given(st.lists(AMOUNTS, min_size=1, max_size=20), st.sampled_from([4, 5]))
def test_every_value_lies_inside_the_plot_and_levels_are_few(values: list[Decimal], at_most: int) -> None:
    frame = scale([float(v) for v in values], 240, at_most)
    assert 0 in frame.levels
    assert len(frame.levels) <= at_most
    assert all(13.9 <= frame.y(float(v)) <= frame.floor + 0.1 for v in [*values, Decimal(0)])
    written = [short(level, frame.levels) for level in frame.levels]
    assert len(set(written)) == len(written)
    assert max(map(len, written)) <= LONGEST_LABEL


def test_levels_share_one_unit_and_only_the_outermost_spells_it() -> None:
    assert levels(a_line(958_237)) == ["0", "0,25", "0,5", "0,75", "1 m"]
    assert levels(a_line(7400)) == ["0", "2 000", "4 000", "6 000", "8 000"]
    assert levels(a_line(38_000)) == ["0", "10", "20", "30", "40 k"]
    assert levels(a_line(-38_000)) == ["−30 k", "−20", "−10", "0"]
    assert levels(a_line(4 * 10**12)) == ["0", "1", "2", "3", "4 tn"]


@given(st.lists(st.one_of(st.none(), AMOUNTS), max_size=30), st.booleans())
def test_any_series_is_well_formed(values: list[Decimal | None], running: bool) -> None:
    for drawing in (a_line(*values, running=running), columns(*values), sparkline(values, name="n")):
        assert not re.search(r"nan|inf|None|style=|<script", drawing)
        read(drawing)


def test_a_whole_divides_by_what_is_positive() -> None:
    drawing = stacked_bar(
        [("Done", Decimal(3), "s1"), ("Open", 0, "t2"), ("Late", -2, "s5"), ("New", 1, "t4")], name="n"
    )
    assert titles(drawing) == ["Done: 3 (75,0 %)", "New: 1 (25,0 %)"]
    assert found(drawing, "t4")[0].get("x") == "75%"
    assert not titles(stacked_bar([("Done", 0, "s1")], name="n"))


@pytest.mark.parametrize(("share", "width"), [(0.62, "62%"), (Decimal(2), "100%"), (-1, "0%"), (None, "0%")])
def test_a_share_stays_inside_its_bar(share: float | Decimal | None, width: str) -> None:
    assert found(share_bar(share), "s1")[0].get("width") == width


def test_a_sparkline_draws_what_there_is() -> None:
    assert sparkline([], name="n") == sparkline([None], name="n") == ""
    one = read(sparkline([5], name="n"))
    assert one.find("svg/circle") is not None
    gaps = read(sparkline([1, None, 2, 3], name="n")).find("svg/path")
    assert gaps is not None
    assert gaps.get("d", "").count("M") == 2
