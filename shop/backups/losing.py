"""What would be lost by going back to a copy, in plain words: everything that only the live database has."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import psycopg

from shop.formatting import plural

COMES_BACK = (  # table, one, many: what the platforms send again with the next snapshots
    ("public.orders", "order", "orders"),
    ("public.customers", "customer", "customers"),
    ("public.products", "product", "products"),
)
IS_GONE = (  # table, one, many: what nobody sends again
    ("public.staff", "person who may sign in", "people who may sign in"),
    ("public.shops", "connection of a shop", "connections of shops"),
    ("public.snapshots", "run with its books", "runs with their books"),
    ("public.audit_entries", "entry of the audit trail", "entries of the audit trail"),
    ("public.backups", "line about a copy", "lines about copies"),
)
ACTS = """
    SELECT action, count(*) FROM public.audit_entries WHERE at > %s AND staff_id IS NOT NULL
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 6"""


def losses(live: psycopg.Connection[Any], only_live: Mapping[str, int | None], taken_at: datetime) -> Iterator[str]:
    """Yield sentences about the rows that are in the live database alone. `only_live` is None where nobody compared."""
    back = list(counted(COMES_BACK, only_live))
    if back:
        yield f"{listed(back)} that came since the copy; the platforms send them again with the next snapshots."
    gone = list(counted(IS_GONE, only_live))
    if gone:
        yield f"{listed(gone)}. Nobody sends these again."
    acts = [f"{action.replace('_', ' ')} ({times})" for action, times in live.execute(ACTS, (taken_at,)).fetchall()]
    if acts:
        yield f"What people did since: {', '.join(acts)}. It is not done any more after a switch."
    yield "Everybody who signed in since the copy signs in again. Runs that go on at that moment begin again from their files."


def counted(words: tuple[tuple[str, str, str], ...], only_live: Mapping[str, int | None]) -> Iterator[str]:
    for table, one, many in words:
        count = only_live.get(table, 0)
        if count is None:
            yield f"{many} (too many to compare one by one)"
        elif count:
            yield plural(count, one, many)


def listed(words: list[str]) -> str:
    told = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return told[:1].upper() + told[1:]
