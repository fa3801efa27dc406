"""The embedded servers as the rest of Pult sees them: ask for addresses, leave when done."""

import atexit
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from shop.local.launching import private_folder
from shop.local.postgres import Postgres
from shop.local.sharing import Share
from shop.local.valkey import Valkey

AS_SHIPPED: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Addresses:
    """Where the servers answer; empty for one that was not asked for."""

    database_url: str
    redis_url: str


class LocalServers:
    """PostgreSQL and Valkey under `data_dir/local`, shared with every other process that uses the same folder."""

    def __init__(self, data_dir: Path, postgres_settings: Mapping[str, str] = AS_SHIPPED) -> None:
        self.folder = Path(data_dir).absolute() / "local"
        self.postgres_settings = postgres_settings
        self.postgres: Share | None = None
        self.valkey: Share | None = None

    def start(self, *, database: bool = True, redis: bool = True) -> Addresses:
        """Join the servers, starting those that do not run. Raises ShopError with what to install or mend."""
        private_folder(self.folder)
        if database and self.postgres is None:
            self.postgres = joined(Share(Postgres(self.folder, self.postgres_settings)))
        if redis and self.valkey is None:
            self.valkey = joined(Share(Valkey(self.folder)))
        return Addresses(
            database_url=self.postgres.server.url if self.postgres else "",
            redis_url=self.valkey.server.url if self.valkey else "",
        )

    def stop(self) -> None:
        """Leave the servers; they stop when nobody else uses them."""
        for share in self.shares():
            share.leave()
        self.postgres = self.valkey = None

    def revive(self) -> list[str]:
        """Start again what died under us, and return the names of those servers."""
        return [share.server.title for share in self.shares() if share.revive()]

    def shares(self) -> list[Share]:
        return [share for share in (self.valkey, self.postgres) if share is not None]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()


def joined(share: Share) -> Share:
    share.join()
    return share


joined_here: dict[Path, LocalServers] = {}


def ensure(data_dir: Path, *, database: bool, redis: bool) -> Addresses:
    """Use the servers of `data_dir` until this process ends; asking again costs nothing."""
    place = Path(data_dir).absolute()
    if place not in joined_here:
        joined_here[place] = LocalServers(place)
        atexit.register(leave_at_exit, joined_here[place], os.getpid())
        exit_on_signals()
    return joined_here[place].start(database=database, redis=redis)


def revive() -> list[str]:
    """Start again every server of this process that died, and return their names."""
    return [title for servers in joined_here.values() for title in servers.revive()]


def leave_at_exit(servers: LocalServers, owner: int) -> None:
    """Leave, unless this is a forked child: it shares the locks and must not give them up for its parent."""
    if os.getpid() == owner:
        servers.stop()


def exit_on_signals() -> None:
    """Let SIGTERM and a closed terminal end this process in order, so that it leaves the servers behind it."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda received, _frame: sys.exit(128 + received))
