"""Who looks after the quarters at the moment: one connection, under one lease, with one name in the events."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg import errors

from shop.config import Config
from shop.db import raw_connection
from shop.errors import Conflict
from shop.languages import gettext as _
from shop.locks import Lease, held
from shop.partitions.archive_files import archive_folder
from shop.partitions.archives import Archive
from shop.partitions.creating import note
from shop.partitions.patience import BUDGET, in_moments

LEASE = "partitions"
Made = TypeVar("Made")


@dataclass(frozen=True)
class Upkeep:
    """Everything is written through here, so that the lease is checked first in each transaction."""

    connection: psycopg.Connection[Any]  # in autocommit
    lease: Lease
    data_dir: Path
    by: str
    budget: float = BUDGET  # seconds that one change may wait for a lock, try after try

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection[Any]]:
        with self.connection.transaction():
            self.lease.check(self.connection)
            yield self.connection

    def in_moments(self, work: Callable[[], Made]) -> Made:
        """Change what others use: short tries, until one finds its locks free."""

        def checked() -> Made:
            self.lease.check(self.connection)
            return work()

        return in_moments(self.connection, checked, self.budget)

    def note(self, table: str | None, event: str, **details: Any) -> None:
        note(self.connection, table, event, self.by, **details)

    def path(self, archive: Archive) -> Path:
        return archive_folder(self.data_dir) / (archive.file or file_of(archive))


def file_of(archive: Archive) -> str:
    return f"{archive.partition}-{archive.id}.copy.gz"


@contextmanager
def looking_after(config: Config, by: str, budget: float = BUDGET) -> Iterator[Upkeep]:
    """Hold the lease over the quarters. Raises `Conflict` where somebody else does."""
    with ExitStack() as stack:
        try:
            lease = stack.enter_context(held(LEASE, config.redis_url))
        except (Conflict, errors.LockNotAvailable) as error:  # the latter: its holder is in a transaction just now
            raise Conflict(
                _("Somebody else looks after the quarters right now. Nothing was changed; try again when that is done.")
            ) from error
        connection = stack.enter_context(raw_connection(autocommit=True))
        yield Upkeep(connection, lease, config.data_dir, by, budget)
