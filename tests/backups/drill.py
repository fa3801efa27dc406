"""The drill: an installation loses its whole data folder, and comes back by docs/restore.md as it is written.

`python -m tests.backups.drill --scale 0.1` does it at a tenth of the full size and prints what it took.
"""

import argparse
import contextvars
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask

from bench.scale.filling import fill
from shop.config import Config
from shop.db import db
from shop.factory import create_app
from shop.local.servers import LocalServers
from shop.staff.models import Person
from shop.staff.permissions import Role
from tests.builders import bearer

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs" / "restore.md"
EXAMPLE = "/path/to/2026-11-26T012000Z-17"  # the copy's folder in the runbook
DATABASE = ("DATABASE_URL", "REDIS_URL")


@dataclass(frozen=True)
class Drilled:
    """What was lost and came back. Times are seconds."""

    orders: int
    rows: int
    copy_bytes: int
    copied_in: float
    restored_in: float  # from the first command of the runbook until every row was compared
    answered_after: float  # until the overview showed its figures again
    before: dict[str, Any]
    after: dict[str, Any]


def commands_of_the_runbook(copy: Path) -> str:
    """Return the shell lines that stand under “With Pult”, with the copy's own folder in them."""
    section = RUNBOOK.read_text(encoding="utf-8").split("## With Pult", 1)[1]
    found = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found, "the runbook has lost its commands"
    assert EXAMPLE in found[1], "the runbook names another example"
    return found[1].replace(EXAMPLE, str(copy))


def drill(folder: Path, scale: float) -> Drilled:
    """Do it all below `folder`: an installation in `var`, its copies taken elsewhere as one should, its key as well."""
    folder.mkdir(exist_ok=True)
    environ = {key: value for key, value in os.environ.items() if key not in DATABASE and not key.startswith("PULT_")}
    environ |= {"PULT_DATA_DIR": str(folder / "var"), "SECRET_KEY": "kept with the passwords of the machine"}
    with installation(environ) as app:
        filled = fill(app.config["SQLALCHEMY_DATABASE_URI"], scale, datetime.now(UTC).date())
        before = overview(app)
        db.session.remove()
        db.engine.dispose()
        began = time.monotonic()
        copy = json.loads(flask(environ, "backups", "create", "--json"))
        copied_in = time.monotonic() - began
        kept = folder / "elsewhere" / copy["folder"]
        shutil.copytree(folder / "var" / "backups" / copy["folder"], kept)
    shutil.rmtree(folder / "var")
    began = time.monotonic()
    subprocess.run(
        ["bash", "-euc", commands_of_the_runbook(kept)], cwd=ROOT, env=environ, check=True, capture_output=True
    )
    restored_in = time.monotonic() - began
    with installation(environ) as app:
        after = overview(app)
        answered = time.monotonic() - began
    return Drilled(filled.orders, copy["rows"], copy["bytes"], copied_in, restored_in, answered, before, after)


@contextmanager
def installation(environ: dict[str, str]) -> Iterator[Flask]:
    """Run the embedded servers of the data folder, and yield the application on them; they have ended after the block."""
    data_dir = Path(environ["PULT_DATA_DIR"])
    data_dir.mkdir(mode=0o700, exist_ok=True)
    with LocalServers(data_dir) as servers:
        addresses = servers.start()
        flask(environ, "db", "upgrade")
        app = create_app(
            Config(addresses.database_url, addresses.redis_url, environ["SECRET_KEY"], data_dir, testing=True)
        )
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()


def flask(environ: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "flask", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def overview(app: Flask) -> dict[str, Any]:
    """Return what /overview.json says of every currency, as an owner asks it."""
    person = db.session.query(Person).first() or Person(email="olga@example.com", name="Olga", role=Role.OWNER.value)
    db.session.add(person)
    db.session.commit()
    headers = bearer(person)
    currencies = db.session.execute(db.text("SELECT DISTINCT currency FROM shops ORDER BY 1")).scalars().all()
    told = {}
    for currency in currencies:
        visit = partial(app.test_client().get, f"/overview.json?currency={currency}", headers=headers)
        answer = contextvars.Context().run(visit)  # outside of the context that is open here, as a request is
        assert answer.status_code == 200, answer.text
        told[currency] = answer.get_json()
    return told


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.01, help="1 is 1.4 million orders with 8.2 million lines")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="pult-drill-") as folder:
        done = drill(Path(folder), asked.scale)
    same = "equal to before" if done.after == done.before else "NOT as before"
    say = sys.stdout.write
    say(
        f"{done.orders} orders, {done.rows} rows; a copy of {done.copy_bytes} bytes, taken and proven in {done.copied_in:.1f} s\n"
    )
    say(
        f"Data folder gone. Restored and compared in {done.restored_in:.1f} s, overview after {done.answered_after:.1f} s: {same}\n"
    )
    sys.exit(done.after != done.before)


if __name__ == "__main__":
    main(sys.argv[1:])
