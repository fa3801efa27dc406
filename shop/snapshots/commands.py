"""`flask snapshots`: run one in the foreground with a progress bar, look at runs, run a stored file again."""

import json
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from flask import current_app
from sqlalchemy import select

from shop.audit.recording import Action, record
from shop.commands import ShopGroup
from shop.config import Config
from shop.db import db
from shop.errors import ShopError
from shop.locks import LostLease
from shop.shops.models import Shop
from shop.shops.queries import shop_by_slug
from shop.snapshots import runs
from shop.snapshots.bars import Bars
from shop.snapshots.cancelling import cancel
from shop.snapshots.conducting import conduct
from shop.snapshots.difference_words import told
from shop.snapshots.forms import moment_of
from shop.snapshots.models import Snapshot
from shop.snapshots.rawstore import StoredFile, store_file
from shop.snapshots.redriving import request_redrive
from shop.snapshots.reopening import reopen
from shop.snapshots.replaying import request_preview, request_replay
from shop.snapshots.undoing import undo
from shop.snapshots.watching import Watch, unwatched

group = ShopGroup("snapshots", help="Fetch and load orders, customers and products.")
KINDS = click.Choice(["orders", "customers", "products"])
COUNTS = ("lines", "inserted", "updated", "unchanged", "superseded", "deleted", "quarantined")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of words.")


@group.command("run")
@click.argument("slug")
@click.option("--kind", type=KINDS, required=True)
@click.option("--file", "path", type=click.Path(path_type=Path), help="A stored file instead of asking the platform.")
@click.option("--since", help="Only what changed since then: nothing follows from what is not in it.")
@click.option("--confirm", is_flag=True, help="Accept an empty or shrunken file, and what it deletes.")
@as_json
def run(slug: str, kind: str, path: Path | None, since: str | None, confirm: bool, as_json: bool) -> None:
    """Take one snapshot of SLUG in the foreground: from its platform, or from a stored file of it."""
    shop = known_shop(slug)
    moment = moment_of(since, shop.zone) if since is not None else None
    if path is None:
        snapshot = recorded(runs.request_fetch(shop, kind, "command line", moment, confirmed=confirm))
    else:
        mode = "partial" if moment else "full"
        snapshot = recorded(runs.request_run(shop.id, kind, mode, "command line", stored(path), confirmed=confirm))
    carry_out(snapshot.id, as_json=as_json)


@group.command("list")
@click.option("--shop", "slug")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@as_json
def list_runs(slug: str | None, limit: int, as_json: bool) -> None:
    """Show the newest runs."""
    query = select(Snapshot).order_by(Snapshot.id.desc()).limit(limit)
    if slug:
        query = query.where(Snapshot.shop_id == known_shop(slug).id)
    found = [summary(snapshot) for snapshot in db.session.scalars(query)]
    if as_json:
        click.echo(json.dumps({"snapshots": found}))
        return
    for row in found:
        click.echo(
            f"{row['id']:>6}  {row['shop']:<20} {row['kind']:<10} {row['state']:<9} {row['requested_at']}  {in_words(row)}"
        )
    if not found:
        click.echo("No snapshots yet. Take one with `flask snapshots run SLUG --kind orders`.")


@group.command("show")
@click.argument("snapshot_id", type=int)
@as_json
def show(snapshot_id: int, as_json: bool) -> None:
    """Show one run: state, books, error."""
    row = summary(known_run(snapshot_id))
    if as_json:
        click.echo(json.dumps(row))
        return
    for name, value in row.items():
        click.echo(f"{name:>14}  {'—' if value is None else value}")


@group.command("retry")
@click.argument("snapshot_id", type=int)
@click.option("--confirm", is_flag=True, help="Accept an empty or shrunken file, and what it deletes.")
@as_json
def retry(snapshot_id: int, confirm: bool, as_json: bool) -> None:
    """Take a failed snapshot up again, from its stored file if there is one, or go on with one whose worker was killed."""
    earlier = known_run(snapshot_id)
    if earlier.is_live:
        carry_out(earlier.id, as_json=as_json)
        return
    if earlier.state not in {"failed", "cancelled"}:
        raise ShopError(
            f"Snapshot {snapshot_id} is {earlier.state}, not failed. Nothing was started; use replay to load its file again."
        )
    reopen(earlier, confirmed=confirm)
    carry_out(recorded(earlier).id, as_json=as_json)


@group.command("replay")
@click.argument("snapshot_id", type=int)
@click.option("--dry-run", is_flag=True, help="Only tell what it would change.")
@click.option("--confirm", is_flag=True, help="Accept an empty or shrunken file, and what it deletes.")
@as_json
def replay(snapshot_id: int, dry_run: bool, confirm: bool, as_json: bool) -> None:
    """Load the stored file of an earlier snapshot again; what is newer than it stays."""
    earlier = known_run(snapshot_id)
    if not dry_run:
        carry_out(recorded(request_replay(earlier, "command line", confirmed=confirm)).id, as_json=as_json)
        return
    preview = recorded(request_preview(earlier, "command line"))
    carry_out(preview.id, as_json=as_json)


@group.command("undo")
@click.argument("snapshot_id", type=int)
def undo_replay(snapshot_id: int) -> None:
    """Undo a replay of orders within a day; orders that were changed since stay as they are."""
    shop_id = known_run(snapshot_id).shop_id
    with undo(snapshot_id, "command line", current_app.extensions["pult"]) as undone:
        shop = db.session.get_one(Shop, shop_id)
        record(Action.SNAPSHOT_UNDONE, f"snapshot {snapshot_id}", shop=shop, **asdict(undone))
        db.session.commit()
    click.echo(f"Snapshot {snapshot_id} is undone: {undone}")


