"""What would be lost by going back to a copy, in plain words: everything that only the live database has."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import psycopg

from shop.audit.wording import done
from shop.formatting import plural
from shop.languages import N_, NN_
from shop.languages import gettext as _

COMES_BACK = (  # table, one, many: what the platforms send again with the next snapshots
    ("public.orders", *NN_("order", "orders")),
    ("public.customers", *NN_("customer", "customers")),
    ("public.products", *NN_("product", "products")),
)
IS_GONE = (  # table, one, many: what nobody sends again
    ("public.staff", *NN_("person who may sign in", "people who may sign in")),
    ("public.shops", *NN_("connection of a shop", "connections of shops")),
    ("public.snapshots", *NN_("run with its books", "runs with their books")),
    ("public.audit_entries", *NN_("entry of the audit trail", "entries of the audit trail")),
    ("public.backups", *NN_("line about a copy", "lines about copies")),
)
CAME_SINCE = {  # by how many kinds of rows there are: a list within a sentence is not translated by its parts
    1: N_("%(thing_1)s that came since the copy; the platforms send them again with the next snapshots."),
    2: N_(
        "%(thing_1)s and %(thing_2)s that came since the copy; the platforms send them again with the next snapshots."
    ),
    3: N_(
        "%(thing_1)s, %(thing_2)s and %(thing_3)s that came since the copy; the platforms send them again with the next snapshots."
    ),
}
NEVER_AGAIN = {
    1: N_("%(thing_1)s. Nobody sends these again."),
    2: N_("%(thing_1)s and %(thing_2)s. Nobody sends these again."),
    3: N_("%(thing_1)s, %(thing_2)s and %(thing_3)s. Nobody sends these again."),
    4: N_("%(thing_1)s, %(thing_2)s, %(thing_3)s and %(thing_4)s. Nobody sends these again."),
    5: N_("%(thing_1)s, %(thing_2)s, %(thing_3)s, %(thing_4)s and %(thing_5)s. Nobody sends these again."),
}
EVERYBODY = N_(
    "Everybody who signed in since the copy signs in again. Runs that go on at that moment begin again from their files."
)
ACTS = """
    SELECT action, count(*) FROM public.audit_entries WHERE at > %s AND staff_id IS NOT NULL
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 6"""


def losses(live: psycopg.Connection[Any], only_live: Mapping[str, int | None], taken_at: datetime) -> Iterator[str]:
    """Yield sentences about the rows that are in the live database alone. `only_live` is None where nobody compared."""
    back = list(counted(COMES_BACK, only_live))
    if back:
        yield CAME_SINCE[len(back)] % named(back)
    gone = list(counted(IS_GONE, only_live))
    if gone:
        yield NEVER_AGAIN[len(gone)] % named(gone)
    acts = [
        _("%(what)s (%(times)s×)", what=done(action), times=times)
        for action, times in live.execute(ACTS, (taken_at,)).fetchall()
    ]
    if acts:
        yield _("What people did since: %(acts)s. It is not done any more after a switch.", acts=", ".join(acts))
    yield EVERYBODY


def counted(words: tuple[tuple[str, str, str], ...], only_live: Mapping[str, int | None]) -> Iterator[str]:
    for table, one, many in words:
        count = only_live.get(table, 0)
        if count is None:
            yield _("%(things)s (too many to compare one by one)", things=many)
        elif count:
            yield plural(count, one, many)


def named(words: list[str]) -> dict[str, str]:
    """Return what a sentence lists by its place, the first one with a capital."""
    return {f"thing_{at}": words[0][:1].upper() + words[0][1:] if at == 1 else one for at, one in enumerate(words, 1)}
