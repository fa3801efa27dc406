"""The supervisor: what dies comes back, what is asked to stop is gone, and nothing outlives its parent."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest

from shop import supervision
from shop.errors import ShopError
from shop.local.commands import in_short, port_is_free
from shop.supervision import Child, Process, Supervisor

ROOT = Path(__file__).parents[2]
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)


class Terminal:
    """What a person would read."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.heard: list[tuple[str, str]] = []

    def say(self, line: str) -> None:
        self.said.append(line)

    def hear(self, name: str, line: str) -> None:
        self.heard.append((name, line))


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@pytest.fixture
def supervising(terminal: Terminal) -> Iterator[Callable[[str], Supervisor]]:
    started: list[Supervisor] = []

    def start(program: str) -> Supervisor:
        process = Process("child", [sys.executable, "-c", program])
        started.append(Supervisor([Child(process, os.environ)], terminal.say, terminal.hear))
        return started[-1]

    yield start
    for supervisor in started:
        if supervisor.selector.get_map() is not None:  # None once it is stopped
            supervisor.stop()


def turn_until(supervisor: Supervisor, true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        supervisor.turn()


def test_what_dies_is_started_again(supervising: Callable[[str], Supervisor], terminal: Terminal) -> None:
    supervisor = supervising("import os; print(os.getpid(), flush=True); os.kill(os.getpid(), 9)")
    turn_until(supervisor, lambda: len(terminal.heard) >= 2)
    assert terminal.said[0] == "child was ended by SIGKILL; it starts again in 0.5 s"
    assert terminal.heard[0] != terminal.heard[1]


def test_each_failure_in_a_row_waits_longer_and_a_sound_run_forgives() -> None:
    child = Child(Process("child", ["true"]), {})
    child.started_at = time.monotonic()
    assert [child.rest() for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    child.started_at = time.monotonic() - supervision.LASTED - 1
    assert child.rest() == 0.5


def test_lines_arrive_whole_however_they_were_written(
    supervising: Callable[[str], Supervisor], terminal: Terminal
) -> None:
    supervisor = supervising(
        "import sys, time\nfor part in ('ha', 'lf\\nsec', 'ond\\n', 'unended'):\n"
        "    sys.stdout.write(part); sys.stdout.flush(); time.sleep(0.05)"
    )
    turn_until(supervisor, lambda: len(terminal.heard) >= 3)
    assert [line for _, line in terminal.heard[:3]] == ["half", "second", "unended"]


def test_who_does_not_stop_in_time_is_killed_with_its_children(
    supervising: Callable[[str], Supervisor], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "GRACE", 0.3)
    supervisor = supervising(
        f"import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}])\n"
        f"print(child.pid, flush=True)\n{STUBBORN}"
    )
    turn_until(supervisor, lambda: sum(line == "deaf" for _, line in terminal.heard) == 2)
    grandchild = next(int(line) for _, line in terminal.heard if line.isdigit())
    supervisor.stop()
    assert supervisor.children[0].running is None
    wait_until_dead(grandchild)


def test_second_request_stops_without_waiting(
    supervising: Callable[[str], Supervisor], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = supervising(STUBBORN)
    turn_until(supervisor, lambda: terminal.heard)
    relay = supervisor.relay

    def impatient(timeout: float) -> None:
        supervisor.asked_to_stop += 1
        relay(timeout)

    monkeypatch.setattr(supervisor, "relay", impatient)
    started = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - started < supervision.GRACE / 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_who_is_needed_by_others_is_asked_to_stop_after_them(terminal: Terminal) -> None:
    program = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (print(time.monotonic(), flush=True), time.sleep({}), sys.exit())); print('up', flush=True); time.sleep(600)"
    children = [
        Child(Process(name, [sys.executable, "-c", program.format(wait)], is_needed=is_needed), os.environ)
        for name, wait, is_needed in (("needed", 0, True), ("other", 0.5, False))
    ]
    supervisor = Supervisor(children, terminal.say, terminal.hear)
    turn_until(supervisor, lambda: len(terminal.heard) == 2)
    supervisor.stop()
    asked = {name: float(line) for name, line in terminal.heard[2:]}
    assert asked["needed"] - asked["other"] >= 0.5


def test_killed_supervisor_takes_its_children_along() -> None:
    program = (
        "import os\nfrom shop.supervision import Child, Process\n"
        "print(Child(Process('x', ['sleep', '600']), os.environ).start().pid, flush=True)\nimport time; time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        parent.kill()
        parent.wait()
        wait_until_dead(child)


def test_used_port_is_refused_with_another_one_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ShopError, match=f"Port {port} is in use.*PORT={port % 65535 + 1}"):
            port_is_free(port)


def test_person_reads_warnings_and_tracebacks_but_no_chatter(capsys: pytest.CaptureFixture[str]) -> None:
    in_short("web", '{"event": "request", "level": "info"}')
    in_short("web", '{"event": "sweep_failed", "level": "warning", "error": "away"}')
    in_short("web", "Traceback (most recent call last):")
    assert capsys.readouterr().err.splitlines() == [
        "      web │ warning sweep_failed error=away",
        "      web │ Traceback (most recent call last):",
    ]


@pytest.mark.usefixtures("clean")
def test_serve_runs_on_the_servers_that_are_named_and_stops_cleanly(
    environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    settings = environment | {"PORT": str(port), "PULT_DATA_DIR": str(tmp_path / "own")}
    command = [str(Path(sys.executable).with_name("flask")), "serve"]
    with subprocess.Popen(command, cwd=ROOT, env=settings, stderr=subprocess.PIPE, text=True) as serving:
        assert serving.stderr
        try:
            assert "starting" in serving.stderr.readline()
            assert f"http://127.0.0.1:{port}" in next(line for line in serving.stderr if "is ready" in line)
            with urlopen(f"http://127.0.0.1:{port}/static/css/main.css", timeout=30) as answer:
                assert answer.status == 200
            everybody_is_heard_of(environment["DATABASE_URL"])
            started = time.monotonic()
            serving.send_signal(signal.SIGINT)
            rest = serving.stderr.read()
            assert serving.wait(timeout=30) == 0
            assert time.monotonic() - started < supervision.GRACE + 5
        finally:
            serving.kill()
    assert "Stopped. Everything is kept" in rest
    assert not (tmp_path / "own" / "local").exists()
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'pult process=work%%'"
        assert connection.execute(ours).fetchone() == (0,)


def everybody_is_heard_of(database_url: str) -> None:
    """Wait until each process has left its word, and the first tick was carried out."""
    deadline = time.monotonic() + 60
    with psycopg.connect(database_url, autocommit=True) as connection:
        while True:
            heard = {row[0] for row in connection.execute("SELECT DISTINCT part FROM heartbeats")}
            if heard >= {"scheduler", "tick", "ticked", "imports", "ops", "interactive"}:
                return
            assert time.monotonic() < deadline, f"only {heard} were heard of"
            time.sleep(0.2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_dead(pid: int) -> None:
    deadline = time.monotonic() + 10
    status = Path(f"/proc/{pid}/status")
    while status.exists() and "State:\tZ" not in status.read_text():
        assert time.monotonic() < deadline, f"process {pid} still runs"
        time.sleep(0.02)