@group.command("redrive")
@click.argument("snapshot_id", type=int)
@as_json
def redrive(snapshot_id: int, as_json: bool) -> None:
    """Put the quarantined records of a snapshot through again; those that are read now are loaded."""
    carry_out(recorded(request_redrive(known_run(snapshot_id), "command line")).id, as_json=as_json)


@group.command("cancel")
@click.argument("snapshot_id", type=int)
def cancel_run(snapshot_id: int) -> None:
    """Stop a snapshot that waits or runs; nothing of it is published, and its file is kept."""
    run = known_run(snapshot_id)
    phase = run.phase
    cancel(run, "command line")
    shop = db.session.get_one(Shop, run.shop_id)
    record(Action.SNAPSHOT_CANCELLED, f"snapshot {snapshot_id}", shop=shop, kind=run.kind, phase=phase)
    db.session.commit()
    click.echo(
        f"Snapshot {snapshot_id} is stopped. Nothing of it was published; `flask snapshots retry {snapshot_id}` takes it up again."
    )


def known_shop(slug: str) -> Shop:
    shop = shop_by_slug(slug)
    if shop is None:
        raise ShopError(f"There is no shop {slug!r}. `flask shops list` shows them; `flask shops add` connects one.")
    return shop


def known_run(snapshot_id: int) -> Snapshot:
    snapshot = db.session.get(Snapshot, snapshot_id)
    if snapshot is None:
        raise ShopError(f"There is no snapshot {snapshot_id}. `flask snapshots list` shows the newest ones.")
    return snapshot


def stored(path: Path) -> StoredFile:
    config: Config = current_app.extensions["pult"]
    try:
        with path.open("rb") as stream:
            return store_file(stream, path.name, config.data_dir)
    except OSError as error:
        raise ShopError(f"The file {path} cannot be read: {error.strerror}. Nothing was changed.") from error


def recorded(snapshot: Snapshot) -> Snapshot:
    """Commit a run and its trail entry in one transaction."""
    shop = db.session.get_one(Shop, snapshot.shop_id)
    record(Action.SNAPSHOT_REQUESTED, f"snapshot {snapshot.id}", shop=shop, kind=snapshot.kind, mode=snapshot.mode)
    db.session.commit()
    return snapshot


def carry_out(snapshot_id: int, *, as_json: bool) -> None:
    """Conduct the run here and now; say how it ended. A refusal is printed by the group, with exit code 1."""
    config: Config = current_app.extensions["pult"]
    started = time.monotonic()
    quiet = as_json or not sys.stderr.isatty()
    watcher: AbstractContextManager[Watch] = nullcontext(unwatched) if quiet else Bars()
    try:
        with watcher as watch:
            conduct(snapshot_id, config, watch, in_place=True)
            while is_given_back(snapshot_id):  # a process that maps lines has died, and it is tried more carefully
                conduct(snapshot_id, config, watch, in_place=True)
    except LostLease as error:
        raise ShopError(
            f"Snapshot {snapshot_id} was stopped, or taken over by another worker. `flask snapshots show {snapshot_id}` tells which."
        ) from error
    except ShopError as error:
        if as_json:
            print_result(snapshot_id, time.monotonic() - started, error=error.message)
        raise
    if as_json:
        print_result(snapshot_id, time.monotonic() - started)
        return
    found = known_run(snapshot_id)
    if found.difference is not None:
        for line in told(found.difference, db.session.get_one(Shop, found.shop_id).currency):
            click.echo(line)
        return
    row = summary(known_run(snapshot_id))
    click.echo(f"Snapshot {snapshot_id} is {row['state']} after {time.monotonic() - started:.1f} s: {in_words(row)}")


def is_given_back(snapshot_id: int) -> bool:
    db.session.rollback()
    return known_run(snapshot_id).state == "queued"


def print_result(snapshot_id: int, seconds: float, **more: Any) -> None:
    db.session.rollback()
    snapshot = known_run(snapshot_id)
    counts = {name: getattr(snapshot, name) for name in COUNTS}
    if snapshot.difference is not None:
        counts = {name: snapshot.difference["counts"][name] for name in COUNTS}
        more = {"difference": snapshot.difference, **more}
    click.echo(json.dumps({"id": snapshot.id, "state": snapshot.state, **counts, "seconds": round(seconds, 3), **more}))


def summary(snapshot: Snapshot) -> dict[str, Any]:
    """Return what the row says, as plain values."""
    shop = db.session.get_one(Shop, snapshot.shop_id)
    times = ("requested_at", "started_at", "look_at", "finished_at", "as_of")
    return (
        {
            "id": snapshot.id,
            "shop": shop.slug,
            "kind": snapshot.kind,
            "mode": snapshot.mode,
            "state": snapshot.state,
            "phase": snapshot.phase,
        }
        | {name: getattr(snapshot, name) for name in COUNTS}
        | {
            name: moment.isoformat(timespec="seconds") if (moment := getattr(snapshot, name)) else None
            for name in times
        }
        | {
            name: getattr(snapshot, name)
            for name in (
                "exports",
                "job_state",
                "remark",
                "file_name",
                "file_bytes",
                "file_sha256",
                "attempts",
                "error_code",
                "error",
            )
        }
    )


def in_words(row: dict[str, Any]) -> str:
    if row["error"]:
        return str(row["error"])
    if row["lines"] == row["unchanged"] and row["lines"]:
        return f"{row['lines']:,} lines, nothing changed."
    return f"{row['lines']:,} lines: " + ", ".join(f"{row[name]:,} {name}" for name in COUNTS[1:] if row[name]) + "."
