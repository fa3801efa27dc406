"""One at a time: the lease of the copies, with everything that is needed while it is held."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from flask import current_app

from shop.backups import adopting, leftovers
from shop.config import Config
from shop.db import db, raw_connection
from shop.locks import Lease, held

LEASE = "backups"
Progress = Callable[[str, int, int], None]  # phase, how far, of how much (0: not known)


def unwatched(_phase: str, _at: int, _of: int) -> None:
    """Nobody looks on; the row still tells the progress."""


@dataclass(frozen=True)
class Hold:
    """The lease, held. `connection` writes under it; `live` is the address of the database that is copied."""

    connection: psycopg.Connection[Any]
    lease: Lease
    data_dir: Path
    live: str
    progress: Progress


@contextmanager
def alone(progress: Progress = unwatched) -> Iterator[Hold]:
    """Hold the lease for the block; what a killed process left is cleared away first. Raises `Conflict`."""
    config: Config = current_app.extensions["pult"]
    live = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with held(LEASE, config.redis_url) as lease, raw_connection(autocommit=True) as connection:
        leftovers.clear(connection, lease, config.data_dir)
        adopting.adopt_unknown(connection, lease, config.data_dir)
        yield Hold(connection, lease, config.data_dir, live, progress)
