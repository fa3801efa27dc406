"""What is shipped for servers starts what `make run` starts, and what is written about it exists."""

import re
import shlex
import subprocess
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its types are a package of their own
from flask import Flask

from shop.config import Config
from shop.local.commands import processes

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
SERVICES = sorted((DEPLOY / "systemd").glob("*.service"))
GUIDE = (ROOT / "docs" / "deploy.md").read_text()
HARD = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ReadWritePaths": "/var/lib/pult",
    "CapabilityBoundingSet": "",
}


def unit(path: Path) -> ConfigParser:
    found = ConfigParser(interpolation=None, strict=True)
    found.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names have capitals
    found.read(path)
    return found


def bare(command: list[str]) -> tuple[str, ...]:
    """A command without the place of its program, of Python's -m and of the address that the web listens on."""
    words = [Path(command[0]).name, *" ".join(command[1:]).replace("=", " ").split()]
    if words[0].startswith("python") and words[1] == "-m":
        words = words[2:]
    if "--bind" in words:
        words[words.index("--bind") + 1] = "ADDRESS"
    return tuple(re.sub(r"^python[\d.]*$", "python", word) for word in words)


def composed() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return services


@pytest.fixture(scope="module")
def started_by_make_run() -> set[tuple[str, ...]]:
    config = Config("postgresql://", "redis://", "a key of the tests", Path())
    return {bare(list(process.command)) for process in processes(config, 1)}


def test_systemd_starts_what_make_run_starts(started_by_make_run: set[tuple[str, ...]]) -> None:
    assert {bare(shlex.split(unit(path)["Service"]["ExecStart"])) for path in SERVICES} == started_by_make_run


def test_the_containers_start_what_make_run_starts(started_by_make_run: set[tuple[str, ...]]) -> None:
    ours = {name: one for name, one in composed().items() if name not in ("postgres", "valkey", "migrate")}
    assert {bare(one["command"]) for one in ours.values()} == started_by_make_run
    for name, one in ours.items():
        assert one["init"] is True, name
        assert one["restart"] == "always", name
        assert one["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}, name
    assert "noeviction" in composed()["valkey"]["command"]


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_each_unit_comes_back_leaves_nobody_behind_and_may_do_little(path: Path) -> None:
    service = unit(path)["Service"]
    assert (service["Restart"], service["KillMode"]) == ("always", "mixed")
    assert 10 <= int(service["TimeoutStopSec"]) <= 30
    assert {name: service[name] for name in HARD} == HARD
    target = unit(DEPLOY / "systemd" / "pult.target")["Unit"]["Wants"]
    assert path.name.replace("@", "@1") in target.split()


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_systemd_itself_can_read_each_unit(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name.replace("@", "@1")
    program = re.compile(r"(?m)^ExecStart=\S+")  # which is not installed there on this machine
    copy.write_text(program.sub("ExecStart=/bin/true", path.read_text()).replace("Documentation=", "# "))
    try:
        found = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no systemd-analyze here")
    assert copy.name not in found.stderr, found.stderr


def test_every_variable_of_the_environment_file_is_one_that_pult_reads() -> None:
    named = re.findall(r"(?m)^([A-Z_]+)=", (DEPLOY / "pult.env.example").read_text())
    known = re.findall(r'environ, "([A-Z_]+)"|environ\.get\("([A-Z_]+)"', (ROOT / "shop" / "config.py").read_text())
    assert set(named) <= {name for pair in known for name in pair if name}


def test_every_command_of_the_guide_exists(app: Flask) -> None:
    named = re.findall(r"\bflask ([a-z]+)(?: ([a-z]+))?", GUIDE)
    assert len(named) > 5
    for first, second in named:
        command = app.cli.get_command(None, first)  # type: ignore[arg-type]  # it looks at no context
        assert command is not None, first
        if second and hasattr(command, "commands"):
            assert second in command.commands, (first, second)


def test_every_file_and_unit_of_the_guide_exists() -> None:
    for name in re.findall(r"deploy/[\w.-]+[\w]", GUIDE):
        assert (ROOT / name).exists() or name == "deploy/.env", name
    for name in re.findall(r"\bpult-[a-z]+@?", GUIDE):
        assert (DEPLOY / "systemd" / f"{name}.service").exists(), name
