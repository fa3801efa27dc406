"""A preview in words, for a terminal."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from shop import formatting
from shop.formatting import number, plural

FEW = 10  # records told one by one


def told(difference: dict[str, Any], currency: str) -> Iterator[str]:
    """Yield the lines that say what a replay would change."""
    counts = difference["counts"]
    yield (
        f"A replay of {plural(counts['lines'], 'line', 'lines')} would bring {number(counts['inserted'])} new, change "
        f"{number(counts['updated'])} ({number(counts['revived'])} of them back from deletion), mark {number(counts['deleted'])} as "
        f"deleted and leave {number(counts['unchanged'])} as they are. {number(counts['superseded'])} give way, "
        f"{number(counts['older'])} of them to newer data; {number(counts['quarantined'])} cannot be read."
    )
    if difference["warning"]:
        yield f"It would stop and ask first: {difference['warning']}"
    if difference["fields"]:
        yield (
            "Changed: " + ", ".join(f"{one['field']} in {number(one['records'])}" for one in difference["fields"]) + "."
        )
    if "money" in difference:
        yield from money(difference, currency)
    for record in difference["sample"][:FEW]:
        changes = "; ".join(
            f"{one['field']} {one['before'] or '—'} → {one['after'] or '—'}" for one in record["changes"]
        )
        yield f"  {record['name']}: {changes}"
    if len(difference["sample"]) > FEW:
        yield "  … and others; --json tells more of them."
    yield "Nothing was changed."


def money(difference: dict[str, Any], currency: str) -> Iterator[str]:
    total, sales, days = difference["money"]["total"], difference["money"]["sales"], difference["days"]
    yield (
        f"The orders it touches come to {in_currency(total['before'], currency)} now and {in_currency(total['after'], currency)} then; "
        f"sales {in_currency(sales['before'], currency)} now and {in_currency(sales['after'], currency)} then."
    )
    if days["number"]:
        yield f"It touches {plural(days['number'], 'day', 'days')}, from {days['first']} to {days['last']}."


def in_currency(value: str, currency: str) -> str:
    return formatting.money(Decimal(value), currency)
