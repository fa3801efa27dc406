"""`flask schedule`: what Pult does by itself and when; the process that fires the tick; a tick by hand."""

import json
from datetime import datetime
from typing import Any

import click
from flask import Flask, current_app

from shop import schedule, task_runs, ticking
from shop.commands import ShopGroup
from shop.formatting import moment
from shop.schedule import Entry
from shop.scheduler import EVERY, fire_ticks
from shop.shops.models import Shop
from shop.shops.queries import home_zone
from shop.task_runs import TaskRun

group = ShopGroup("schedule", help="What Pult does by itself, and when.")


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of words.")
def list_entries(as_json: bool) -> None:
    """Show each task with its last and its next moment, on the clock of its shop."""
    now, home = task_runs.now(), home_zone()
    asked = list(schedule.pairs())
    known = task_runs.newest(schedule.key_of(entry, shop) for entry, shop in asked)
    rows = [row(entry, shop, known.get(schedule.key_of(entry, shop)), now) for entry, shop in asked]
    if as_json:
        click.echo(json.dumps({"tasks": rows}))
        return
    for found, (entry, shop) in zip(rows, asked, strict=True):
        zone = shop.timezone if shop else home
        last = known.get(schedule.key_of(entry, shop))
        times = f"last {moment(last.scheduled_for if last else None, zone, now)}  next {moment(next_of(entry, shop, now), zone, now)}"
        click.echo(f"{entry.key:<28} {found['shop'] or '—':<20} {found['when']:<14} {times}  {in_words(last)}")


def row(entry: Entry, shop: Shop | None, last: TaskRun | None, now: datetime) -> dict[str, Any]:
    return {
        "task": entry.key,
        "shop": shop.slug if shop else None,
        "when": entry.timing.words(),
        "zone": str(entry.zone_for(shop)),
        "last": last.scheduled_for.astimezone(entry.zone_for(shop)).isoformat() if last else None,
        "state": last.state if last else None,
        "outcome": last.outcome if last else None,
        "passed_over": last.passed_over if last else 0,
        "next": next_of(entry, shop, now).astimezone(entry.zone_for(shop)).isoformat(),
        "catch_up": entry.catch_up.value,
    }


def next_of(entry: Entry, shop: Shop | None, now: datetime) -> datetime:
    return entry.timing.after(now, entry.zone_for(shop))


def in_words(last: TaskRun | None) -> str:
    """Say how the last moment went."""
    if last is None:
        return "not seen yet"
    passed = f", {last.passed_over} passed over" if last.passed_over else ""
    return f"{last.state}{passed}{': ' + last.outcome if last.outcome else ''}"


@group.command("tick")
def tick() -> None:
    """Decide once what is due, and wake workers for it. Harmless at any time, from any machine: cron may call it too."""
    click.echo(f"{ticking.tick()} queued.")


@group.command("fire")
@click.option("--every", default=EVERY, show_default=True, type=click.IntRange(1, 3600), help="Seconds between ticks.")
def fire(every: int) -> None:
    """Be the scheduler, until stopped: fire the tick. Needs `worker.py tick` beside it; `make run` runs both."""
    fire_ticks(current_app._get_current_object(), every)  # type: ignore[attr-defined]  # noqa: SLF001 - the application itself


def register(app: Flask) -> None:
    app.cli.add_command(group)
