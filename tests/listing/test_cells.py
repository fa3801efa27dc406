"""Cells: no text is run as a formula, no text is lost, and numbers stay numbers."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.listing.cells import FORMULA, NUMBER, cell, member, neutral, written


def restored(text: str) -> str:
    """What a reader makes of a neutralised text: one apostrophe less where the rest looks like a formula."""
    rest = text.removeprefix("'")
    return rest if text.startswith("'") and rest.lstrip("'").startswith(FORMULA) else text


@pytest.mark.parametrize("text", ["=1+1", "+420 777", "-a", "@sum", "\t=x", "\r", "-1+1", "=", "'=1"])
def test_s7_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Jana", "a=b", "'quoted'", "1-2", " =x", "-1", "-12.50"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert neutral(text) == text


@given(st.text())
def test_no_text_is_lost(text: str) -> None:
    assert restored(neutral(text)) == text
    assert not neutral(text).startswith(FORMULA) or NUMBER.fullmatch(text)


def test_values_are_written_for_both_kinds_of_reader() -> None:
    at = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    wanted = {
        Decimal("-12.50"): ("-12.50", "-12.50"),
        7: (7, "7"),
        None: (None, ""),
        at: ("2026-03-29T01:30:00+00:00", "2026-03-29T01:30:00+00:00"),
        date(2026, 3, 29): ("2026-03-29", "2026-03-29"),
        "=x": ("=x", "'=x"),
        0.75: (0.75, "0.75"),
    }
    assert {value: (member(value), cell(value)) for value in wanted} == wanted
    assert (member(True), cell(True), cell(False)) == (True, "true", "false")


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(blacklist_categories=["Cs"])), st.decimals(allow_nan=False, allow_infinity=False)
        )
    )
)
def test_s7_every_row_comes_back_from_a_csv_reader(rows: list[tuple[str, Decimal]]) -> None:
    text = "".join(written([{"name": name, "total": total} for name, total in rows], ("name", "total")))
    header, *read = list(csv.reader(io.StringIO(text, newline="")))
    assert header == ["name", "total"]
    assert [(restored(name), Decimal(total)) for name, total in read] == rows
    assert text.endswith("\r\n")


def test_long_files_are_handed_on_in_pieces() -> None:
    pieces = list(written(({"name": "x" * 100} for _ in range(5000)), ("name",)))
    assert len(pieces) > 5
    assert max(map(len, pieces)) < 80_000
    assert "".join(pieces).count("\r\n") == 5001
