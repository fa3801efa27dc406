"""Jinja filters: numbers, money, days, moments and durations, written as the reader's language writes them."""

import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from flask import Flask
from markupsafe import Markup, escape

from shop.languages import LANGUAGES, MINUS, NBSP, gettext, language

UNKNOWN = "—"

DECIMALS = {"HUF": 0, "JPY": 0, "KRW": 0, "ISK": 0}  # every other currency is written with two
SIZES = ("B", "kB", "MB", "GB", "TB")
DAY = 86_400  # seconds
STEPS = [Decimal(1).scaleb(-decimals) for decimals in range(10)]
MOST_MOMENTS = 8_192  # whose words are kept: a page of a list has a hundred, and is looked at again

Numeric = Decimal | int | float


def number(value: Numeric | None, decimals: int = 0) -> str:
    """Write 1 234 567,89 or 1,234,567.89 with a real minus; what is not known is a dash."""
    if value is None:
        return UNKNOWN
    if decimals == 0 and type(value) is int:  # most numbers of a page: nothing to round
        return f"{value:,}".translate(language().signs)
    rounded = exact(value).quantize(STEPS[decimals], rounding=ROUND_HALF_UP)
    text = f"{abs(rounded):,f}".translate(language().signs)
    return f"{MINUS}{text}" if rounded < 0 else text


def exact(value: Numeric) -> Decimal:
    """Return the decimal a person would read: 0.1 is a tenth, not its nearest binary fraction."""
    return Decimal(str(value)) if isinstance(value, float) else Decimal(value)


def unit(currency: str) -> str:
    """Return how a currency is written behind an amount: Kč, €, or its code."""
    return language().symbols.get(currency, currency)


def amount(value: Numeric | None, currency: str, decimals: int | None = None) -> str:
    """Write an amount without its unit, with the decimals its currency has."""
    return number(value, DECIMALS.get(currency, 2) if decimals is None else decimals)


def money(value: Numeric | None, currency: str, decimals: int | None = None) -> str:
    """Write 1 234,50 Kč, or €1,234.50 where the unit stands first; what is not known has no unit."""
    text = amount(value, currency, decimals)
    if value is None:
        return text
    if not language().unit_first:
        return f"{text}{NBSP}{unit(currency)}"
    sign, figure = (MINUS, text[1:]) if text.startswith(MINUS) else ("", text)
    return f"{sign}{unit_before(currency)}{figure}"


def unit_before(currency: str) -> str:
    """Return how a currency is written before an amount: € close to it, a code with a space."""
    written = unit(currency)
    return f"{written}{NBSP}" if written.isalpha() else written


def percent(share: Numeric | None, decimals: int = 1) -> str:
    """Write a share of one as 24,8 % or 24.8%."""
    return UNKNOWN if share is None else f"{number(exact(share) * 100, decimals)}{language().percent}"


def change(ratio: Numeric | None, decimals: int = 1) -> str:
    """Write a change relative to one with its sign: +5,0 %."""
    if ratio is None:
        return UNKNOWN
    text = percent(ratio, decimals)
    return text if text.startswith(MINUS) else f"+{text}"


def plural(count: int, one: str, many: str) -> str:
    """Write a count with its noun: 1 order, 1 204 orders. Both are texts of the source, and are looked up in the catalogue."""
    return f"{number(count)}{NBSP}{language().catalogue.counted(one, many, count)}"


def total(value: int, exact_count: bool = True) -> str:
    """Write how many there are; a bounded count says that there are more."""
    return number(value) if exact_count else f"{number(value)}+"


def size(count: int | None) -> str:
    """Write a number of bytes as 3,2 MB."""
    if count is None:
        return UNKNOWN
    scaled, step = Decimal(count), 0
    while tenths(scaled) >= 1000 and step < len(SIZES) - 1:
        scaled, step = scaled / 1000, step + 1
    return f"{number(scaled, 1 if step and tenths(scaled) < 100 else 0)}{NBSP}{SIZES[step]}"


