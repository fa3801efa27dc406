"""Keeps the manifest of every list that is exported: its beginning at once, its end once the last byte was sent."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from sqlalchemy import Engine, func, insert, update

from shop.audit.recording import acting
from shop.exports.models import Export
from shop.listing.manifest import Held, Keep, Sums


def begun(
    engine: Engine, query: str, file_name: str, money: Mapping[str, str], as_of: datetime | None
) -> tuple[int, Keep]:
    """Write down that a file is being sent, in a transaction of its own; returns its number and what is told of its end."""
    actor = acting()
    values = {
        "actor": actor.name, "staff_id": actor.staff_id, "query": query, "file_name": file_name,
        "money": dict(money), "as_of": as_of,
    }  # fmt: skip
    with engine.begin() as connection:
        id_: int = connection.execute(insert(Export).values(values).returning(Export.id)).scalar_one()
    return id_, partial(ended, engine, id_)


def ended(engine: Engine, id_: int, held: Held | None) -> None:
    """Write down what the file held, or that it was cut. Where this fails, the file must not end like a whole one."""
    values: dict[str, object] = {"state": "cut", "ended_at": func.clock_timestamp()}
    if held is not None:
        values |= {
            "state": "whole",
            "rows": held.rows,
            "sums": written(held.sums),
            "bytes": held.bytes,
            "sha256": held.sha256,
        }
    with engine.begin() as connection:
        connection.execute(update(Export).where(Export.id == id_).values(values))


def written(sums: Sums) -> dict[str, dict[str, str]]:
    """Return the sums as JSON has them: amounts as strings, so that no cent is bent."""
    return {
        column: {currency: str(amount) for currency, amount in sorted(found.items())} for column, found in sums.items()
    }
