"""Valkey of our own: every change on the disk within a second, never a key evicted, on a private socket."""

import signal
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shop.local import binaries
from shop.local.launching import launch, private_folder, socket_folder
from shop.local.postgres import first_number
from shop.local.sharing import State


class Valkey:
    title = "Valkey"
    name = "valkey"
    stop_signals = (signal.SIGTERM, signal.SIGKILL)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = binaries.valkey_server()
        self.sockets = socket_folder(folder)
        self.socket = self.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def state(self) -> State:
        once = Retry(NoBackoff(), 0)  # the caller asks again itself, and sooner than the client's own back-off
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5, retry=once)
        try:
            client.ping()
        except redis.exceptions.BusyLoadingError:
            return State.STARTING
        except redis.exceptions.RedisError:
            return State.SILENT
        finally:
            client.close()
        return State.READY

    def launch(self, alive: int) -> None:
        private_folder(self.sockets)
        folder = private_folder(self.folder / self.name)
        self.pid_file.unlink(missing_ok=True)
        given = {
            "--port": "0",
            "--unixsocket": str(self.socket),
            "--unixsocketperm": "700",
            "--dir": str(folder),
            "--pidfile": str(self.pid_file),
            "--databases": "64",  # one for each worker of the test suite
            "--appendonly": "yes",
            "--save": "",
            "--maxmemory-policy": "noeviction",
            "--daemonize": "no",
        }
        words = [word for pair in given.items() for word in pair]
        launch([self.program, *words], self.folder / f"{self.name}.log", alive)

    def prepare(self) -> None:
        """Nothing to make: a database of Valkey is there when it is used."""

    def pid(self) -> int | None:
        return first_number(self.pid_file)

    @property
    def pid_file(self) -> Path:
        return self.folder / self.name / "valkey.pid"
