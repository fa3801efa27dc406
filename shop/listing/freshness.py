"""How fresh a list is: the newest complete snapshots that it was made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

NEWEST = text("""
    SELECT asked.shop_id, newest.id, newest.as_of
    FROM unnest(CAST(:shops AS int[])) AS asked(shop_id)
         CROSS JOIN unnest(CAST(:kinds AS text[])) AS wanted(kind)
         CROSS JOIN LATERAL (
             SELECT s.id, coalesce(s.as_of, s.finished_at) AS as_of FROM snapshots s
             WHERE s.shop_id = asked.shop_id AND s.kind = wanted.kind AND s.state = 'done'
             ORDER BY s.id DESC LIMIT 1) AS newest
    ORDER BY newest.id""")


@dataclass(frozen=True)
class Freshness:
    """`as_of`: every chosen shop that has data is at least this fresh; None before the first snapshot.

    `missing` are the ids of shops that have no complete snapshot yet.
    """

    as_of: datetime | None
    snapshots: tuple[int, ...]
    missing: frozenset[int]


def freshness(session: Session, shop_ids: Sequence[int], kinds: Sequence[str]) -> Freshness:
    """Return the freshness of what snapshots of these kinds brought. A shop is as fresh as its newest snapshot."""
    found = session.execute(NEWEST, {"shops": list(shop_ids), "kinds": list(kinds)}).all()
    newest: dict[int, datetime] = {}
    for row in found:
        newest[row.shop_id] = max(newest.get(row.shop_id, row.as_of), row.as_of)
    return Freshness(
        as_of=min(newest.values(), default=None),
        snapshots=tuple(row.id for row in found),
        missing=frozenset(shop_ids) - newest.keys(),
    )
