"""The calendar of coverage: what arrived of each shop and kind on each day of the last weeks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import text

from shop.db import db
from shop.formatting import day_short, plural
from shop.languages import N_, said
from shop.languages import gettext as _
from shop.listing.scopes import ListedShop, zone_of
from shop.snapshots.queries import KINDS

WEEKS = 5
# Numbers rise with time, so the walk begins behind the newest run that is too old, and reads nothing before it.
DAYS = text(
    """SELECT s.shop_id, s.kind, (s.requested_at AT TIME ZONE shops.timezone)::date AS day, count(*) AS runs,
              count(*) FILTER (WHERE s.state = 'failed') AS failed,
              max(s.id) FILTER (WHERE s.state = 'failed') AS last_failed,
              max(s.id) FILTER (WHERE s.state = 'done') AS last_done,
              max(s.id) FILTER (WHERE s.state = 'done' AND s.quarantined > 0) AS last_partial,
              count(*) FILTER (WHERE s.state IN ('queued', 'running')) AS live
       FROM snapshots s JOIN shops ON shops.id = s.shop_id
       WHERE s.id > coalesce((SELECT id FROM snapshots WHERE requested_at < :since ORDER BY id DESC LIMIT 1), 0)
       AND s.shop_id = ANY(:shops)
       GROUP BY s.shop_id, s.kind, day"""
)
WORDS = {
    "complete": N_("complete"),
    "partial": N_("partial"),
    "failed": N_("failed"),
    "running": N_("under way"),
    "none": N_("nothing"),
}


@dataclass(frozen=True)
class Day:
    """One day of one kind of a shop's records. How it ended is what its last run says; `age` lets old days leave first."""

    day: date
    state: str
    age: str
    label: str
    href: str


@dataclass(frozen=True)
class Line:
    """One kind of a shop's records over the days."""

    shop: ListedShop
    kind: str
    days: list[Day]


def calendar(shops: Sequence[ListedShop], now: datetime) -> tuple[list[Line], list[date]]:
    """Return a line for each shop and kind, and the days above them; a day is the shop's own."""
    since = now - timedelta(weeks=WEEKS, days=1)
    rows = db.session.execute(DAYS, {"since": since, "shops": [shop.id for shop in shops]}).all() if shops else []
    found = {(row.shop_id, row.kind, row.day): row for row in rows}
    last = max((now.astimezone(zone_of(shop)).date() for shop in shops), default=now.date())
    days = [last - timedelta(days=ago) for ago in reversed(range(7 * WEEKS))]
    words = {state: said(word) for state, word in WORDS.items()}
    lines = [
        Line(shop, kind, [cell(shop, kind, one, last, found.get((shop.id, kind, one)), words) for one in days])
        for shop in shops
        for kind in KINDS
    ]
    return lines, days


def cell(shop: ListedShop, kind: str, one: date, last: date, row: Any, words: Mapping[str, str]) -> Day:
    state = state_of(row)
    label = f"{shop.name}, {said(kind)}, {day_short(one)}: {words[state]}"
    if row:
        label += f", {plural(row.runs, 'run', 'runs')}"
        label += _(", %(count)s failed", count=row.failed) if row.failed else ""
    query = urlencode({"shop": shop.slug, "kind": kind, "requested": one.isoformat()})
    return Day(one, state, age(one, last), label, f"/snapshots/?{query}#history" if row else "")


def age(one: date, last: date) -> str:
    """Return which days leave where there is little room: old ones first, then those of more than ten days ago."""
    ago = (last - one).days
    return "old" if ago >= 21 else "older" if ago >= 10 else ""


def state_of(row: Any) -> str:
    """Return how a day ended: by its last run that is over; live runs say it only where there is none."""
    if row is None:
        return "none"
    if row.last_failed is None and row.last_done is None:
        return "running" if row.live else "none"
    if (row.last_failed or 0) > (row.last_done or 0):
        return "failed"
    return "partial" if row.last_partial == row.last_done else "complete"
