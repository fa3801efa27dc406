"""How numbers, money, days and durations are written."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from shop import formatting as f

PRAGUE = "Europe/Prague"
NOW = datetime(2026, 3, 19, 13, 32, 5, tzinfo=UTC)


def plain(text: str) -> str:
    """Write no-break spaces as ordinary ones, so that the tests can be read."""
    return text.replace(f.NBSP, " ")


@pytest.mark.parametrize(
    ("value", "decimals", "written"),
    [
        (0, 0, "0"),
        (0, 2, "0,00"),
        (1234567, 0, "1 234 567"),
        (Decimal("1234567.89"), 2, "1 234 567,89"),
        (Decimal(-1701), 2, "−1 701,00"),
        (Decimal("-0.004"), 2, "0,00"),
        (Decimal("0.005"), 2, "0,01"),
        (Decimal("2.5"), 0, "3"),
        (0.1, 3, "0,100"),
        (2.675, 2, "2,68"),
        (None, 2, "—"),
    ],
)
def test_numbers_have_a_comma_spaces_and_a_real_minus(value: f.Numeric | None, decimals: int, written: str) -> None:
    assert plain(f.number(value, decimals)) == written


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15), st.integers(0, 4))
def test_a_written_number_reads_back_as_the_rounded_one(value: Decimal, decimals: int) -> None:
    text = f.number(value, decimals)
    back = Decimal(text.replace(f.NBSP, "").replace(",", ".").replace(f.MINUS, "-"))
    assert abs(back - value) <= Decimal("0.5").scaleb(-decimals)
    assert " " not in text
    assert text.isascii() == (abs(back) < 1000 and back >= 0)


@pytest.mark.parametrize(
    ("value", "currency", "written"),
    [
        (Decimal("1234.5"), "CZK", "1 234,50 Kč"),
        (Decimal("164.4"), "EUR", "164,40 €"),
        (Decimal("-0.99"), "GBP", "−0,99 £"),
        (Decimal(89), "PLN", "89,00 zł"),
        (Decimal(12990), "HUF", "12 990 Ft"),
        (Decimal("7.5"), "USD", "7,50 $"),
        (Decimal("7.5"), "RON", "7,50 RON"),
        (None, "CZK", "—"),
    ],
)
def test_money_has_the_unit_and_the_decimals_of_its_currency(
    value: Decimal | None, currency: str, written: str
) -> None:
    assert plain(f.money(value, currency)) == written


def test_a_key_figure_may_leave_the_decimals_out() -> None:
    assert plain(f.money(Decimal("20227148.50"), "CZK", 0)) == "20 227 149 Kč"


@pytest.mark.parametrize(
    ("share", "written"), [(Decimal("0.248"), "24,8 %"), (1, "100,0 %"), (0, "0,0 %"), (None, "—")]
)
def test_a_share_of_one_is_written_in_percent(share: f.Numeric | None, written: str) -> None:
    assert plain(f.percent(share)) == written


@pytest.mark.parametrize(
    ("ratio", "written"),
    [(Decimal("0.05"), "+5,0 %"), (Decimal("-0.095"), "−9,5 %"), (0, "+0,0 %"), (None, "—")],
)
def test_a_change_carries_its_sign(ratio: f.Numeric | None, written: str) -> None:
    assert plain(f.change(ratio)) == written


def test_a_noun_agrees_with_its_count() -> None:
    assert [plain(f.plural(n, "order", "orders")) for n in (0, 1, 2, 1204)] == [
        "0 orders",
        "1 order",
        "2 orders",
        "1 204 orders",
    ]


def test_a_bounded_total_says_that_there_are_more() -> None:
    assert plain(f.total(1204)) == "1 204"
    assert plain(f.total(10000, exact_count=False)) == "10 000+"


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (0, "0 B"),
        (812, "812 B"),
        (999, "999 B"),
        (1000, "1,0 kB"),
        (3_200_000, "3,2 MB"),
        (99_949, "99,9 kB"),
        (99_960, "100 kB"),
        (412_000_000, "412 MB"),
        (999_960, "1,0 MB"),
        (5 * 10**15, "5 000 TB"),
        (None, "—"),
    ],
)
def test_sizes_take_the_unit_that_keeps_them_short(count: int | None, written: str) -> None:
    assert plain(f.size(count)) == written


def test_days_are_written_day_first() -> None:
    assert plain(f.day(date(2026, 3, 4))) == "4. 3. 2026"
    assert plain(f.day_short(date(2026, 3, 4))) == "4. 3."
    assert plain(f.month(date(2026, 3, 1))) == "Mar 2026"
    assert f.day(None) == f.day_short(None) == f.month(None) == "—"


def test_a_day_belongs_to_the_shops_zone() -> None:
    late = datetime(2026, 3, 18, 23, 30, tzinfo=UTC)
    assert f.local_day(late, PRAGUE) == date(2026, 3, 19)
    assert f.local_day(late, "UTC") == date(2026, 3, 18)
    assert f.clock(late, PRAGUE) == "00:30"
    assert f.clock(None, PRAGUE) == "—"


def test_a_moment_names_the_year_only_when_it_is_another_one() -> None:
    assert plain(f.moment(datetime(2026, 3, 14, 7, 12, tzinfo=UTC), PRAGUE, NOW)) == "14. 3. 08:12"
    assert plain(f.moment(datetime(2025, 12, 8, 7, 12, tzinfo=UTC), PRAGUE, NOW)) == "8. 12. 2025 08:12"
    assert f.moment(None, PRAGUE, NOW) == "—"


def test_the_year_of_a_moment_is_that_of_its_zone() -> None:
    new_year = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    assert plain(f.moment(new_year, PRAGUE, NOW)) == "1. 1. 00:30"
    assert plain(f.moment(new_year, "UTC", NOW)) == "31. 12. 2025 23:30"


def test_a_title_says_weekday_seconds_and_zone() -> None:
    at = datetime(2026, 3, 9, 9, 14, 8, tzinfo=UTC)
    assert plain(f.moment_in_full(at, PRAGUE)) == "Monday 9. 3. 2026 10:14:08 Europe/Prague (CET)"
    assert plain(f.moment_in_full(at, "UTC")) == "Monday 9. 3. 2026 09:14:08 UTC"


@pytest.mark.parametrize(
    ("before", "written"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=3, seconds=40), "3 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=1, minutes=13), "1 h 13 min ago"),
        (timedelta(hours=23, minutes=59), "23 h 59 min ago"),
        (timedelta(days=1), "18. 3. 14:32"),
        (timedelta(seconds=-20), "in a moment"),
        (timedelta(minutes=-5), "in 5 min"),
        (timedelta(days=-2), "21. 3. 14:32"),
    ],
)
def test_up_to_a_day_it_is_ago(before: timedelta, written: str) -> None:
    assert plain(f.ago(NOW - before, PRAGUE, NOW)) == written


def test_ago_counts_real_time_across_the_change_of_clocks() -> None:
    zone = ZoneInfo(PRAGUE)
    before, after = datetime(2026, 3, 29, 1, 30, tzinfo=zone), datetime(2026, 3, 29, 3, 30, tzinfo=zone)
    assert plain(f.ago(before, PRAGUE, after.astimezone(UTC))) == "1 h ago"
    assert f.ago(None, PRAGUE, NOW) == "—"


@pytest.mark.parametrize(
    ("spent", "written"),
    [
        (0, "0 s"),
        (0.42, "0,4 s"),
        (9.94, "9,9 s"),
        (9.96, "10 s"),
        (51, "51 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (401, "6 min 41 s"),
        (4380, "1 h 13 min"),
        (100_800, "1 d 4 h"),
        (timedelta(minutes=2), "2 min"),
        (Decimal("34.5"), "35 s"),
        (None, "—"),
    ],
)
def test_durations_have_two_parts_at_most(spent: timedelta | f.Numeric | None, written: str) -> None:
    assert plain(f.duration(spent)) == written


@given(st.integers(10, 10**8))
def test_a_longer_time_is_never_written_shorter(seconds: int) -> None:
    units = {"d": 86_400, "h": 3600, "min": 60, "s": 1}

    def read(text: str) -> int:
        parts = re.findall(r"([\d ]+) (d|h|min|s)", plain(text))
        return sum(int(count.replace(" ", "")) * units[name] for count, name in parts)

    assert seconds - 3600 < read(f.duration(seconds)) <= read(f.duration(seconds + 1))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Hana Vlčková", "HV"),
        ("olga", "O"),
        ("Jan Amos Komenský", "JK"),
        ("Eva-Marie Nová", "EN"),
        ("", ""),
        ("1 2", ""),
    ],
)
def test_initials_are_the_first_and_the_last(name: str, written: str) -> None:
    assert f.initials(name) == written


def test_only_what_stands_between_backticks_is_code() -> None:
    assert f.with_code("Run `flask doctor`, <b>now</b>.") == "Run <code>flask doctor</code>, &lt;b&gt;now&lt;/b&gt;."
    assert f.with_code("`<i>` and a lone ` sign") == "<code>&lt;i&gt;</code> and a lone ` sign"


def test_templates_know_every_filter_by_its_own_name() -> None:
    app = Flask(__name__)
    f.register(app)
    with app.app_context():
        written = app.jinja_env.from_string(
            "{{ 1234.5 | money('CZK') }}, {{ 3200000 | size }}, {{ 0.5 | percent }}"
        ).render()
    assert plain(written) == "1 234,50 Kč, 3,2 MB, 50,0 %"
