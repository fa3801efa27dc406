"""The whole of a switch: what is checked before, the dump in case, the renames, and what is put right after them."""

from dataclasses import dataclass
from pathlib import Path

import structlog
from redis import Redis
from redis.exceptions import RedisError

from shop import queues
from shop.backups import beside, switching
from shop.backups.contents import table_sizes
from shop.backups.holding import Progress
from shop.backups.restorations import LEASE
from shop.backups.restoring import safety_dump
from shop.cache import cache
from shop.config import Config
from shop.db import db, raw_connection
from shop.fault_points import fault_point
from shop.locks import held

log = structlog.get_logger()


@dataclass(frozen=True)
class Switched:
    """What is live now, and where what was live is kept. `safety` is its dump; None where the switch was made before."""

    backup_id: int
    by: str
    kept: str
    safety: Path | None


@dataclass(frozen=True)
class SwitchedBack:
    """The database that is live again, by the name that it was kept under, and the one that it has replaced."""

    back: str
    kept: str


def live_address() -> str:
    return db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def switch(config: Config, typed: str | None, end_connections: bool, progress: Progress) -> Switched:
    """Switch to the database that was restored beside the live one, and was approved on its page.

    A switch that was killed after its renames is only written down. Raises ShopError with the live database as it was.
    """
    live_url = live_address()
    live = beside.name_of(live_url)
    with raw_connection(autocommit=True) as connection:
        left = next(switching.unsettled(connection, live_url), None)
    if left:
        return settled(config, live_url, *left, None)
    switching.confirmed(live, typed)
    with raw_connection(autocommit=True) as connection:
        switching.chosen(connection, live)
    let_go(live_url, end_connections)  # before a dump that may take minutes, and once more after it
    with held(LEASE, config.redis_url), raw_connection(autocommit=True) as connection:
        choice = switching.chosen(connection, live)
        switching.same_version(live_url, beside.beside_name(live))
        safety = safety_dump(live_url, config.data_dir, table_sizes(connection), progress)
        fault_point("switch.dumped")
    log.info("switch_begins", restoration=choice.restoration_id, backup=choice.backup_id)
    let_go(live_url, end_connections)
    words = switching.WORDS % {"number": choice.restoration_id}
    kept = switching.swap(live_url, beside.beside_name(live), words)
    fault_point("switch.renamed")
    return settled(config, live_url, kept, choice.restoration_id, safety)


def settled(config: Config, live_url: str, kept: str, restoration_id: int, safety: Path | None) -> Switched:
    backup_id, by = switching.settle(live_url, kept, restoration_id, config.data_dir)
    forget_calls(config)
    return Switched(backup_id, by, kept, safety)


def switch_back(config: Config, typed: str | None, end_connections: bool) -> SwitchedBack:
    """Let the database that was kept by the last switch be live again. Nothing of either is lost."""
    live_url = live_address()
    live = beside.name_of(live_url)
    switching.confirmed(live, typed)
    with raw_connection(autocommit=True) as connection:
        back = switching.newest_before(connection, live).name
    let_go(live_url, end_connections)
    kept = switching.swap(live_url, back, "live until it was switched back")
    forget_calls(config)
    return SwitchedBack(back, kept)


def let_go(live_url: str, end_connections: bool) -> None:
    """Close our own connections to the live database, and refuse where others have some that shall not be ended."""
    db.session.remove()
    db.engine.dispose()
    if not end_connections:
        switching.alone(live_url)


def forget_calls(config: Config) -> None:
    """Empty queues and cache: they speak of rows of the database that was. Workers find waiting rows by themselves."""
    db.engine.dispose()
    try:
        with Redis.from_url(config.redis_url, socket_timeout=5, socket_connect_timeout=5) as connection:
            for name in queues.ALL:
                queues.queue(name, connection).empty()  # type: ignore[no-untyped-call]  # RQ ships it without types
        cache.clear()
    except RedisError as error:
        log.warning("calls_not_forgotten", error=str(error))
