"""`flask serve`: the whole installation in one terminal, on its own servers or on those that are named."""

import json
import os
import socket
import sys
import time
from collections.abc import Callable

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade

from shop.config import Config
from shop.db import db
from shop.errors import ShopError
from shop.local.servers import revive
from shop.supervision import Process, Say, supervise

HOST = "127.0.0.1"
QUIET = ("debug", "info")


def register(app: Flask) -> None:
    app.cli.add_command(serve)


@click.command("serve")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 32), help="Workers for imports.")
@click.option("--verbose", is_flag=True, help="Show every line that the processes write, as they write it.")
@with_appcontext
def serve(workers: int, verbose: bool) -> None:
    """Migrate the database, then run the web, the workers and the scheduler until Ctrl-C."""
    config: Config = current_app.extensions["pult"]
    try:
        port_is_free(config.port)
        upgrade()
    except ShopError as error:
        raise click.ClickException(error.message) from error
    db.engine.dispose()
    hear = as_it_is if verbose or not sys.stderr.isatty() else in_short
    say(f"Pult is starting; its files are in {config.data_dir}")
    supervise(processes(config, workers), environment(config), say, hear, watching(config, say))
    say("Stopped. Everything is kept; the same command goes on from here.")


def processes(config: Config, workers: int) -> list[Process]:
    python = sys.executable
    web = [python, "-m", "gunicorn", "app:app", "--bind", f"{HOST}:{config.port}", "--log-level", "warning"]
    web += ["--worker-class", "gthread", "--workers", "2", "--threads", "8", "--timeout", "60"]
    web += ["--graceful-timeout", "8", "--no-control-socket"]
    imports = [Process(f"imports {number}", [python, "worker.py", "imports"]) for number in range(1, workers + 1)]
    return [
        Process("web", web),
        *imports,
        Process("ops", [python, "worker.py", "interactive", "ops"]),
        Process("tick", [python, "worker.py", "tick"]),
        Process("scheduler", [python, "-m", "flask", "schedule", "fire"]),
    ]


def environment(config: Config) -> dict[str, str]:
    """Return what the children get: the same servers, key and folder, whatever this process found them by."""
    return os.environ | {
        "DATABASE_URL": config.database_url,
        "REDIS_URL": config.redis_url,
        "SECRET_KEY": config.secret_key,
        "PULT_DATA_DIR": str(config.data_dir),
        "PORT": str(config.port),
        **({"PULT_BASE_URL": config.base_url} if config.base_url else {}),
        "PYTHONUNBUFFERED": "1",
        "TZ": "UTC",
    }


def watching(config: Config, say: Say) -> Callable[[], None]:
    """Return what to look after between turns: the first answer of the web, and servers of our own that died."""
    address = config.base_url or f"http://{HOST}:{config.port}"
    announced, look_after = False, reviving(say)

    def watch() -> None:
        nonlocal announced
        if not announced and answers(config.port):
            announced = True
            say(f"Pult is ready at {address} — press Ctrl-C to stop")
        look_after()

    return watch


def reviving(say: Say) -> Callable[[], None]:
    """Return what starts servers of our own again that died; it looks once a second."""
    looked = time.monotonic()

    def look_after() -> None:
        nonlocal looked
        if time.monotonic() - looked >= 1:
            looked = time.monotonic()
            for title in revive():
                say(f"{title} had died and was started again")

    return look_after


def port_is_free(port: int, command: str = "make run") -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ShopError(
                f"Port {port} is in use by another program. Nothing was started; "
                f"stop that program, or choose another port: PORT={port % 65535 + 1} {command}"
            ) from error


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


def say(line: str) -> None:
    click.echo(line, err=True)


def as_it_is(_name: str, line: str) -> None:
    click.echo(line, err=True)


def in_short(name: str, line: str) -> None:
    """Show a person what needs one: warnings, errors, and words that are no log line at all, as a traceback."""
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if not isinstance(event, dict) or "event" not in event:
        click.echo(f"{name:>9} │ {line}", err=True)
    elif event.get("level") not in QUIET:
        rest = {
            key: value
            for key, value in event.items()
            if key not in ("event", "level", "timestamp", "process", "exception")
        }
        words = " ".join(f"{key}={value}" for key, value in rest.items())
        click.echo(f"{name:>9} │ {event.get('level', '')} {event['event']} {words}".rstrip(), err=True)
        if event.get("exception"):
            click.echo(str(event["exception"]), err=True)
