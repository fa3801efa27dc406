"""What a change of an option would do, said before it is done; which values a shop cannot have; what follows a change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from shop import schedule, task_runs, ticking
from shop.analytics.queries import sales_by_status
from shop.backups.queries import all_backups
from shop.backups.retention import COUNTS, counts, plan
from shop.db import db, raw_connection
from shop.formatting import money, plural, size
from shop.languages import gettext as _
from shop.languages import ngettext
from shop.orders.counting import decided
from shop.orders.models import OrderStatus
from shop.partitions import steps
from shop.partitions.quarters import Quarter
from shop.settings.kinds import Unfit
from shop.settings.options import EXCLUDED_STATUSES, RAW_FILE_DAYS, RETENTION_YEARS, Option
from shop.shops.models import Shop
from shop.snapshots import raw_files
from shop.task_runs import LIVE, Due

DAYS = 30  # for which sales are told before and after
MOST_NAMED = 12
Line = tuple[str, str]  # tone and words, as the component blast has them


@dataclass(frozen=True)
class Status:
    """One status of a shop as a form offers it: left out or not, and what its orders came to lately."""

    code: str
    name: str
    is_left_out: bool
    orders: int
    sales: Decimal


def check(option: Option[Any], given: Any, shop: Shop | None) -> None:
    """Refuse what fits the option and not the shop. Raises Unfit."""
    if option is EXCLUDED_STATUSES and shop is not None and given is not None:
        known = {status.code: status.name for status in statuses_of(shop)}
        if unknown := [code for code in given if code not in known]:
            there = ", ".join(f"{code} ({name})" for code, name in known.items()) or _("none yet")
            raise Unfit(
                _(
                    "%(shop)s has no status %(unknown)s. It has: %(known)s.",
                    shop=shop.name,
                    unknown=", ".join(unknown),
                    known=there,
                )
            )


def preview(option: Option[Any], given: Any, shop: Shop | None) -> list[Line]:
    """Return what the value would do, in lines; none where that cannot be computed."""
    if option is EXCLUDED_STATUSES and shop is not None:
        return of_statuses(given, shop)
    found = PREVIEWS.get(option.key)
    return found(option, given) if found else []


def has_preview(option: Option[Any]) -> bool:
    return option is EXCLUDED_STATUSES or option.key in PREVIEWS


def of_statuses(given: Any, shop: Shop) -> list[Line]:
    there = statuses_of(shop)
    wanted = decided(given, shop.platform, [status.code for status in there])
    before = [status for status in there if not status.is_left_out]
    after = [status for status in there if wanted[status.code]]
    changing = {status.name: wanted[status.code] for status in there if wanted[status.code] == status.is_left_out}
    moved = [
        _("“%(status)s” counts", status=name) if counts else _("“%(status)s” no longer counts", status=name)
        for name, counts in changing.items()
    ]
    if not changing:
        return [("good", _("Every status counts as it does now; no figure changes."))]
    becomes = _(
        "%(moved)s: %(before)s in the last %(days)s days become %(after)s.",
        moved=", ".join(moved),
        before=summed(before, shop),
        days=DAYS,
        after=summed(after, shop),
    )
    return [
        ("warn", becomes),
        ("warn", _("Figures of every day before change as well, of the shop, its customers and its products.")),
        ("good", _("No order is changed or removed; the way back is this setting.")),
    ]


def summed(statuses: list[Status], shop: Shop) -> str:
    sales = sum((status.sales for status in statuses), Decimal(0))
    orders = plural(sum(status.orders for status in statuses), "order", "orders")
    return _("%(orders)s over %(sales)s", orders=orders, sales=money(sales, shop.currency))


def statuses_of(shop: Shop) -> list[Status]:
    """Return the shop's statuses with what their orders of the last days come to."""
    today = task_runs.now().astimezone(shop.zone).date()
    lately = sales_by_status(shop.id, today - timedelta(days=DAYS - 1), today)
    rows = db.session.scalars(
        select(OrderStatus).where(OrderStatus.shop_id == shop.id).order_by(OrderStatus.category, OrderStatus.name)
    )
    return [
        Status(row.code, row.name, not row.counted, *lately.get(row.code, (0, Decimal(0)))) for row in rows
    ]  # fmt: skip


def of_retention(_option: Option[Any], given: int | None) -> list[Line]:
    with raw_connection(autocommit=True) as connection:
        planned = steps.plan(connection, task_runs.now(), given)
    going = [step for step in planned if step.kind == "retire"]
    quarters = [str(Quarter.named(step.table) or step.table) for step in going]
    if not going:
        return [("good", _("No quarter that holds lines is that old: nothing leaves the table."))]
    lines = plural(sum(step.lines for step in going), "line", "lines")
    leave = _("The next maintenance archives %(quarters)s, with %(lines)s.", quarters=named(quarters), lines=lines)
    refused = [("warn", going[0].refusal)] if going[0].refusal else []
    return [
        *refused,
        ("warn", leave),
        ("good", _("Each is written to a file, read again and compared before it leaves the table, and can be brought back.")),
        ("good", _("Figures, orders and customers stay.")),
    ]  # fmt: skip


def of_raw_files(_option: Option[Any], given: int | None) -> list[Line]:
    found = [] if given is None else raw_files.old_files(timedelta(days=given))
    if not found:
        return [("good", _("No file is that old: nothing is removed."))]
    taken = size(sum(bytes_ for _path, bytes_ in found))
    removes = _(
        "The next housekeeping removes %(files)s, %(size)s.", files=plural(len(found), "file", "files"), size=taken
    )
    return [("bad", removes), ("warn", _("Their snapshots can be replayed no more; what they brought stays."))]


def of_copies(option: Option[Any], given: int) -> list[Line]:
    tier = next(name for name, known in COUNTS.items() if known is option)
    copies, now = all_backups(), task_runs.now()
    before, after = plan(copies, now, counts()), plan(copies, now, counts() | {tier: given})
    if after.refused:
        return [("warn", after.refused)]
    more = sorted(after.removed.keys() - before.removed.keys())
    if not more:
        return [("good", _("Every copy that is there is still needed: none is removed by this."))]
    ids = named([_("copy %(id)s", id=id_) for id_ in more])
    gone = ngettext(
        "After the next good copy %(copies)s goes as well.",
        "After the next good copy %(copies)s go as well.",
        len(more),
        copies=ids,
    )
    return [("bad", gone)]


PREVIEWS: Mapping[str, Callable[[Option[Any], Any], list[Line]]] = {
    RETENTION_YEARS.key: of_retention,
    RAW_FILE_DAYS.key: of_raw_files,
    **{option.key: of_copies for option in COUNTS.values()},
}


def named(names: list[str]) -> str:
    told, more = ", ".join(names[:MOST_NAMED]), len(names) - MOST_NAMED
    return ngettext("%(names)s and %(num)s more", "%(names)s and %(num)s more", more, names=told) if more > 0 else told


def ask_for_followers(option: Option[Any], shop: Shop | None) -> int | None:
    """Add the run of a task that carries the change out, if one does. The caller commits, then wakes a worker for it."""
    entry = schedule.entry_of(schedule.STATUSES)
    if option is not EXCLUDED_STATUSES or shop is None or entry is None:
        return None
    key = schedule.key_of(entry, shop)
    if key in task_runs.newest([key], LIVE):
        return None
    return task_runs.add(Due(*key, task_runs.now()))


def wake(run_id: int | None) -> None:
    """Wake a worker for a committed run; without Redis a worker finds it by itself, a little later."""
    if run_id is not None:
        ticking.wake(run_id, schedule.STATUSES)
