"""How fresh each shop's records are, and what there is to know about runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, Text, column, func, select, true, values

from shop.db import db
from shop.snapshots.models import Snapshot

KINDS = ("orders", "customers", "products")


@dataclass(frozen=True)
class Freshness:
    """Up to when one kind of a shop's records is known, and by which run. Both are None before the first one is done."""

    shop_id: int
    kind: str
    as_of: datetime | None
    snapshot_id: int | None


def freshness(shop_ids: Sequence[int], kinds: Sequence[str] = KINDS) -> list[Freshness]:
    """Return the newest done run of every shop and kind, by shop and in the order of the kinds."""
    asked = values(column("shop_id", Integer), column("kind", Text), column("place", Integer), name="asked").data(
        [(shop_id, kind, place) for shop_id in shop_ids for place, kind in enumerate(kinds)]
    )
    newest = (
        select(Snapshot.id, func.coalesce(Snapshot.as_of, Snapshot.finished_at).label("as_of"))
        .where(Snapshot.shop_id == asked.c.shop_id, Snapshot.kind == asked.c.kind, Snapshot.state == "done")
        .order_by(Snapshot.id.desc())
        .limit(1)
        .lateral("newest")
    )
    query = (
        select(asked.c.shop_id, asked.c.kind, newest.c.as_of, newest.c.id)
        .select_from(asked.outerjoin(newest, true()))
        .order_by(asked.c.shop_id, asked.c.place)
    )
    return [Freshness(*found) for found in db.session.execute(query)] if shop_ids and kinds else []
