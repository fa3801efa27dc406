"""A day's changes for the largest shop, loaded into the full tables through the whole pipeline."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from bench.load import flask
from bench.scale.filling import SEED
from bench.scale.shops import ScaleShop
from bench.table import Row
from shop.simulator.baskets import Baskets, Draft
from shop.simulator.catalogue import Catalogue
from shop.simulator.people import People, Person
from shop.simulator.receipts import order_line
from shop.simulator.seasons import Calendar

CHANGED, NEW = 3, 1  # of a thousandth of the shop's orders: what an ordinary day brings
RECENT = """
SELECT o.id, o.code, o.guid, o.placed_at, o.email, o.name, o.company, o.phone, o.customer_guid, o.particulars->'billing_address'
FROM orders o JOIN shops s ON s.id = o.shop_id
WHERE s.slug = %(slug)s AND o.placed_at >= %(since)s AND o.currency = s.currency AND o.email IS NOT NULL AND o.deleted_at IS NULL
ORDER BY hashint8extended(o.id, 7) LIMIT %(count)s"""


@dataclass(frozen=True)
class Changes:
    """A file of so many orders that are stored otherwise, and so many new ones."""

    path: Path
    changed: int
    new: int


class Author:
    """Writes orders as the shop's platform would."""

    def __init__(self, shop: ScaleShop, end: date) -> None:
        profile = shop.profile
        self.shop, self.end = shop, end
        self.zone = ZoneInfo(profile.timezone)
        calendar = Calendar(shop.orders, end, end, profile.timezone, profile.growth, SEED)
        self.baskets = Baskets(profile, Catalogue(profile, SEED), People(profile, SEED), calendar)

    def line(self, number: int, known: dict[str, Any]) -> bytes:
        """Return one order with a basket of its own, changed in the night after the last day."""
        dice = Random(number)
        changed_at = self.midnight + timedelta(seconds=number % 3600)
        draft = Draft(
            index=number, status=-3, currency=self.shop.profile.currency, rate="1.00000000", country=self.shop.profile.country,
            changed_at=changed_at, **known,
        )  # fmt: skip
        self.baskets.fill(draft, dice)
        self.baskets.send(draft, dice)
        self.baskets.settle(draft, dice)
        return order_line(draft, self.shop.profile)

    @property
    def midnight(self) -> datetime:
        return datetime.combine(self.end + timedelta(days=1), datetime.min.time(), self.zone)


def written(connection: psycopg.Connection[Any], shop: ScaleShop, end: date, folder: Path) -> Changes:
    """Write the file: orders of the last month that changed, and as many new ones by the same people as a day brings."""
    author = Author(shop, end)
    changed, new = (max(2, share * shop.orders // 1000) for share in (CHANGED, NEW))
    asked = {"slug": shop.slug, "since": author.midnight - timedelta(days=30), "count": changed}
    stored = connection.execute(RECENT, asked).fetchall()
    path = folder / f"{shop.slug}-changes.jsonl"
    with path.open("wb") as file:
        file.writelines(lines(author, stored, new))
    return Changes(path, len(stored), min(new, len(stored)))


def lines(author: Author, stored: list[tuple[Any, ...]], new: int) -> Iterator[bytes]:
    for number, code, guid, placed_at, *who in stored:
        yield author.line(
            number, {"code": code, "guid": guid, "placed_at": placed_at.astimezone(author.zone)} | buyer(who)
        )
    for place, (_, _, _, _, *who) in enumerate(stored[:new], author.shop.orders + 100_001):
        code = f"{author.midnight:%y}{place:07d}"
        yield author.line(place, {"code": code, "guid": None, "placed_at": author.midnight} | buyer(who))


def buyer(who: list[Any]) -> dict[str, Any]:
    email, name, company, phone, guid, address = who
    address = {"company": None, "fullName": None} | (address or {})
    person = Person(0, guid is not None, name or "", company, email, phone or "", address, guid or "")
    return {"person": person, "email": email, "customer_guid": guid}


def imported(environment: dict[str, str], shop: ScaleShop, changes: Changes, since: date) -> list[Row]:
    """Load the file as a partial snapshot; every order in it must be in the books."""
    words = (
        "snapshots",
        "run",
        shop.slug,
        "--kind",
        "orders",
        "--file",
        str(changes.path),
        "--since",
        f"{since}",
        "--json",
    )
    done = json.loads(flask(environment, *words).strip().splitlines()[-1])
    right = (done["updated"], done["inserted"]) == (changes.changed, changes.new)
    name = f"a day's changes of the largest shop ({changes.changed:,} orders changed, {changes.new:,} new), through the whole pipeline"
    return [Row(name, f"{done['seconds']:.1f} s", "every one stored", right)]
