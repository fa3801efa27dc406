"""How fresh each shop's records are, and what there is to know about runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, Text, column, func, select, true, values

from shop.db import db
from shop.snapshots.models import Snapshot

KINDS = ("orders", "customers", "products")
RECENT = 50  # done runs looked at for the time up to which a shop is known; an older file may be loaded last


@dataclass(frozen=True)
class Freshness:
    """Up to when one kind of a shop's records is known, and by which run. Both are None before the first one is done."""

    shop_id: int
    kind: str
    as_of: datetime | None
    snapshot_id: int | None


@dataclass(frozen=True)
class Provenance:
    """Where an answer comes from: the time up to which all of it is known, and the newest done run of each shop and kind."""

    as_of: datetime | None
    snapshots: list[int]


def freshness(shop_ids: Sequence[int], kinds: Sequence[str] = KINDS) -> list[Freshness]:
    """Return the freshness of every shop and kind, by shop and in the order of the kinds."""
    asked = values(column("shop_id", Integer), column("kind", Text), column("place", Integer), name="asked").data(
        [(shop_id, kind, place) for shop_id in shop_ids for place, kind in enumerate(kinds)]
    )
    recent = (
        select(Snapshot.id, Snapshot.as_of)
        .where(Snapshot.shop_id == asked.c.shop_id, Snapshot.kind == asked.c.kind, Snapshot.state == "done")
        .order_by(Snapshot.id.desc())
        .limit(RECENT)
        .lateral("recent")
    )
    query = (
        select(asked.c.shop_id, asked.c.kind, func.max(recent.c.as_of), func.max(recent.c.id))
        .select_from(asked.outerjoin(recent, true()))
        .group_by(asked.c.shop_id, asked.c.kind, asked.c.place)
        .order_by(asked.c.shop_id, asked.c.place)
    )
    return [Freshness(*found) for found in db.session.execute(query)] if shop_ids and kinds else []


def provenance(shop_ids: Sequence[int], kinds: Sequence[str] = KINDS) -> Provenance:
    """Return where an answer about these shops comes from; its time is that of the shop whose first kind is the oldest."""
    found = freshness(shop_ids, kinds)
    known = [each.as_of for each in found if each.kind == kinds[0] and each.as_of is not None]
    return Provenance(min(known, default=None), [each.snapshot_id for each in found if each.snapshot_id is not None])