def tenths(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def day(value: date | None) -> str:
    """Write 14. 3. 2026 or 14 Mar 2026."""
    return UNKNOWN if value is None else written_day(value, language().code, in_full=True)


def day_short(value: date | None) -> str:
    """Write 14. 3. or 14 Mar, where the year is plain from the page."""
    return UNKNOWN if value is None else written_day(value, language().code, in_full=False)


@lru_cache(MOST_MOMENTS)
def written_day(value: date, code: str, *, in_full: bool) -> str:
    """Write a day in one language; those of a page are looked at again and again."""
    spoken = LANGUAGES[code]
    return spoken.pattern(value, spoken.day if in_full else spoken.day_short)


def month(value: date | None) -> str:
    """Write Mar 2026 or březen 2026."""
    return UNKNOWN if value is None else language().pattern(value, language().month)


def local_day(at: datetime, zone: str) -> date:
    """Return the day a moment belongs to in a shop's zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def clock(at: datetime | None, zone: str) -> str:
    """Write 08:12 in the given zone."""
    return UNKNOWN if at is None else f"{at.astimezone(ZoneInfo(zone)):%H:%M}"


def moment(at: datetime | None, zone: str, now: datetime) -> str:
    """Write 14. 3. 08:12 in the given zone; the year only where it is not this one."""
    if at is None:
        return UNKNOWN
    year, written, written_in_full = local_words(at, zone, language().code)
    return written if year == local_day(now, zone).year else written_in_full


@lru_cache(MOST_MOMENTS)
def local_words(at: datetime, zone: str, code: str) -> tuple[int, str, str]:
    """Return the year of a moment in a zone, and its day and minute without and with it, in one language."""
    local = at.astimezone(ZoneInfo(zone))
    minute = f"{local.hour:02}:{local.minute:02}"
    on = local.date()
    short, full = (written_day(on, code, in_full=in_full) for in_full in (False, True))
    return local.year, f"{short} {minute}", f"{full} {minute}"


def moment_in_full(at: datetime, zone: str) -> str:
    """Write Monday 9. 3. 2026 10:14:08 Europe/Prague (CET), for titles."""
    return full_words(at, zone, language().code)


@lru_cache(MOST_MOMENTS)
def full_words(at: datetime, zone: str, code: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    named = zone if local.tzname() == zone else f"{zone} ({local.tzname()})"
    weekday = LANGUAGES[code].pattern(local.date(), "EEEE")
    return f"{weekday} {written_day(local.date(), code, in_full=True)} {local:%H:%M:%S} {named}"


def ago(at: datetime | None, zone: str, now: datetime) -> str:
    """Write 3 min ago or in 5 min; more than a day away it is a moment."""
    if at is None:
        return UNKNOWN
    seconds = int((now - at).total_seconds())
    if abs(seconds) >= DAY:
        return moment(at, zone, now)
    if abs(seconds) < 60:
        return gettext("just now") if seconds >= 0 else gettext("in\u00a0a\u00a0moment")
    spent = duration(abs(seconds) // 60 * 60)
    return gettext("%(spent)s\u00a0ago", spent=spent) if seconds > 0 else gettext("in\u00a0%(spent)s", spent=spent)


def duration(spent: timedelta | Numeric | None) -> str:
    """Write seconds as 0,4 s, 51 s, 6 min 41 s, 1 h 13 min or 2 d 4 h."""
    if spent is None:
        return UNKNOWN
    seconds = spent.total_seconds() if isinstance(spent, timedelta) else spent
    if 0 < seconds < 9.95:
        return f"{number(seconds, 1)}{NBSP}s"
    whole = int(exact(seconds).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    for length, name, part, part_name in ((DAY, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= length:
            rest = whole % length // part
            return f"{number(whole // length)}{NBSP}{name}" + (f"{NBSP}{rest}{NBSP}{part_name}" if rest else "")
    return f"{whole}{NBSP}s"


def initials(name: str) -> str:
    """Return HV for Hana Vlčková."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalpha()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def with_code(sentence: str) -> Markup:
    """Write what stands between backticks as what one types; the rest of a sentence stays text."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(sentence))))  # noqa: S704 - escaped before


def register(app: Flask) -> None:
    """Give every template the filters, each under its own name."""
    for write in (
        number, unit, unit_before, amount, money, percent, change, plural, total, size,
        day, day_short, month, local_day, clock, moment, moment_in_full, ago, duration, initials, with_code,
    ):  # fmt: skip
        app.jinja_env.filters[write.__name__] = write
