"""The simulator as the demo runs it: a process of its own, on a port near Pult's, with a journal that outlives it."""

import json
import socket
import sys
from pathlib import Path
from typing import Any

from shop.demo.cast import SHOPS, TRICKLE
from shop.local.commands import HOST
from shop.supervision import Process

NAME = "shops"  # in the terminal
ABOVE = 900  # the simulator's usual port, counted from Pult's


class Simulation:
    """What to start, and what the simulator said when it had started."""

    def __init__(self, orders: int, port: int, journal: Path) -> None:
        self.orders, self.journal = orders, journal
        self.port = free_port(port + ABOVE)
        self.told: dict[str, dict[str, Any]] = {}

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def is_ready(self) -> bool:
        return len(self.told) == len(SHOPS)

    def process(self) -> Process:
        command = [sys.executable, "-m", "shop.simulator.serve", "--port", str(self.port), "--state", str(self.journal)]
        command += ["--trickle", str(TRICKLE), "--job-waits", "1", "--job-runs", "0.5"]
        for shop in SHOPS:
            command += ["--shop", shop.simulated(self.orders)]
        return Process(NAME, command, is_needed=True)

    def hears(self, name: str, line: str) -> bool:
        """Take in what the simulator tells of its shops, tokens too: that is not for the terminal."""
        if name != NAME:
            return False
        try:
            told = json.loads(line)
        except ValueError:
            return False
        if not isinstance(told, dict) or "private_token" not in told:
            return False
        self.told[told["slug"]] = told
        return True


def free_port(wished: int) -> int:
    """Return the port if nobody listens there, or any other one."""
    for port in (wished, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except (OSError, OverflowError):
                continue
            return int(probe.getsockname()[1])
    return wished
