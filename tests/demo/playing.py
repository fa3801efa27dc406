"""The demo as its own process, and a person who signs in with what it printed."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
LONG = 240.0  # seconds for what a busy machine may need; all of it takes far less
READY = "`make demo` goes on from there"


class Playing:
    """What a person has in the terminal, and what they can do there."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        assert self.process.stderr
        self.lines.extend(line for line in self.process.stderr)  # a generator: each line is there as it comes

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def wait_for(self, words: str, within: float = LONG) -> str:
        """Return the line with these words, once it is there."""
        return until(lambda: next((line for line in list(self.lines) if words in line), None), within, self.text)

    def password(self, email: str) -> str:
        found = re.search(rf"{re.escape(email)} +(\S+)", self.text)
        assert found, self.text
        return found[1]

    def address(self) -> str:
        return self.wait_for("Pult is ready at").split()[-1]

    def switch_on(self, fault: str) -> None:
        """Do what the printed line for this fault does."""
        found = re.search(rf"curl -d '(.*\"{fault}\".*)' (\S+)", self.text)
        assert found, self.text
        httpx.post(found[2], content=found[1]).raise_for_status()

    def stop(self) -> int:
        """Press Ctrl-C, and return the exit code once everything is gone that was started."""
        family = descendants(self.process.pid)
        assert len(family) >= 5, "simulator, web, two workers of imports, one of the rest"
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        self.reader.join()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family), 10, str(family))
        return code


@contextmanager
def playing(environment: Mapping[str, str]) -> Iterator[Playing]:
    command = [sys.executable, "-m", "flask", "demo"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        demo = Playing(process)
        try:
            yield demo
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(60)
            demo.reader.join()


@contextmanager
def signed_in(demo: Playing, email: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=demo.address(), follow_redirects=True, timeout=30) as browser:
        form = browser.get("/sign-in").text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
        assert token
        given = {"email": email, "password": demo.password(email), "csrf_token": token[1]}
        assert browser.post("/sign-in", data=given).url.path == "/", email
        yield browser


def orders_of(browser: httpx.Client, shop: str) -> int:
    """Return how many orders of the shop the list counts; they are counted exactly on a day of few."""
    found: dict[str, Any] = browser.get("/orders.json", params={"shop": shop}).raise_for_status().json()
    return int(found["total"]["value"])


def until(found: Callable[[], Any], within: float, what: str) -> Any:
    """Return what is found at last."""
    deadline = time.monotonic() + within
    while not (result := found()):
        assert time.monotonic() < deadline, f"it did not come about: {what}"
        time.sleep(0.5)
    return result


def descendants(pid: int) -> set[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # gone meanwhile
                continue
            parents[int(entry.name)] = int(fields[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}
